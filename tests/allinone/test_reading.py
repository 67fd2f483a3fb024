"""Files that are damaged, or other ones than expected: a sentence, and nothing but a sentence."""

import json
import os
import sqlite3
from typing import TypedDict

import damage
import h5py
import numpy as np
import pytest

from allinone import hdf5, reading, record
from allinone.errors import InputError

TIMES = 10  # each damage
WANTED = {"name": hdf5.TEXTS, "vector": hdf5.Array("f", (None, 8))}


def write_h5(path):
    with h5py.File(path, "w") as data:
        data["name"] = hdf5.encoded(["a", "b\udcff", "c"])
        data["vector"] = np.ones((3, 8), np.float32)
        data.attrs["model"] = "m"


def write_sqlite(path):
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE faces (name TEXT, x REAL)")
        connection.executemany("INSERT INTO faces VALUES (?, ?)", [("a" * 50, 1.5)] * 200)
    connection.close()


def write_records(path):
    face = record.FaceRecord("a.jpg", box=[1, 2, 3, 4], age=5, identity=3, split="train")
    path.write_text(record.to_line(face) * 5)


def write_json(path):
    path.write_text(json.dumps(dict(count=3, names=["a"], of=dict(x=1.5))))


def read_rows(path):
    with reading.sqlite(path, "mend") as connection:
        return connection.execute("SELECT name, x FROM faces ORDER BY name").fetchall()


# {kind: (writes a whole file, reads it, ways of damaging)}
KINDS = {
    "h5": (write_h5, lambda path: hdf5.read(path, WANTED, "mend"), damage.BINARY),
    "sqlite": (write_sqlite, read_rows, damage.BINARY),
    "records": (write_records, lambda path: list(record.read(path)), damage.TEXT),
    "boxes": (write_records, lambda path: list(record.read_boxes(path)), damage.TEXT),
    "json": (write_json, lambda path: reading.read_json(path, "mend", dict), damage.TEXT),
    "text": (write_json, lambda path: reading.read_text(path, "mend"), damage.TEXT),
    "json lines": (write_records, lambda path: list(reading.json_lines(path, "m")), damage.TEXT),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_file_is_read_or_refused_with_its_name(tmp_path, kind):
    write, read, ways = KINDS[kind]
    path, refused = tmp_path / "whole", set()
    write(path)
    whole = path.read_bytes()
    assert read(str(path))
    for way in ways:
        for seed in range(TIMES):
            path.write_bytes(way(whole, np.random.default_rng(seed)))
            try:
                read(str(path))
            except InputError as error:
                assert str(error).startswith(str(path)), error
                refused.add(way)
    assert {damage.cut, damage.noise} <= refused or kind == "text"


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_file_is_refused_at_once(tmp_path, kind):
    os.mkfifo(tmp_path / "pipe")
    for place in (tmp_path, tmp_path / "none", tmp_path / "pipe", "/dev/zero", "x" * 300, "a\0b"):
        with pytest.raises(InputError):
            KINDS[kind][1](str(place))


def test_an_endless_line_is_refused_before_the_memory_is_full(tmp_path):
    path = tmp_path / "sparse"
    with open(path, "wb") as stream:
        stream.truncate(1 << 40)
    with pytest.raises(InputError, match="sparse, line 1: too long"):
        list(record.read(str(path)))
    with pytest.raises(InputError, match="sparse: larger than 256 MiB"):
        reading.read_json(str(path), "")


@pytest.mark.parametrize(
    "line, says",
    [
        (b'{"image": "\\ud800.jpg"}', "'image' is no name of a file"),
        (b'{"image": "a\\u0000.jpg"}', "'image' is no name of a file"),
        (b'{"image": "a.jpg", "identity": 2147483648}', "'identity'"),
        (b'{"image": "a.jpg", "identity": %s}' % (b"9" * 400), "'identity'"),
        (b'{"image": "a.jpg", "box": [0, 0, 1, %s]}' % (b"9" * 400), "out of range"),
        (b'{"image": "a.jpg", "box": [0, 0, 1, 1e300]}', "'box"),
        (b'{"image": "\\udcff.jpg", "box": [0, 0, 1, %s]}' % (b"9" * 400), "400 digits"),
        (b'{"image": "\\udcff.jpg", "age": NaN}', "'age'"),
        (b'{"image": "\\udcff.jpg", "pose": [1e400, 0, 0]}', "'pose"),
        (b'{"image": "a.jpg"}'.decode().encode("utf-16"), "not JSON"),
        (b"\x1f\x8b\x08\x00\xff\xfe", "not JSON"),
        (b'{"image": ' + b"[" * 100000, "'image'"),
        (b'{"image": "\\udcff", "box": ' + b"[" * 100000, "recursion"),
    ],
    ids=range(13),
)
def test_lines_that_no_type_alone_refuses(tmp_path, line, says):
    path = tmp_path / "records.jsonl"
    path.write_bytes(b'{"image": "good.jpg"}\n' + line + b"\n")
    with pytest.raises(InputError) as error:
        list(record.read(str(path)))
    assert str(error.value).startswith(f"{path}, line 2: ") and says in str(error.value)


def test_names_that_are_not_utf8_come_back(tmp_path):
    path = str(tmp_path / "x.h5")
    write_h5(path)
    arrays, about = hdf5.read(path, WANTED, "")
    assert arrays["name"].tolist() == ["a", "b\udcff", "c"] and about == {"model": "m"}


@pytest.mark.parametrize(
    "change, says",
    [
        (lambda data: data.pop("name"), "name"),
        (lambda data: (data.pop("vector"), data.create_group("vector")), "vector is no array"),
        (lambda data: (data.pop("vector"), data.update(vector=np.ones((3, 7)))), "vector is float"),
        (lambda data: (data.pop("name"), data.update(name=[1, 2, 3])), "name is int"),
        (lambda data: (data.pop("vector"), data.update(vector=np.ones((4, 8)))), "differ in le"),
        (
            lambda data: (data.pop("vector"), data.create_dataset("vector", (1 << 40, 8), "f4")),
            "vector is larger than the file",
        ),
    ],
)
def test_hdf5_of_another_form_is_refused(tmp_path, change, says):
    path = str(tmp_path / "x.h5")
    write_h5(path)
    with h5py.File(path, "a") as data:
        change(data)
    with pytest.raises(InputError, match=f"x.h5: .*{says}.*; make it again"):
        hdf5.read(path, WANTED, "make it again")


class About(TypedDict):
    faces: int


def test_json_of_another_form_names_the_field(tmp_path):
    path = tmp_path / "x.json"
    path.write_text('{"faces": "x"}')
    with pytest.raises(InputError, match="x.json: 'faces': Expected int, got str; mend it"):
        reading.read_json(str(path), "mend it", About)
