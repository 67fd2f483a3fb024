"""The pictures that a request brings: its body, or the files of a form. They stay in memory."""

from __future__ import annotations

from typing import NamedTuple

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from allinone.service import refusals
from allinone.service.refusals import Refusal

FORM = "multipart/form-data"
# What is told to be taken; a picture is known by its bytes, whatever it is called.
TYPES = ("image/jpeg", "image/png", "image/webp", "image/bmp", "image/tiff")
MOST_FILES, MOST_FIELDS = 16, 16  # our choice: of a form
LONGEST = 200  # letters of a name that answers repeat
PICTURE = "picture"


class Upload(NamedTuple):
    """A picture as it was uploaded."""

    name: str
    data: bytes


def _file(name: str, is_list: bool) -> dict[str, object]:
    one = {"type": "string", "format": "binary"}
    return {name: {"type": "array", "items": one, "maxItems": MOST_FILES} if is_list else one}


def body(*fields: str, is_list: bool = False) -> dict[str, object]:
    """Return what OpenAPI says of a body with pictures.

    fields: of a form; of one field, the body may be the picture itself; is_list: the field may be
    there several times.
    """
    properties: dict[str, object] = {}
    for field in fields:
        properties.update(_file(field, is_list))
    form = {"type": "object", "properties": properties, "required": [*fields]}
    encoding = {field: {"contentType": ", ".join(TYPES)} for field in fields}
    content: dict[str, object] = {FORM: {"schema": form, "encoding": encoding}}
    if len(fields) == 1:
        raw = {"schema": {"type": "string", "format": "binary"}}
        content = {**dict.fromkeys(TYPES, raw), **content}
    return {"requestBody": {"required": True, "content": content}}


async def one(request: Request) -> Upload:
    """Return the one picture that a request brings; Refusal where there is none, or several."""
    found = await several(request)
    if len(found) > 1:
        raise refusals.unusable(f"{len(found)} pictures; give one")
    return found[0]


async def several(request: Request) -> list[Upload]:
    """Return the pictures that a request brings, one or more; Refusal where there is none."""
    if _is_form(request):
        return (await _of_form(request, PICTURE))[PICTURE]
    data = await request.body()
    if not data:
        raise refusals.unusable(
            f"no picture; send one as the body, or as the file '{PICTURE}' of a form ({FORM})"
        )
    return [Upload(PICTURE, data)]


async def pair(request: Request, *fields: str) -> list[Upload]:
    """Return one picture of each field of a form; Refusal where one is not there, or twice."""
    if not _is_form(request):
        raise refusals.unusable(f"send a form ({FORM}) with the files {', '.join(fields)}")
    found = await _of_form(request, *fields)
    for field in fields:
        if len(found[field]) > 1:
            raise refusals.unusable(f"'{field}' is there {len(found[field])} times; give one file")
    return [found[field][0] for field in fields]


def _is_form(request: Request) -> bool:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == FORM


async def _of_form(request: Request, *fields: str) -> dict[str, list[Upload]]:
    """Return {field: its files} of a form, each field there at least once."""
    parser = MultiPartParser(
        request.headers, request.stream(), max_files=MOST_FILES, max_fields=MOST_FIELDS
    )
    # Files stay in memory, whose limit is that of the whole request.
    parser.spool_max_size = request.app.state.service.settings.limits.bytes + 1
    try:
        form = await parser.parse()
    except (MultiPartException, ValueError) as error:
        raise Refusal(400, f"the form is malformed ({error})") from None
    found: dict[str, list[Upload]] = {field: [] for field in fields}
    for field, value in form.multi_items():
        if field not in found:
            raise refusals.unusable(
                f"'{_shown(field)}' is no field of this form, which has {', '.join(fields)}"
            )
        if not isinstance(value, UploadFile):
            raise refusals.unusable(f"'{field}' must be a file: give it a file name")
        found[field].append(Upload(_shown(value.filename or field), await value.read()))
    for field in fields:
        if not found[field]:
            raise refusals.unusable(f"the file '{field}' is missing in the form")
    return found


def _shown(name: str) -> str:
    """Return a name that can be repeated: not too long, and without half letters."""
    return name.encode("utf-8", "replace").decode()[:LONGEST]
