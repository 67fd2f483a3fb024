"""How files are damaged in tests: functions (bytes, random generator) -> bytes."""

import re


def _place(data, rng):
    return int(rng.integers(max(1, len(data))))


def flipped(data, rng):
    """Flip one bit in each of three bytes."""
    data = bytearray(data)
    for _ in range(min(3, len(data))):
        data[_place(data, rng)] ^= 1 << int(rng.integers(8))
    return bytes(data)


def cut(data, rng):
    return data[: _place(data, rng)]


def empty(data, rng):
    return b""


def noise(data, rng):
    return rng.bytes(max(64, len(data) // 4))


def zeros(data, rng):
    """Zero a stretch."""
    start = _place(data, rng)
    length = min(512, len(data) - start)
    return data[:start] + bytes(length) + data[start + length :]


def ones(data, rng):
    """Set every bit of a stretch."""
    return zeros(data, rng).replace(bytes(16), b"\xff" * 16)


def nul(data, rng):
    start = _place(data, rng)
    return data[:start] + b"\0" + data[start:]


def utf16(data, rng):
    return data.decode("latin-1").encode("utf-16")


def latin1(data, rng):
    start = _place(data, rng)
    return data[:start] + b"\xe9\xff" + data[start:]


def twice(data, rng):
    return data + data


def nested(data, rng):
    start = _place(data, rng)
    return data[:start] + b"[" * 100000 + data[start:]


def _number_replaced(data, rng, number):
    numbers = list(re.finditer(rb"-?\d+(\.\d+)?", data[:100000]))
    if not numbers:
        return data + number
    found = numbers[int(rng.integers(len(numbers)))]
    return data[: found.start()] + number + data[found.end() :]


def digits(data, rng):
    """Replace a number by one of 400 digits."""
    return _number_replaced(data, rng, b"9" * 400)


def huge(data, rng):
    return _number_replaced(data, rng, b"1e400")


def not_a_number(data, rng):
    return _number_replaced(data, rng, b"NaN")


def minus(data, rng):
    return _number_replaced(data, rng, b"-7777777")


def word(data, rng):
    """Replace a number by a word in quotes."""
    return _number_replaced(data, rng, b'"x"')


def null(data, rng):
    return _number_replaced(data, rng, b"null")


def half_a_letter(data, rng):
    """Put half a letter into a text of JSON."""
    start = data.find(b'": "')
    start = start + 4 if start >= 0 else _place(data, rng)
    return data[:start] + b"\\ud800" + data[start:]


BINARY = (flipped, cut, empty, noise, zeros, ones, twice)
TEXT = (
    *BINARY,
    nul,
    utf16,
    latin1,
    nested,
    digits,
    huge,
    not_a_number,
    minus,
    word,
    null,
    half_a_letter,
)
