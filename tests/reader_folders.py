"""Drawn sets in the layouts of datasets, converted, and what came of them."""

import json
import os

from conftest import run_well

from allinone import record, store
from data_prep import conversion

# Places among the 21 landmarks
EYES_NOSE_MOUTH, AFW_SIX = [7, 10, 14, 17, 19], [7, 10, 14, 17, 18, 19]


def draw(out, name, kind, count, people):
    """Draw a set in the layout of another into a folder."""
    drawn = ["--kind", kind, "--count", count, "--identities", people, "--seed", 9]
    run_well("data_prep.synthetic", *drawn, "--layout", name, "--out", out)


def records_of(folder):
    """Return the records of a converted folder."""
    return list(record.read(os.path.join(folder, conversion.RECORDS)))


def dropped_of(folder):
    """Return [(where, reason)] of the rows that gave no record."""
    with open(os.path.join(folder, conversion.DROPPED), encoding="utf-8") as lines:
        return [(row["where"], row["reason"]) for row in map(json.loads, lines)]


def reasons_of(folder):
    """Return the reasons of the rows that gave no record."""
    return [reason for _, reason in dropped_of(folder)]


def summary_of(folder):
    """Return the summary of a converted folder."""
    with open(os.path.join(folder, conversion.SUMMARY), encoding="utf-8") as stream:
        return json.load(stream)


def json_lines(path):
    """Return the values of a file of JSON lines."""
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def manifest_of(*folder):
    """Return the manifest of a database."""
    return store.manifest(os.path.join(*map(str, folder)))


def pixels(folder, image):
    """Return the bytes of a picture: they tell which drawn face it is, whatever its name."""
    with open(os.path.join(folder, image), "rb") as stream:
        return stream.read()
