"""Which sets feed which databases: the towers' training sets, validation, and fine-tuning.

The readers declare it (data_prep.reader); here it is held against the sets that are there and the
labels that they have.
"""

from __future__ import annotations

import collections
import os
from collections.abc import Iterator, Mapping
from typing import NamedTuple, Optional

from allinone import reading, tasks
from allinone.errors import InputError
from data_prep import conversion, reader
from data_prep.sources import survey

VALIDATION, FINETUNE = "val", "finetune"  # folders of databases


class Feed(NamedTuple):
    """A set, its records, and the towers that take the same parts of it."""

    name: str
    records: str
    splits: Optional[list[str]]  # None: all
    towers: list[str]


class Plan(NamedTuple):
    """A feed and where its databases are to stand."""

    folder: str
    feed: Feed
    apart: bool  # whether each tower's database stands in a folder of the set's name


def records_of(name: str, folder: str) -> str:
    """Return the records file of a set in its folder; it is made where it is not there yet."""
    path = os.path.join(folder, conversion.RECORDS)
    if not os.path.isfile(path) or conversion.is_outdated(name, folder):
        conversion.convert_set(name, folder)
    return path


def labels_of(records: str) -> set[str]:
    """Return the labels that a records file has, by the summary beside it."""
    summary = os.path.join(os.path.dirname(records), conversion.SUMMARY)
    return set(reading.read_json(summary, "convert the set again", conversion.Summary)["labels"])


def label_of(tower: str) -> str:
    """Return the label, as a summary names it, without which a tower learns nothing of a set."""
    if tower == tasks.REGION_TOWER:
        return "faces"
    return tasks.aligned_task(tower).label


def feeds_of(
    name: str,
    records: str,
    listed: Mapping[str, reader.Splits],
    if_there: Mapping[str, reader.Splits],
) -> list[Feed]:
    """Return the feeds of a set, one for each choice of its parts.

    listed, if_there: {tower: splits} that the set feeds, the second only if the user names it. A
    tower is left out, and that is said, where the set has no such label.
    """
    there, by_splits = labels_of(records), collections.defaultdict(list)
    splits_of = {**if_there, **listed}
    for tower in tasks.TOWERS:
        if tower not in splits_of:
            continue
        if label_of(tower) in there:
            by_splits[splits_of[tower]].append(tower)
        else:
            print(f"  {name} has no label '{label_of(tower)}': tower {tower} does without it")
    return [
        Feed(name, records, None if splits is None else list(splits), towers)
        for splits, towers in by_splits.items()
    ]


def _finetuning(name, records):
    """Yield (folder, feed) of the databases with which the net is fine-tuned for a benchmark."""
    by_turns, whole, by_splits = [], [], collections.defaultdict(list)
    for tower, splits in reader.load(name).finetunes.items():
        if splits in (reader.BY_TURNS, reader.TURNS_AND_WHOLE):
            by_turns.append(tower)
            whole += [tower] if splits == reader.TURNS_AND_WHOLE else []
        else:
            by_splits[splits].append(tower)
    for splits, towers in by_splits.items():
        yield name, Feed(name, records, list(splits), towers)
    if by_turns:
        parts = sorted(part for part in survey(records).splits if part is not None)
        for number, part in enumerate(parts, 1):
            others = [other for other in parts if other != part]
            folder = os.path.join(name, f"fold_{number:02d}")
            yield folder, Feed(name, records, others, by_turns)
    if whole:
        yield os.path.join(name, reader.WHOLE), Feed(name, records, None, whole)


def plans_of(folders: Mapping[str, str], out: str, named: bool) -> Iterator[Plan]:
    """Yield what is to be built of some sets, {name: folder}, into the folder `out`.

    named: whether the user has named the sets. Only then there are databases for fine-tuning, and
    of what a set feeds if it is named.
    """
    which = {name: reader.load(name) for name in folders}
    for name, one in which.items():
        if_there = one.if_named if named else {}
        if one.trains or if_there:
            records = records_of(name, folders[name])
            for feed in feeds_of(name, records, one.trains, if_there):
                yield Plan(out, feed, True)
    validated = {tower for one in which.values() for tower in one.validates}
    for name, one in which.items():
        of_others = validated.difference(one.validates)
        if_there = one.validates_if_named if named else {}
        if_there = {tower: some for tower, some in if_there.items() if tower not in of_others}
        if one.validates or if_there:
            records = records_of(name, folders[name])
            there = labels_of(records)  # what is not there was said above
            if_there = {tower: if_there[tower] for tower in if_there if label_of(tower) in there}
            for feed in feeds_of(name, records, one.validates, if_there):
                yield Plan(os.path.join(out, VALIDATION), feed, False)
    for name, one in which.items():
        if named and one.finetunes:
            records = records_of(name, folders[name])
            for folder, feed in _finetuning(name, records):
                yield Plan(os.path.join(out, FINETUNE, folder), feed, False)


def _there(sets, data):
    """Return the names, of {tower: {set: splits}}, whose folders are there."""
    names = {name for some in sets.values() for name in some}
    return {name for name in names if os.path.isdir(os.path.join(data, name))}


def _lacking(training, learnt, data):
    """Return, for people, which training sets are not there and what learns from each."""
    towers = collections.defaultdict(list)
    for tower, sets in training.items():
        for name in sets:
            towers[name].append(tower)
    lacking = sorted(set(towers) - learnt)
    return "; ".join(f"{data}/{name} for {', '.join(towers[name])}" for name in lacking)


def sets_there(data: str) -> list[str]:
    """Return the sets to train and validate with that stand in a folder, and say which do not.

    InputError where a tower has none to learn from.
    """
    training = reader.training_sets()
    learnt = _there(training, data)
    lacking = _lacking(training, learnt, data)
    for tower, sets in training.items():
        if not set(sets) & learnt:
            raise InputError(
                f"{data}: tower {tower} has none of its training sets "
                f"({', '.join(sets) or 'no reader names one'}). Not there: {lacking}. "
                "data_prep/README.md shows the trees and whom to ask; for sets of your own, "
                'SETS="custom utkface"'
            )
    if lacking:
        print(f"not there, and done without: {lacking}")
    return sorted(learnt | _there(reader.validation_sets(), data))
