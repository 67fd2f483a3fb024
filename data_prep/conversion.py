"""From a dataset's original files to records: what is the same for every set.

A reader (data_prep/reader.py) yields records and dropped rows. Here each is checked, counted and
written at once: records.jsonl, dropped.jsonl, the reader's side files and summary.json, all beside
the original files. Memory holds counts, and a number for each face to find repetitions.
"""

from __future__ import annotations

import collections
import contextlib
import glob
import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, replace
from typing import Optional, TextIO, TypedDict, Union

from allinone import files, folders, reading, record, store, tasks
from allinone.errors import InputError
from allinone.record import FaceRecord
from data_prep import reader
from data_prep.reader import Dropped, Reader, SideFile
from data_prep.record_checks import Checker

RECORDS, DROPPED, SUMMARY = "records.jsonl", store.DROPPED, "summary.json"
DRAWN = "drawn_set.txt"  # in the folder of a set that data_prep.layouts wrote: results say so
KIND = folders.Kind(
    "converted set",
    holds=(RECORDS, DROPPED, SUMMARY),
    proofs={SUMMARY: frozenset({"set", "rows", "kept", "pictures", "dropped"})},
)
SHOW_EVERY = 5.0  # seconds between lines of progress


def absent(folder: str, patterns: Iterable[str]) -> list[str]:
    """Return the patterns that no file in a folder matches."""
    root = glob.escape(folder)
    return [pattern for pattern in patterns if not glob.glob(os.path.join(root, pattern))]


def missing_files(folder: str, which: Reader) -> list[str]:
    """Return the files of a set that are absent and that its reader can do without.

    InputError that names every absent file where it cannot.
    """
    needed, missing = absent(folder, which.needs), absent(folder, which.any_of)
    if needed or (which.any_of and len(missing) == len(which.any_of)):
        raise InputError(
            f"{folder}: files of {which.title} are missing: {', '.join([*needed, *missing])}; "
            "data_prep/README.md shows the tree of the set and whom to ask for it"
        )
    return missing


def sources_of(which: Reader, folder: str) -> dict[str, str]:
    """Return {name: sha256} of the files of a set that are written by hand; {} of other sets."""
    if not which.by_hand:
        return {}
    root, found = glob.escape(folder), {}
    for path in sorted(path for one in which.needs for path in glob.glob(f"{root}/{one}")):
        if os.path.isfile(path):
            reading.opened(path, "check the file and its rights").close()
            found[os.path.basename(path)] = files.sha256(path)
    return found


def is_outdated(name: str, folder: str) -> bool:
    """Tell whether a set that is written by hand has changed since it was converted.

    A file that was moved here keeps its time, so that an older one can be another one.
    """
    sources = sources_of(reader.load(name), folder)
    converted = os.path.getmtime(os.path.join(folder, RECORDS))
    if any(os.path.getmtime(os.path.join(folder, one)) > converted for one in sources):
        return True
    summary = os.path.join(folder, SUMMARY)
    if not sources or not os.path.isfile(summary):
        return False
    known = reading.read_json(summary, "convert the set again", Summary).get("sources")
    return known is not None and known != sources


class _Summary(TypedDict):
    labels: dict[str, dict[str, int]]
    dropped: dict[str, int]
    missing: list[str]


class Summary(_Summary, total=False):
    """What of a summary.json is read again."""

    sources: dict[str, str]  # of `sources_of`


# ---- Histograms for summary.json: bins that suit the kind of a task.
def decade_of(value: float) -> str:
    """Return the decade of a number, 20-29."""
    first = int(value) // 10 * 10
    return f"{first}-{first + 9}"


def yaw_bin_of(angles: list[float]) -> str:
    """Return the bin of |yaw|, 0-30 to 90-120 degrees."""
    first = min(int(abs(angles[2]) // 30) * 30, 90)
    return f"{first}-{first + 30}"


def bin_of(face: FaceRecord, task: tasks.Task) -> Optional[tuple[str, str]]:
    """Return (histogram, bin) of a record's label of a task.

    None where the label is unknown, and for the box and the visibility, which are counted with the
    faces and with the landmarks.
    """
    value = getattr(face, task.label)
    if value is None or task.label == "box" or task.kind == tasks.VISIBILITY:
        return None
    if task.kind == tasks.PROBABILITY:
        return task.label, str(value)
    if task.kind == tasks.NUMBER:
        return task.label, decade_of(value)
    if task.kind == tasks.ANGLES:
        return "|yaw|", yaw_bin_of(value)
    return task.label, "faces with some" if task.kind == tasks.POINTS else "faces with one"


def bins_of(face: FaceRecord) -> Iterator[tuple[str, str]]:
    """Yield the (histogram, bin) pairs of a record."""
    if face.box is not None:
        yield "faces", "with a box"
    else:
        yield "faces", "with labels and no box" if face.lacks_box() else "none in the picture"
    if face.split is not None:
        yield "split", face.split
    for task in tasks.TASKS:
        found = bin_of(face, task)
        if found:
            yield found


# ---- Conversion.
class _Writer:
    """Checks rows, writes them as records or as dropped rows, and counts them."""

    def __init__(self, folder: str, name: str, records: TextIO, dropped: TextIO) -> None:
        self.name, self.records, self.dropped = name, records, dropped
        self.checker = Checker(folder)
        self.reasons = collections.Counter()
        self.labels = collections.defaultdict(collections.Counter)  # {histogram: {bin: count}}
        self.read = self.kept = self.pictures = 0
        self.image, self.shown = None, time.monotonic()
        self.first = None  # the first dropped row

    def add(self, row: Union[FaceRecord, Dropped]) -> None:
        """Write and count a row."""
        self.read += 1
        if not isinstance(row, Dropped):
            problem = self.checker.problem(row)
            if problem:
                row = Dropped(row.image, *problem)
        if isinstance(row, Dropped):
            self.first = self.first or row
            self.reasons[row.reason] += 1
            self.dropped.write(json.dumps(asdict(row)) + "\n")
        else:
            self._keep(row)
        if time.monotonic() - self.shown > SHOW_EVERY:
            self.shown = time.monotonic()
            print(f"  {self.name}: {self.read} rows read, {self.kept} kept", flush=True)

    def _keep(self, face):
        self.kept += 1
        self.pictures += face.image != self.image
        self.image = face.image
        for histogram, bin_ in bins_of(face):
            self.labels[histogram][bin_] += 1
        self.records.write(record.to_line(face))

    def first_words(self) -> str:
        """Return what is wrong with the first dropped row, for the end of a message."""
        first = self.first
        return f"; the first row: {first.where}: {first.detail or first.reason}" if first else ""

    def summary(self, missing: Iterable[str]) -> dict:
        """Return what goes into summary.json."""
        return dict(
            set=self.name,
            rows=self.read,
            kept=self.kept,
            pictures=self.pictures,
            dropped=dict(self.reasons),
            missing=list(missing),
            labels={label: dict(sorted(counts.items())) for label, counts in self.labels.items()},
        )


def _readable(rows, folder):
    """Yield from a reader's generator; InputError where it cannot open or read one of its files."""
    try:
        yield from rows
    except OSError as error:
        place = error.filename or folder
        raise InputError(
            f"{place}: cannot be read ({error.strerror or error}); check the file and its rights"
        ) from None


def _as_line(item):
    return (item if isinstance(item, str) else json.dumps(item)) + "\n"


def _words(counts):
    return ", ".join(f"{count} {what}" for what, count in sorted(counts.items()))


def convert(
    rows: Iterable[Union[FaceRecord, Dropped]],
    folder: str,
    name: str,
    missing: Iterable[str] = (),
    side_files: Optional[Mapping[str, SideFile]] = None,
    sources: Optional[Mapping[str, str]] = None,
) -> dict:
    """Write records.jsonl, dropped.jsonl, the side files and summary.json into a folder.

    missing: files that the reader did without. side_files: {file: function(folder)}, as in Reader;
    sources: of `sources_of`, for the summary. Return the summary. InputError where no row gives a
    record or a file is malformed, or where a file of one of these names is not the kit's; no file
    is replaced then.
    """
    kind = replace(KIND, holds=(*KIND.holds, *(side_files or ())))
    with folders.only_one(folder), contextlib.ExitStack() as stack:
        folders.claim(folder, kind)
        streams = []

        def opened(file: str) -> TextIO:
            streams.append(stack.enter_context(files.replacing(os.path.join(folder, file))))
            return streams[-1]

        writer = _Writer(folder, name, opened(RECORDS), opened(DROPPED))
        for row in _readable(rows, folder):
            writer.add(row)
        if not writer.kept:
            raise InputError(
                f"{folder}: none of {writer.read} rows gives a record "
                f"({_words(writer.reasons) or 'there is no row'}); "
                f"check that it holds the whole set '{name}' (data_prep/README.md)"
                f"{writer.first_words()}"
            )
        for file, items_of in (side_files or {}).items():
            opened(file).writelines(map(_as_line, _readable(items_of(folder), folder)))
        summary = writer.summary(missing) | ({"sources": dict(sources)} if sources else {})
        # The last that is opened takes its place first: it proves whose the others are.
        opened(SUMMARY).write(json.dumps(summary, indent=1) + "\n")
        for stream in streams:  # on a full disk none takes its place
            stream.flush()
    return summary


def convert_set(name: str, folder: str) -> None:
    """Turn the original files of a set in a folder into records, and print the summary."""
    which = reader.load(name)
    missing = missing_files(folder, which)
    if missing:
        print(f"  {folder}: done without these files: {', '.join(missing)}")
    sources = sources_of(which, folder)  # first: a file may change while it is read
    summary = convert(which.rows(folder), folder, name, missing, which.side_files, sources)
    print(f"{folder}/{RECORDS}: {summary['kept']} records of {summary['pictures']} pictures")
    for label, counts in summary["labels"].items():
        print(f"  {label}: {_words(counts)}")
    if summary["dropped"]:
        print(f"  dropped: {_words(summary['dropped'])}; each is named in {folder}/{DROPPED}")
