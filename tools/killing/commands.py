"""The commands that go on where they were stopped, each with small inputs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from tools.killing import inputs


@dataclass(frozen=True)
class Killed:
    """A command to be killed."""

    name: str
    command: str  # module and arguments; {inputs} and {work}: folders
    reads: Sequence[str] = ()  # of inputs.MAKERS
    changes: Sequence[str] = ()  # of those it gets copies of in its folder {work}

    def arguments(self, folder: str, work: str) -> list[str]:
        """Return module and arguments, for the folder of the inputs and that of the command."""
        return [part.format(inputs=folder, work=work) for part in self.command.split()]


TRAIN = "tools.train --profile tiny --db {inputs}/db --out {work}/run --resume"
# Nothing else lists what is killed. Each takes a few seconds.
COMMANDS = (
    Killed(
        "synthetic",
        "data_prep.synthetic --kind portraits --count 60 --identities 9 --out {work}/faces",
    ),
    Killed("convert", "data_prep.convert celeba --folder {work}/celeba", changes=("celeba",)),
    Killed(
        "locate",
        "data_prep.locate --records {work}/unlocated/records.jsonl --model {inputs}/model",
        reads=("model",),
        changes=("unlocated",),
    ),
    Killed(
        "composites",
        "data_prep.composites --records {inputs}/small/records.jsonl --count 60 --out {work}/made",
        reads=("small",),
    ),
    Killed(
        "build_db aligned",
        "data_prep.build_db aligned --records {inputs}/small/records.jsonl --out {work}/db",
        reads=("small",),
    ),
    Killed(
        "build_db scenes",
        "data_prep.build_db scenes --records {work}/small/records.jsonl --out {work}/db",
        changes=("small",),
    ),
    Killed(
        "train",
        f"{TRAIN} --job gender --iterations 30 --snapshot 5",
        reads=("db",),
    ),
    Killed(
        "train, 2 processes",
        f"{TRAIN} --job smile --iterations 20 --snapshot 4 --cores 2",
        reads=("db",),
    ),
    Killed(
        "fuse",
        "tools.fuse --run {inputs}/run --out {work}/model",
        reads=("run",),
    ),
    Killed("export_onnx", "tools.export_onnx --model {work}/model", changes=("model",)),
    Killed(
        "analyze",
        "tools.analyze {inputs}/scenes/images --model {inputs}/model --engine opencv --batch 1 "
        "--descriptor --csv --out {work}/out",
        reads=("scenes", "model"),
    ),
    Killed(
        "measure",
        "evaluate.measure lfw --data {work}/lfw --model {inputs}/model --engine opencv "
        "--out {work}/out",
        reads=("model",),
        changes=("lfw",),
    ),
    Killed(
        "learn_tpe",
        "evaluate.learn_tpe --model {work}/model --db {inputs}/db/id "
        "--held-out {inputs}/db/val/id --iterations 3000",
        reads=("db",),
        changes=("model",),
    ),
    Killed(
        "enroll",
        "tools.identify enroll {inputs}/lfw/lfw/Person_0 --engine opencv "
        "--gallery {work}/people.h5",  # with the shipped model
        reads=("lfw",),
    ),
    Killed(
        "recipe: finetune",
        "tools.recipes.finetune fotw --profile tiny --db {inputs}/tuning --run {inputs}/run "
        "--out {work}/out --iterations 6 --cores 1",
        reads=("tuning", "run"),
    ),
)


def chosen(names: Sequence[str]) -> list[Killed]:
    """Return the commands of some names, all where none is given; KeyError for an unknown name."""
    by_name = {one.name: one for one in COMMANDS}
    return [by_name[name] for name in names] if names else list(COMMANDS)


def prepare(one: Killed, folder: str) -> None:
    """Make the inputs of a command that are not there yet."""
    for name in (*one.reads, *one.changes):
        inputs.make(os.path.abspath(folder), name)
