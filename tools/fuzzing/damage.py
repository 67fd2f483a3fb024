"""Damage: bytes of any file, and JSON with values that nobody expects."""

from __future__ import annotations

import json
import random
from collections.abc import Callable

DEEP = 20_000  # our choice: brackets in one another, far more than Python's own limit
LONG = 70_000  # our choice: bytes that a command's own lines never have


# ---- Bytes.
def cut(rng: random.Random, data: bytes) -> bytes:
    """Return the beginning of a file."""
    return data[: rng.randrange(len(data))] if data else data


def flip(rng: random.Random, data: bytes) -> bytes:
    """Return a file with one to eight flipped bits."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 8)) if data else 0):
        changed[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def overwrite(rng: random.Random, data: bytes) -> bytes:
    """Return a file with a block of zeros, ones or noise."""
    start, size = rng.randrange(len(data) + 1), rng.choice((1, 4, 64, 512, 4096))
    size = min(size, len(data) - start)
    block = rng.choice((b"\0" * size, b"\xff" * size, rng.randbytes(size)))
    return data[:start] + block + data[start + size :]


def remove(rng: random.Random, data: bytes) -> bytes:
    """Return a file without a block."""
    start, size = rng.randrange(len(data) + 1), rng.choice((1, 16, 512))
    return data[:start] + data[start + size :]


def double(rng: random.Random, data: bytes) -> bytes:
    """Return a file with a block twice."""
    start, size = rng.randrange(len(data) + 1), rng.choice((1, 16, 512))
    return data[: start + size] + data[start:]


def insert(rng: random.Random, data: bytes) -> bytes:
    """Return a file with foreign bytes in it."""
    start = rng.randrange(len(data) + 1)
    foreign = (b"\0", b"\xff\xfe", b"\r", b"\xef\xbb\xbf", rng.randbytes(9), b'"' * 3)
    return data[:start] + rng.choice(foreign) + data[start:]


def swap(rng: random.Random, data: bytes) -> bytes:
    """Return a file with its two parts in the other order."""
    start = rng.randrange(len(data) + 1)
    return data[start:] + data[:start]


def another(rng: random.Random, data: bytes) -> bytes:
    """Return something that is no such file at all."""
    return rng.choice(
        (
            b"",
            b"\n",
            b"\0" * rng.choice((1, 4096)),
            rng.randbytes(rng.choice((1, 100, 5000))),
            b"<html>404</html>\n",
            b"version https://git-lfs.github.com/spec/v1\n",
            b"PK\x03\x04" + rng.randbytes(60),
            b"\x1f\x8b\x08\0" + rng.randbytes(60),
            b"\x89HDF\r\n\x1a\n" + rng.randbytes(600),
            b"\xff\xfe" + "x,1\n".encode("utf-16-le"),
            b"[" * DEEP + b"]" * DEEP,
            b"x" * LONG,
        )
    )


BYTES: tuple[Callable[[random.Random, bytes], bytes], ...] = (
    cut,
    cut,
    flip,
    flip,
    overwrite,
    remove,
    double,
    insert,
    swap,
    another,
)


def of_bytes(rng: random.Random, data: bytes) -> tuple[str, bytes]:
    """Return (what was done, damaged bytes)."""
    change = rng.choice(BYTES)
    return change.__name__, change(rng, data)


def of_file(rng: random.Random, path: str) -> str:
    """Damage a file; return what was done."""
    with open(path, "rb") as stream:
        what, data = of_bytes(rng, stream.read())
    with open(path, "wb") as stream:
        stream.write(data)
    return what


# ---- JSON.
TOKENS = (
    "null",
    "true",
    "0",
    "-1",
    "0.5",
    "1e999",
    "-1e308",
    "NaN",
    "Infinity",
    "9" * 400,
    "1" + "0" * 5000,
    "18446744073709551616",
    '""',
    '"x"',
    '"\\ud800"',
    '"\\u0000"',
    '"../../x"',
    '"a\\nb"',
    '"' + "n" * 5000 + '"',
    '"<script>alert(1)</script>"',
    "[]",
    "[null]",
    '["x"]',
    "[1, 2, 3, 4]",
    "[[1, 2], [3]]",
    "{}",
    '{"x": 1}',
    "[" * DEEP + "]" * DEEP,
)
MARK = "\x01mark\x01"


def _places(tree, path=()):
    """Yield the path of every value in a tree of JSON, the whole first."""
    yield path
    items = tree.items() if isinstance(tree, dict) else ()
    if isinstance(tree, list):
        items = enumerate(tree)
    for key, value in items:
        yield from _places(value, (*path, key))


def of_json(rng: random.Random, text: str) -> tuple[str, str]:
    """Return (what was done, text) of a JSON document with one value changed, removed or added."""
    tree = json.loads(text)
    path = rng.choice(list(_places(tree)))
    token = rng.choice(TOKENS)
    if not path:
        return f"all is {token[:20]}", token + "\n"
    holder = tree
    for key in path[:-1]:
        holder = holder[key]
    where, kind = ".".join(map(str, path)), rng.random()
    if kind < 0.2:
        del holder[path[-1]]
        return f"without {where}", json.dumps(tree) + "\n"
    if kind < 0.3 and isinstance(holder, dict):
        holder[rng.choice(("x", "", "__class__", "a.b"))] = MARK
        where = f"another key beside {where}"
    else:
        holder[path[-1]] = MARK
    return f"{where} is {token[:20]}", json.dumps(tree).replace(json.dumps(MARK), token) + "\n"


def of_json_file(rng: random.Random, path: str) -> str:
    """Damage a JSON file, its bytes or a value; return what was done."""
    if rng.random() < 0.3:
        return of_file(rng, path)
    with open(path, encoding="utf-8") as stream:
        what, text = of_json(rng, stream.read())
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(text)
    return what


def of_json_lines(rng: random.Random, path: str) -> str:
    """Damage a file of JSON lines, its bytes or one line; return what was done."""
    if rng.random() < 0.3:
        return of_file(rng, path)
    with open(path, encoding="utf-8") as stream:
        lines = stream.read().splitlines(keepends=True)
    number = rng.randrange(len(lines)) if lines else 0
    if not lines or not lines[number].startswith(("{", "[")):  # such as the hash of the others
        return of_file(rng, path)
    kind = rng.randrange(8)
    if kind == 0:
        what, lines[number] = "twice", lines[number] * 2
    elif kind == 1:
        what, lines[number] = "no text", rng.choice((b"\xff\xfe\n", b"\0\n", b"\xed\xa0\x80\n"))
        lines[number] = lines[number].decode(errors="surrogateescape")
    else:
        what, lines[number] = of_json(rng, lines[number])
    with open(path, "w", encoding="utf-8", errors="surrogateescape") as stream:
        stream.writelines(lines)
    return f"line {number + 1}: {what}"


# ---- Tables and other lines of text.
FIELDS = (
    "",
    " ",
    "0",
    "-1",
    "1.0",
    "nan",
    "inf",
    "-inf",
    "1e999",
    "9" * 400,
    "abc",
    "\u0661\u0662",
    "0x10",
    "1_0",
    "../../x.jpg",
    "/etc/hostname",
    "a" * 300,
    '"',
    "None",
    "\ufeff1",
    "\x00",
)
SEPARATORS = (",", "\t", ";", " ")


def of_text(rng: random.Random, text: str) -> tuple[str, str]:
    """Return (what was done, text) with one field of one line changed, or one line."""
    lines = text.splitlines(keepends=True)
    number = rng.randrange(len(lines))
    line = lines[number].rstrip("\r\n")
    end = lines[number][len(line) :]
    kind = rng.randrange(10)
    if kind == 0:
        what, lines[number] = "twice", lines[number] * 2
    elif kind == 1:
        what, lines[number] = "empty", end
    else:
        separator = next((one for one in SEPARATORS if one in line), ",")
        fields = line.split(separator)
        place, value = rng.randrange(len(fields)), rng.choice(FIELDS)
        what = f"field {place + 1} is {value[:20]!r}"
        fields[place : place + 1] = [] if kind == 2 else [value] if kind > 3 else [value, value]
        lines[number] = separator.join(fields) + end
    return f"line {number + 1}: {what}", "".join(lines)


def of_table(rng: random.Random, path: str) -> str:
    """Damage a file of text, its bytes, its encoding or a field; return what was done."""
    with open(path, "rb") as stream:
        data = stream.read()
    kind = rng.random()
    if not data.strip() or kind < 0.25:
        return of_file(rng, path)
    text = data.decode(errors="surrogateescape")
    if kind < 0.35:
        what, coded = rng.choice(
            (("UTF-16", text.encode("utf-16", "replace")), ("CRLF", data.replace(b"\n", b"\r\n")))
        )
    else:
        what, text = of_text(rng, text)
        coded = text.encode(errors="surrogateescape")
    with open(path, "wb") as stream:
        stream.write(coded)
    return what
