"""What a service answers, as msgspec types: the JSON, and its description in OpenAPI.

A face has the form of a line of faces.jsonl (docs/records.md).
"""

from __future__ import annotations

from typing import Any, Optional

import msgspec
from starlette.responses import Response

from allinone.record import FaceRecord

JSON = "application/json"
PLACE = "#/components/schemas/{name}"


class Refused(msgspec.Struct):
    """Why something was not done."""

    error: str  # a sentence, with the mend


class Found(msgspec.Struct):
    """The faces of a picture."""

    image: str  # name of the picture, as it was uploaded
    width: int  # pixels, upright
    height: int
    faces: list[FaceRecord]  # the best first


class Likely(msgspec.Struct):
    """A face, and who of the enrolled people is most like it."""

    face: FaceRecord
    nearest: Optional[str]  # None where nobody is enrolled
    cosine: Optional[float]
    is_same: bool  # whether the cosine is at least the threshold


class Recognized(msgspec.Struct):
    """The faces of a picture, and who they are."""

    image: str
    width: int
    height: int
    threshold: float  # least cosine of the same person
    faces: list[Likely]


class Seen(msgspec.Struct):
    """The largest face of a picture, which is compared."""

    image: str
    width: int
    height: int
    face: FaceRecord


class Compared(msgspec.Struct):
    """How alike two faces are."""

    cosine: float
    threshold: float
    is_same: bool
    first: Seen
    second: Seen


class Person(msgspec.Struct):
    """Somebody who is enrolled."""

    name: str
    pictures: int


class Enrolled(msgspec.Struct):
    """Everybody who is enrolled, by name."""

    people: list[Person]
    is_kept: bool  # False: they are forgotten when the service ends


class Health(msgspec.Struct):
    """That the service can answer."""

    status: str


class Answer(msgspec.Struct):
    """One of the answers about a face that is a number, and how it is said to people."""

    field: str  # of a face
    kind: str  # probability or number
    words: list[str]  # of a probability below and above a half
    unit: str  # of a number


class About(msgspec.Struct):
    """What answers, and how much it takes on."""

    model: str
    engine: str
    answers: list[Answer]
    megabytes: float
    megapixels: float
    seconds: float
    requests: int


ALL = (Refused, Found, Recognized, Compared, Person, Enrolled, Health, About)
PROBLEMS = {
    400: "the request is malformed",
    401: "the token is missing or wrong",
    403: "a page of another site asks",
    404: "it is not there",
    408: "the request came too slowly",
    413: "the request is too large",
    422: "a picture or a parameter cannot be used",
    503: "too many requests are under way",
    504: "the answer took too long",
}
OF_READING = (401, 403)
OF_WRITING = (*OF_READING, 408, 413, 422, 503, 504)
OF_PICTURES = (400, *OF_WRITING)


def response(
    answer: msgspec.Struct, status: int = 200, headers: Optional[dict[str, str]] = None
) -> Response:
    """Return an answer as JSON."""
    return Response(msgspec.json.encode(answer), status, headers, JSON)


def _content(type_: Any) -> dict[str, Any]:
    return {JSON: {"schema": {"$ref": PLACE.format(name=type_.__name__)}}}


def described(
    type_: Any, problems: tuple[int, ...], others: Optional[dict[str, Any]] = None
) -> dict[int, dict[str, Any]]:
    """Return what OpenAPI says of the answers of a path.

    type_: of the answer that is wanted; problems: the statuses of what is refused; others: {media
    type: schema} of its further forms.
    """
    found = {200: {"description": type_.__doc__, "content": {**_content(type_), **(others or {})}}}
    for status in problems:
        found[status] = {"description": PROBLEMS[status], "content": _content(Refused)}
    return found


def schemas() -> dict[str, Any]:
    """Return {name: JSON schema} of all answers."""
    return msgspec.json.schema_components(ALL, ref_template=PLACE)[1]
