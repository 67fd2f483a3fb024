"""Records: lines of JSON about faces and boxes, damaged or with values that nobody expects."""

from __future__ import annotations

import csv
import json
import os
import random

from tools.fuzzing import answers, damage
from tools.fuzzing.case import Case, Finished, FuzzClass
from tools.fuzzing.world import ANALYZE, World

TOWERS = ("age", "gender")  # two are as good as all, and quicker
KINDS = {"aligned": "portraits", "scenes": "scenes"}


def manifest(db: str, tower: str):
    """Return (records kept, records dropped) of a database, None where there is none."""
    path = os.path.join(db, tower, "manifest.json")
    if not os.path.isfile(path):
        return None
    with open(path, encoding="utf-8") as stream:
        found = json.load(stream, parse_constant=lambda text: 1 / 0)  # no NaN in it
    return found["count"], sum(found["dropped"].values())


def _labelled(records: str, label: str) -> int:
    """Return how many lines have a label, by a parser of another library than the kit's.

    ValueError where a line is no record.
    """
    count = 0
    with open(records, encoding="utf-8", newline="\n") as stream:  # see _given
        for line in filter(str.strip, stream):
            row = json.loads(line)
            if not isinstance(row["image"], str):
                raise ValueError("no image")
            count += row.get(label) is not None
    return count


def no_record(records: str):
    """Return that a line of a file is no record, or None."""
    try:
        _labelled(records, "image")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        return f"a line is no record ({type(error).__name__}), and nothing is said of it"
    return None


def unexplained(db: str, records: str):
    """Return which database of faces does not account for its records, or None."""
    for tower in TOWERS:
        expected = _labelled(records, tower)
        found = manifest(db, tower)
        if found is None or sum(found) != expected:
            return f"tower {tower}: {expected} records, kept and dropped {found}"
    return None


def _built(world: World, rng: random.Random, folder: str) -> Case:
    """Build databases of damaged records."""
    kind = rng.choice(list(KINDS))
    records, db = world.copy(f"{KINDS[kind]}/records.jsonl", folder), os.path.join(folder, "db")
    os.symlink(world.path(KINDS[kind], "images"), os.path.join(folder, "images"))
    what = damage.of_json_lines(rng, records)
    given = ["--records", records, "--towers", *TOWERS]
    if kind == "scenes":
        given = ["--without-search", records]
    argv = ["data_prep.build_db", kind, *given, "--workers", "1", "--out", db]

    def wrong(finished: Finished):
        if finished.code:
            return None
        return no_record(records) or (unexplained(db, records) if kind == "aligned" else None)

    return Case(f"{kind}: {what}", argv, ("records.jsonl",), wrong, ("db",))


def _given(path: str, picture: str) -> int:
    """Return how many boxes of a picture a file has; ValueError where a line is none."""
    is_table = path.endswith(".csv")
    # In JSON a carriage return is white space; only a line feed ends a line.
    how = dict(encoding="utf-8-sig", errors="surrogateescape", newline="" if is_table else "\n")
    with open(path, **how) as stream:
        if is_table:
            some = [(row["image"], row["x1"]) for row in csv.DictReader(stream)]
        else:
            rows = [json.loads(line) for line in stream if line.strip()]
            some = [(row["image"], row.get("box")) for row in rows]
    return sum(image == picture and bool(box) for image, box in some)


def _boxes(world: World, rng: random.Random, folder: str) -> Case:
    """Describe faces in boxes that somebody else has found, of a damaged file."""
    kind, picture = rng.choice((".jsonl", ".csv")), rng.choice(world.faces)
    given, out = os.path.join(folder, f"boxes{kind}"), os.path.join(folder, "out")
    box = [20, 20, 80, 80]
    lines = [json.dumps(dict(image=picture, box=box)) + "\n"] * 3
    if kind == ".csv":
        lines = ["image,x1,y1,x2,y2\n", *[",".join(map(str, (picture, *box))) + "\n"] * 3]
    with open(given, "w", encoding="utf-8") as stream:
        stream.writelines(lines)
    of_file = damage.of_json_lines if kind == ".jsonl" else damage.of_table
    what = of_file(rng, given)
    argv = [*ANALYZE[:3], picture, "--boxes", given, "--out", out, "--without-pictures"]

    def wrong(finished: Finished):
        if finished.code:
            return None
        try:
            expected = _given(given, picture)
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            return f"a line is no box ({type(error).__name__}), and nothing is said of it"
        found = sum("box" in line for line in answers.lines_in(out))
        return None if found == expected else f"{expected} boxes, {found} faces"

    return Case(f"boxes{kind}: {what}", argv, ("boxes",), wrong, ("out",))


def _composed(world: World, rng: random.Random, folder: str) -> Case:
    """Compose scenes of the faces of damaged records."""
    records = world.copy("portraits/records.jsonl", folder)
    os.symlink(world.path("portraits", "images"), os.path.join(folder, "images"))
    what, out = damage.of_json_lines(rng, records), os.path.join(folder, "out")
    argv = ["data_prep.composites", "--records", records, "--split", "train", "--count", "1"]

    def wrong(finished: Finished):
        return None if finished.code else no_record(records)

    return Case(f"composites: {what}", [*argv, "--out", out], (records, folder), wrong, ("out",))


def make(world: World, rng: random.Random, folder: str) -> Case:
    """Give damaged records to a command that reads some."""
    return rng.choice((_built, _built, _built, _built, _boxes, _composed))(world, rng, folder)


CLASS = FuzzClass(
    name="records",
    about="records.jsonl and files of boxes: bytes, values, keys and lines damaged; databases "
    "built and scenes composed of them, faces described in their boxes",
    oracle="a line that is no record and is not said to be one; records that are neither in the "
    "database nor among the dropped; other faces described than there are boxes",
    share=12,
    make=make,
)
