"""What is answered about the faces of pictures: /analyze, /verify, /find."""

from __future__ import annotations

from typing import Literal, Optional

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from allinone.analysis.outputs import lines_of
from allinone.face import Face
from allinone.gallery import largest
from allinone.record import FaceRecord
from allinone.service import answers, refusals, uploads
from allinone.service.batches import Analyzed

router = APIRouter(tags=["faces"])
LINES, DRAWING = "application/x-ndjson", "image/jpeg"
FORMS = {LINES: {"schema": {"type": "string"}}, DRAWING: {"schema": {"type": "string"}}}
Score = Query(None, ge=0, le=1, allow_inf_nan=False, description="least score of a face")


def record_of(face: Face, name: str, number: int, descriptor: str = "") -> FaceRecord:
    """Return a face as a line of faces.jsonl holds it."""
    return face.to_record(name, descriptor, number=number)


@router.post(
    "/analyze",
    response_class=Response,
    responses=answers.described(answers.Found, answers.OF_PICTURES, FORMS),
    openapi_extra=uploads.body(uploads.PICTURE),
)
async def analyze(
    request: Request,
    answer: Literal["faces", "lines", "picture"] = "faces",
    score: Optional[float] = Score,
    descriptor: Optional[Literal["raw", "unit"]] = None,
) -> Response:
    """Find and describe the faces of a picture.

    answer: faces, as JSON; lines, as those of faces.jsonl; picture, a JPEG with the faces drawn.
    descriptor: the 512-d descriptor of each face too, as the net gives it or at length 1.
    """
    upload = await uploads.one(request)
    is_drawn = answer == "picture"
    (found,) = await request.app.state.service.batches.analyze([upload], score, is_drawn)
    if is_drawn:
        return Response(found.drawing, media_type=DRAWING)
    if answer == "lines":
        return Response(lines_of(found.faces, descriptor or "", found.name), media_type=LINES)
    records = []
    for number, face in enumerate(found.faces, 1):
        records.append(record_of(face, found.name, number, descriptor or ""))
    return answers.response(answers.Found(found.name, found.width, found.height, records))


def largest_of(found: Analyzed) -> tuple[int, Face]:
    """Return (number, face) of a picture's largest face; Refusal where there is none."""
    face = largest(found.faces)
    if face is None:
        raise refusals.unusable(f"{found.name}: no face found; give a picture that shows one")
    return found.faces.index(face) + 1, face


@router.post(
    "/verify",
    response_class=Response,
    responses=answers.described(answers.Compared, answers.OF_PICTURES),
    openapi_extra=uploads.body("first", "second"),
)
async def verify(request: Request) -> Response:
    """Say how alike the largest faces of two pictures are, and whether they are one person."""
    service = request.app.state.service
    pair = await uploads.pair(request, "first", "second")
    seen, vectors = [], []
    for found in await service.batches.analyze(pair):
        number, face = largest_of(found)
        record = record_of(face, found.name, number)
        seen.append(answers.Seen(found.name, found.width, found.height, record))
        vectors.append(service.likeness.vector(face))
    cosine = float(vectors[0] @ vectors[1])
    is_same = cosine >= service.threshold
    return answers.response(answers.Compared(cosine, service.threshold, is_same, *seen))


@router.post(
    "/find",
    response_class=Response,
    responses=answers.described(answers.Recognized, answers.OF_PICTURES),
    openapi_extra=uploads.body(uploads.PICTURE),
)
async def find(request: Request, score: Optional[float] = Score) -> Response:
    """Find the faces of a picture, and who of the enrolled people is most like each."""
    service = request.app.state.service
    (found,) = await service.batches.analyze([await uploads.one(request)], score)
    likely = []
    for number, face in enumerate(found.faces, 1):
        record = record_of(face, found.name, number)
        nearest = service.people.nearest(service.likeness.vector(face))
        name, cosine = nearest or (None, None)
        is_same = cosine is not None and cosine >= service.threshold
        likely.append(answers.Likely(record, name, cosine, is_same))
    size = found.width, found.height
    return answers.response(answers.Recognized(found.name, *size, service.threshold, likely))
