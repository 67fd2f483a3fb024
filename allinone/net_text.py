"""Caffe's text format as the kit writes it, read without Caffe, which aborts at a malformed file.

A message is {field: [values]}; a value is a number, a Text, a Name (of an enum) or a message.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from allinone import reading
from allinone.errors import InputError
from allinone.model import AGAIN

LARGEST = 1 << 19  # bytes of a file; the largest net of the kit has 70,000
DEEPEST = 8  # messages within messages
TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n]+|\#[^\n]*)
    |(?P<field>[A-Za-z_]\w*)
    |"(?P<text>[^"\\\n]*)"
    |(?P<number>-?(?:0|[1-9]\d{0,17})(?:\.\d{1,40})?(?:[eE][-+]?\d{1,3})?(?![\w.]))
    |(?P<sign>[{}:])""",
    re.VERBOSE,
)


class Text(str):
    """A quoted value."""


class Name(str):
    """A value of an enum."""


def read(path: str) -> dict[str, list[Any]]:
    """Return the message of a file; InputError where it is missing or not in this format."""
    return parse(reading.read_bytes(path, AGAIN, LARGEST), path)


def parse(data: bytes, path: str) -> dict[str, list[Any]]:
    """Return the message of a file's content; InputError, with its path, where it is none."""
    try:
        tokens = list(_tokens(data.decode("utf-8")))
        message, rest = _message(tokens, 0, 0)
        if rest < len(tokens):
            raise ValueError(f"line {tokens[rest][2]}: '}}' without '{{'")
    except ValueError as error:  # of the text, or of what is not UTF-8
        raise InputError(f"{path}: not a net in Caffe's text format ({error}); {AGAIN}") from None
    return message


def _tokens(text: str) -> Iterator[tuple[str, str, int]]:
    """Yield (kind, text, line) of all that is not space; the kind of a sign is the sign itself."""
    place, line = 0, 1
    while place < len(text):
        found = TOKEN.match(text, place)
        if not found:
            raise ValueError(f"line {line}: {text[place : place + 10]!r} is not understood")
        kind = found.lastgroup
        if kind != "space":
            yield found[0] if kind == "sign" else kind, found[kind], line
        line += found[0].count("\n")
        place = found.end()


def _message(tokens: list, place: int, depth: int) -> tuple[dict[str, list[Any]], int]:
    """Return the message whose fields begin at a place, and the place of its end."""
    message: dict[str, list[Any]] = {}
    if depth > DEEPEST:
        raise ValueError(
            f"line {tokens[place - 1][2]}: more than {DEEPEST} messages in one another"
        )
    while place < len(tokens) and tokens[place][0] != "}":
        kinds = [kind for kind, _, _ in tokens[place : place + 3]]
        _, name, line = tokens[place]
        if kinds[:2] == ["field", "{"]:
            value, place = _message(tokens, place + 2, depth + 1)
            if place == len(tokens):
                raise ValueError(f"line {line}: '{name} {{' has no end")
            place += 1
        elif kinds[:2] == ["field", ":"] and kinds[2:] and kinds[2] in VALUES:
            value, place = VALUES[kinds[2]](tokens[place + 2][1]), place + 3
        else:
            raise ValueError(f"line {line}: {name!r} where a field is expected")
        message.setdefault(name, []).append(value)
    return message, place


def _number(text: str) -> int | float:
    return int(text) if text.lstrip("-").isdigit() else float(text)


VALUES = {"number": _number, "text": Text, "field": Name}


def written(message: dict[str, list[Any]], indent: str = "") -> str:
    """Return a message as text."""
    lines = []
    for name, values in message.items():
        for value in values:
            if isinstance(value, dict):
                inside = written(value, indent + "  ")
                lines.append(f"{indent}{name} {{\n{inside}{indent}}}\n")
            else:
                shown = f'"{value}"' if isinstance(value, Text) else value
                lines.append(f"{indent}{name}: {shown}\n")
    return "".join(lines)
