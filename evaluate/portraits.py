"""A model on sets of real portraits: what it says of them, the rows of all tasks, and of groups.

The faces are aligned by the model's own landmarks, found in the given box.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Optional

import numpy as np

from allinone import tasks
from allinone.errors import InputError
from allinone.record import FaceRecord
from data_prep.parts import TEST
from evaluate import answers, predictions, task_figures
from evaluate.real_rows import ETHNICITIES, ONLY, Pair, ethnicity, rows_of
from evaluate.rows import Row

SETS = ("celeba", "utkface")
OTHERS = ("mtfl",)  # measured where they are there
FEW = 10  # faces; of a smaller group no figure is given
AGES = ((0, 16), (16, 30), (30, 50), (50, 120))
YAWS = ((0, 15), (15, 30), (30, 90))


class Asked(NamedTuple):
    """What a model says of the test part of a set."""

    pairs: list[Pair]
    not_found: int  # faces
    unreadable: int  # pictures


def ask(records: str, model: str, out: str, engine: str, gpu: str) -> Asked:
    """Return what a model says of the test part of a set; InputError where there is none.

    records: path; model: its folder; lines and descriptors go to the folder `out`.
    """
    pictures = [one for one in predictions.records_in(records) if one[1][0].split == TEST]
    if not pictures:
        raise InputError(f"{records}: no picture of split {TEST} to measure on; add some")
    settings = predictions.settings_of(
        records,
        {TEST: model},
        kind=answers.FACES,
        proposals="dense",
        score=answers.ALIGNED,
        stage=2,
        attributes=False,
    )
    said = predictions.predict(
        out,
        os.path.dirname(records),
        pictures,
        {TEST: model},
        settings,
        engine,
        descriptors=True,
        gpu=gpu,
    )
    pairs = predictions.pair_up(pictures, said)
    for (_, found), descriptor in zip(pairs, predictions.read_descriptors(out)):
        found.descriptor = descriptor
    readable = [faces for (_, faces), one in zip(pictures, said) if one.error is None]
    not_found = sum(map(len, readable)) - len(pairs)
    return Asked(pairs, not_found, predictions.unreadable(said, records, out))


def rows(
    portraits: Mapping[str, Sequence[Pair]], embedding: Optional[np.ndarray] = None
) -> list[Row]:
    """Return the rows of all tasks of sets {name: pairs}; embedding: the model's TPE, or None."""
    found = []
    for task in task_figures.OF_FACES:
        for name, pairs in portraits.items():
            found += rows_of(name, task, pairs, embedding)
    return found


class Group(NamedTuple):
    """Some of the people, in words, and how to know them."""

    words: str
    wanted: Callable[[FaceRecord], bool]
    is_age: bool = False


def _of_age(low: int, high: int) -> Group:
    def wanted(face):
        return face.age is not None and low <= face.age < high

    return Group(f"{low} to {high - 1} years", wanted, is_age=True)


def _called(number: int, word: str) -> Group:
    return Group(f"called {word}", lambda face: ethnicity(face.image) == number)


def _of_gender(number: int, word: str) -> Group:
    return Group(word, lambda face: face.gender == number)


def _turned(low: int, high: int) -> Group:
    def wanted(face):
        return face.pose is not None and low <= abs(face.pose[2]) < high

    return Group(f"turned {low} to {high}°", wanted)


GROUPS = (
    *(_of_age(*ages) for ages in AGES),
    *(_called(*named) for named in enumerate(ETHNICITIES)),
    *(_of_gender(*named) for named in enumerate(("men", "women"))),
    *(_turned(*yaws) for yaws in YAWS),
)


def group_rows(portraits: Mapping[str, Sequence[Pair]]) -> list[Row]:
    """Return rows by age, by what UTKFace calls ethnicity, by gender and by yaw, for the card.

    Of the probabilities and numbers of stage 2, in groups of FEW faces and more. A task that
    is measured on some faces of a set only is measured on these in all groups but those by age.
    """
    found = []
    for task in tasks.of_stage(2):
        if task.kind in (tasks.PROBABILITY, tasks.NUMBER):
            for name, pairs in portraits.items():
                for group in GROUPS:
                    found += _group_row(name, task, pairs, group)
    return found


def _group_row(name, task, pairs, group) -> list[Row]:
    words, only = f"{task.figure.means}, {group.words}", ONLY.get((name, task.name))
    pairs = [pair for pair in pairs if group.wanted(pair[0])]
    if only and not group.is_age:
        words += f", {only.words}"
        pairs = [pair for pair in pairs if only.wanted(pair[0])]
    some = task_figures.labelled(task, pairs)
    if some is None or len(some.records) < FEW:
        return []
    return [Row(name, task.name, words, task_figures.with_interval(some), task.figure.unit)]
