"""Readers: the original files of all datasets, their tables, databases and pictures damaged."""

from __future__ import annotations

import collections
import json
import os
import random
import sqlite3

from data_prep import conversion
from tools.fuzzing import damage, world
from tools.fuzzing.case import Case, Finished, FuzzClass
from tools.fuzzing.world import World

TABLES = (".txt", ".csv", ".pts")
VALUES = (None, "x", -1, 0, 1e300, 2**62, b"\xff\xfe", "", "../../x.jpg", "n" * 300)


def _sql(rng: random.Random, path: str) -> str:
    """Change one value of an SQLite database."""
    with sqlite3.connect(path) as connection:
        listed = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        table = rng.choice(sorted(name for (name,) in listed))
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        rows = [row[0] for row in connection.execute(f"SELECT rowid FROM {table}")]
        column, row, value = rng.choice(columns), rng.choice(rows), rng.choice(VALUES)
        try:
            change = f"UPDATE {table} SET {column} = ? WHERE rowid = ?"
            connection.execute(change, (value, row))
        except sqlite3.IntegrityError:
            connection.execute(f"DELETE FROM {table} WHERE rowid = ?", (row,))
            return f"{table} without row {row}"
    connection.close()
    return f"{table}.{column} of row {row} is {str(value)[:20]!r}"


def _damaged(rng: random.Random, path: str) -> str:
    """Damage a file of a set by its kind; return what was done."""
    if path.endswith(".sqlite") and rng.random() < 0.6:
        return _sql(rng, path)
    if path.lower().endswith(TABLES):
        return damage.of_table(rng, path)
    return damage.of_file(rng, path)


def rows_of(folder: str) -> collections.Counter:
    """Return how often each record of a converted set is there."""
    path = os.path.join(folder, conversion.RECORDS)
    return collections.Counter(json.dumps(line, sort_keys=True) for line in world.lines_of(path))


def dropped_of(folder: str) -> int:
    """Return how many rows of a converted set were dropped."""
    return len(world.lines_of(os.path.join(folder, conversion.DROPPED)))


def _healthy(healthy: World, name: str):
    """Return (records, how many rows were dropped) of an undamaged set."""

    def make(folder):
        place = healthy.copy(os.path.join("sets", name), folder)
        healthy.run_well(["data_prep.convert", name, "--folder", place])
        return rows_of(place), dropped_of(place)

    return healthy.answer(f"set {name}", make)


def _full_lines(path: str) -> int:
    """Return how many lines of a file are not empty."""
    with open(path, "rb") as stream:
        return sum(bool(line.strip()) for line in stream)


def unexplained(folder: str, expected: collections.Counter, dropped: int, finished: Finished):
    """Return how a conversion does not account for the rows of its set, or None."""
    with open(os.path.join(folder, conversion.SUMMARY), encoding="utf-8") as stream:
        summary = json.load(stream)
    rows, left_out = rows_of(folder), dropped_of(folder)
    if summary["kept"] != sum(rows.values()) or sum(summary["dropped"].values()) != left_out:
        return "summary.json counts other rows than the files have"
    missing, added = sum((expected - rows).values()), sum((rows - expected).values())
    # Said: more rows are dropped than before, or a file counts as missing.
    if missing > added and left_out <= dropped and not summary["missing"]:
        return f"{missing} records are gone, {added} came, no row was dropped"
    return None


def make(world: World, rng: random.Random, folder: str) -> Case:
    """Convert a set of which one file is damaged."""
    name = rng.choice(sorted(os.listdir(world.path("sets"))))
    expected, dropped = _healthy(world, name)
    place = world.copy(os.path.join("sets", name), folder, name)
    found = []
    for where, _, names in os.walk(place):
        found += [os.path.join(where, one) for one in names if one != conversion.DRAWN]
    tables = [path for path in found if path.lower().endswith((*TABLES, ".mat", ".sqlite"))]
    path = rng.choice(sorted(tables if tables and rng.random() < 0.8 else found))
    before = _full_lines(path)
    file, what = os.path.relpath(path, place), _damaged(rng, path)
    shorter = _full_lines(path) < before

    def wrong(finished: Finished):
        if finished.code or (shorter and path.lower().endswith(TABLES)):
            return None  # of lines that are gone nobody can know
        return unexplained(place, expected, dropped, finished)

    argv = ["data_prep.convert", name, "--folder", place]
    made = (conversion.RECORDS, conversion.DROPPED, conversion.SUMMARY)
    writes = [os.path.join(name, one) for one in (*made, "landmarks", "templates", "pairs")]
    return Case(f"{name}, {file}: {what}", argv, (place,), wrong, writes)


CLASS = FuzzClass(
    name="readers",
    about="the files of all 17 sets as they are distributed: tables, Matlab, SQLite, points, "
    "pictures; converted by the reader of the set",
    oracle="records of the undamaged set are gone, though no line of the file is, and neither a "
    "dropped row nor a sentence says so; counts that do not fit the files",
    share=20,
    make=make,
)
