"""What a service does not do, as JSON: {"error": a sentence with the mend}."""

from __future__ import annotations

import http
from typing import Any, Optional

from starlette.responses import Response

from allinone.service import answers

FULL, TOO_LONG, TOO_SLOW, TOO_LARGE = 503, 504, 408, 413
CLOSING = {"connection": "close"}  # what is left of the request is not read


class Refusal(Exception):
    """Is answered in place of what was asked for."""

    def __init__(self, status: int, sentence: str, headers: Optional[dict[str, str]] = None):
        """Take the status of HTTP and a sentence for whoever has asked."""
        super().__init__(sentence)
        self.status, self.sentence, self.headers = status, sentence, headers or {}

    def response(self) -> Response:
        """Return what is answered."""
        refused = answers.Refused(self.sentence)
        return answers.response(refused, self.status, self.headers)


def full() -> Refusal:
    """Return what is answered where too much is under way already."""
    return Refusal(
        FULL, "too many requests are under way; ask again in some seconds", {"retry-after": "2"}
    )


def unusable(sentence: str) -> Refusal:
    """Return what is answered where something given cannot be used."""
    return Refusal(422, sentence)


def in_words(status: int, detail: Any) -> str:
    """Return a sentence for an error of the framework's."""
    known = {
        404: "nothing stands at this path; /docs has those that there are",
        405: "this path does not take this method; /docs says which it takes",
    }
    if status in known and detail == http.HTTPStatus(status).phrase:
        return known[status]
    return str(detail)


def of_fields(errors: list[dict[str, Any]]) -> Refusal:
    """Return what is answered where parameters are not what they must be."""
    first = errors[0]
    place = " ".join(str(part) for part in first["loc"])
    return unusable(f"{place}: {first['msg']}; /docs says what it takes")
