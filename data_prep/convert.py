"""From a dataset's original files to records.jsonl: what all readers have in common.

A dataset stands in a folder as it was distributed. Its reader is a module of this package with SET, NEEDS (patterns of
the files that it reads), for some ANY_OF (files of which one at least must be there: a set that is not whole is read as far as it goes) and rows(folder), a generator of `FaceRecord`s and `Dropped` rows. Here each is checked and written
as it comes: records.jsonl, dropped.jsonl and summary.json; nothing but counts stays in memory.
"""

import argparse
import collections
import glob
import importlib
import json
import os
import sys
import time
from dataclasses import asdict, dataclass

import numpy as np
from PIL import Image

from allinone import boxes, files, record
from allinone.errors import InputError, command

OLDEST = 110  # our choice: years; a label above it is a mistake
SHOW_EVERY = 5.0  # seconds between lines of progress
SETS = (
    "adience",
    "aflw",
    "afw",
    "casia",
    "celeba",
    "custom",
    "fddb",
    "fgnet",
    "fotw",
    "ijba",
    "imdb",
    "lap2015",
    "lfw",
    "morph",
    "pascal",
    "utkface",
    "wiki",
)
RECORDS, DROPPED, SUMMARY = "records.jsonl", "dropped.jsonl", "summary.json"


@dataclass
class Dropped:
    """A row that gives no record."""

    where: str  # the picture, or file and line
    reason: str  # a few words that are the same for all such rows: they are counted
    detail: str = ""


def need(folder, reader):
    """Return the files of a reader's set that are not there and that it can do without; InputError that names every one where it cannot."""
    absent = lambda patterns: [
        pattern for pattern in patterns if not glob.glob(os.path.join(glob.escape(folder), pattern))
    ]
    needed, any_of = absent(reader.NEEDS), getattr(reader, "ANY_OF", ())
    missing = absent(any_of)
    if needed or any_of and len(missing) == len(any_of):
        raise InputError(
            f"{folder}: of {reader.SET} these are not there: {', '.join([*needed, *missing])}; data_prep/README.md shows the tree of the set and whom to ask for it"
        )
    return missing


class Checker:
    """Tell of an annotation what makes it useless; remembers what it has seen, to find a face that is there twice."""

    def __init__(self, folder):
        self.folder, self.image, self.size, self.seen = folder, None, None, set()

    def problem(self, face):
        """Return (reason, detail), or None where the annotation is good."""
        if face.box is not None:
            if not np.isfinite(face.box).all() or not (
                face.box[0] < face.box[2] and face.box[1] < face.box[3]
            ):
                return "bad box", str(face.box)
        for name, limit in (("age", OLDEST), ("age_sigma", OLDEST)):
            value = getattr(face, name)
            if value is not None and not 0 <= value <= limit:
                return f"bad {name.replace('_', ' ')}", str(value)
        if face.pose is not None and not np.isfinite(face.pose).all():
            return "bad pose", str(face.pose)
        key = hash(
            (face.image, None if face.box is None else tuple(face.box))
        )  # a number, for memory's sake
        if key in self.seen:
            return "there twice", ""
        self.seen.add(key)
        return self._picture_problem(face)

    def _picture_problem(self, face):
        if face.image != self.image:
            self.image, self.size = face.image, None
            try:
                with Image.open(
                    os.path.join(self.folder, face.image)
                ) as picture:  # reads the head of the file alone
                    self.size = picture.size
            except FileNotFoundError:
                self.size = "missing picture"
            except (OSError, ValueError, Image.DecompressionBombError):
                self.size = "unreadable picture"
        if isinstance(self.size, str):
            return self.size, ""
        if face.box is not None and not boxes.area(boxes.clip(face.box, *self.size)) > 0:
            return "box outside", f"{face.box} in {self.size[0]}x{self.size[1]}"
        return None


def count_labels(labels, face):
    """Count the labels of a face: kinds by value, ages by decade, yaws by 30 degrees, the rest by presence."""
    labels["faces"][
        "with a box"
        if face.box is not None
        else "with labels and no box"
        if face.lacks_landmarks()
        else "none in the picture"
    ] += 1
    for name in ("gender", "smile", "split"):
        if getattr(face, name) is not None:
            labels[name][str(getattr(face, name))] += 1
    if face.age is not None:
        labels["age"][f"{int(face.age) // 10 * 10}-{int(face.age) // 10 * 10 + 9}"] += 1
    if face.pose is not None:
        bin_ = min(int(abs(face.pose[2]) // 30) * 30, 90)
        labels["|yaw|"][f"{bin_}-{bin_ + 30}"] += 1
    if face.landmarks is not None:
        labels["landmarks"]["faces with some"] += 1
    if face.identity is not None:
        labels["identity"]["faces with one"] += 1


def convert(rows, folder, name, missing=()):
    """Write records.jsonl, dropped.jsonl and summary.json into the folder of a set; return the summary. missing: files that were done without."""
    checker, dropped, labels = (
        Checker(folder),
        collections.Counter(),
        collections.defaultdict(collections.Counter),
    )
    kept = read = pictures = 0
    last, shown = None, time.monotonic()
    paths = [os.path.join(folder, file) for file in (RECORDS, DROPPED)]
    with files.replacing(paths[0]) as records, files.replacing(paths[1]) as losses:
        for row in rows:
            read += 1
            if not isinstance(row, Dropped):
                problem = checker.problem(row)
                if problem is None:
                    pictures += row.image != last
                    last = row.image
                    kept += 1
                    count_labels(labels, row)
                    records.write(record.to_line(row))
                else:
                    row = Dropped(row.image, *problem)
            if isinstance(row, Dropped):
                dropped[row.reason] += 1
                losses.write(json.dumps(asdict(row)) + "\n")
            if time.monotonic() - shown > SHOW_EVERY:
                shown = time.monotonic()
                print(f"  {name}: {read} rows read, {kept} kept", flush=True)
        if not kept:
            raise InputError(
                f"{folder}: none of {read} rows gives a record ({_words(dropped) or 'there is no row'}); is it the set {name}, whole?"
            )
    summary = dict(
        set=name,
        rows=read,
        kept=kept,
        pictures=pictures,
        dropped=dict(dropped),
        missing=list(missing),
        labels={label: dict(sorted(counts.items())) for label, counts in labels.items()},
    )
    files.write_json(os.path.join(folder, SUMMARY), summary)
    return summary


def _words(counts):
    return ", ".join(f"{count} {what}" for what, count in sorted(counts.items()))


def convert_set(name, folder):
    """Turn the original files of a set in a folder into records, and print the summary."""
    reader = importlib.import_module(f"data_prep.{name}")
    missing = need(folder, reader)
    if missing:
        print(f"  {folder}: not there, and done without: {', '.join(missing)}")
    summary = convert(reader.rows(folder), folder, name, missing)
    print(f"{folder}/{RECORDS}: {summary['kept']} records of {summary['pictures']} pictures")
    for label, counts in summary["labels"].items():
        print(f"  {label}: {_words(counts)}")
    if summary["dropped"]:
        print(f"  dropped: {_words(summary['dropped'])}; each is named in {folder}/{DROPPED}")


@command
def main(argv=None):
    parser = argparse.ArgumentParser(
        description="Turn a dataset's original files into records.jsonl; see data_prep/README.md for the trees."
    )
    parser.add_argument("set", choices=SETS)
    parser.add_argument("--folder", help="where the set stands, default data/<set>")
    args = parser.parse_args(argv)
    convert_set(args.set, args.folder or os.path.join("data", args.set))


if __name__ == "__main__":
    sys.exit(main())
