"""Protobuf's binary format, read and written without protobuf and the kinds of its messages.

What analysis needs of it, caffemodels and ONNX, is few large arrays and few short fields.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from typing import Union

import numpy as np

VARINT, EIGHT, BYTES, FOUR = 0, 1, 2, 5  # what the last bits of a field's key say
MOST_FIELDS = 100_000  # of one message: a malformed file must not keep us busy
MOST_AXES = 4  # of an array
FLOAT = np.dtype("<f4")

Value = Union[int, memoryview]  # a varint, or bytes
# What is written, in pieces: those of large arrays are joined once, at the end.
Pieces = list[Union[bytes, memoryview]]


def fields(data: memoryview) -> Iterator[tuple[int, Value]]:
    """Yield (number, value) of the fields of a message; ValueError where it is malformed."""
    place = 0
    for _ in range(MOST_FIELDS):
        if place == len(data):
            return
        key, place = varint(data, place)
        kind, size = key & 7, 0
        if kind == VARINT:
            value, place = varint(data, place)
            yield key >> 3, value
            continue
        if kind == BYTES:
            size, place = varint(data, place)
        elif kind in (EIGHT, FOUR):
            size = 8 if kind == EIGHT else 4
        else:
            raise ValueError(f"a field of kind {kind} at byte {place}")
        if size > len(data) - place:
            raise ValueError("it is cut off")
        yield key >> 3, data[place : place + size]
        place += size
    raise ValueError(f"a message of more than {MOST_FIELDS} fields")


def varint(data: memoryview, place: int) -> tuple[int, int]:
    """Return (number, the place behind it); ValueError where there is none."""
    value = 0
    for shift in range(0, 70, 7):
        if place == len(data):
            raise ValueError("it is cut off")
        byte = data[place]
        value, place = value | (byte & 127) << shift, place + 1
        if byte < 128:
            return value, place
    raise ValueError(f"no number at byte {place}")


def numbers(value: Value) -> list[int]:
    """Return the numbers of a repeated field of integers, which may be packed."""
    if isinstance(value, int):
        return [value]
    found, place = [], 0
    while place < len(value) and len(found) <= MOST_FIELDS:
        number, place = varint(value, place)
        found.append(number)
    return found


def text(value: Value) -> str:
    """Return a field as text; ValueError where it is none."""
    return str(content(value), "utf-8")


def content(value: Value) -> memoryview:
    """Return the bytes of a field; ValueError where it is a number."""
    if isinstance(value, int):
        raise ValueError("a number where bytes are expected")
    return value


def array(value: Value, shape: list[int]) -> np.ndarray:
    """Return packed floats as a float32 array without a copy.

    ValueError where they do not fit the shape, or it has more than MOST_AXES.
    """
    data, size = content(value), FLOAT.itemsize
    fits = len(shape) <= MOST_AXES and min(shape, default=1) > 0
    if not fits or math.prod(shape) * size != len(data):
        raise ValueError(f"an array of {len(data) // size} numbers that should have {shape[:9]}")
    return np.frombuffer(data, FLOAT).reshape(shape)


def written(number: int, value: Union[int, float, str, Pieces]) -> Pieces:
    """Return a field of a message: a whole number from 0 on, a float32, a text or bytes."""
    if isinstance(value, int):
        return [_varint(number << 3 | VARINT) + _varint(value)]
    if isinstance(value, float):
        return [_varint(number << 3 | FOUR) + struct.pack("<f", value)]
    pieces = [value.encode()] if isinstance(value, str) else value
    return [_varint(number << 3 | BYTES) + _varint(sum(map(len, pieces))), *pieces]


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes([*found, value])
