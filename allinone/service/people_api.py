"""What is answered about the people who are enrolled: /people."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from allinone.service import answers, uploads
from allinone.service.faces import largest_of
from allinone.service.people import LONGEST, NAME, checked_name
from allinone.service.refusals import Refusal

router = APIRouter(prefix="/people", tags=["people"])
# Only described here: checked_name refuses in better words.
RULES = {"minLength": 1, "maxLength": LONGEST, "pattern": NAME}
Name = Path(description="of the person", json_schema_extra=RULES)


@router.get(
    "",
    response_class=Response,
    responses=answers.described(answers.Enrolled, answers.OF_READING),
)
async def everybody(request: Request) -> Response:
    """List who is enrolled."""
    people = request.app.state.service.people
    listed = [answers.Person(name, pictures) for name, pictures in people.listed()]
    return answers.response(answers.Enrolled(listed, people.folder is not None))


@router.post(
    "/{name:path}",
    response_class=Response,
    responses=answers.described(answers.Person, (*answers.OF_PICTURES, 404)),
    openapi_extra=uploads.body(uploads.PICTURE, is_list=True),
)
async def enroll(request: Request, name: str = Name) -> Response:
    """Enroll a person, or add pictures of one; the largest face of each picture counts."""
    service, name = request.app.state.service, checked_name(name)
    given = await uploads.several(request)
    pictures = []
    for upload, found in zip(given, await service.batches.analyze(given)):
        _, face = largest_of(found)
        pictures.append((upload.data, service.likeness.vector(face)))
    count = await asyncio.to_thread(service.people.enroll, name, pictures)
    return answers.response(answers.Person(name, count))


@router.delete(
    "/{name:path}",
    response_class=Response,
    responses=answers.described(answers.Enrolled, (*answers.OF_WRITING, 404)),
)
async def forget(request: Request, name: str = Name) -> Response:
    """Forget a person, with the uploaded pictures; list who is left."""
    people = request.app.state.service.people
    if not await asyncio.to_thread(people.remove, name):
        raise Refusal(404, f"nobody is enrolled as {checked_name(name)!r}; GET /people lists all")
    return await everybody(request)
