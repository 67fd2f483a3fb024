"""The folder of a fused model: its files, their hashes, its sizes, the score that it is used with.

    deploy.prototxt, allinone.caffemodel    the fused net
    dense.prototxt, dense.caffemodel        stage 1 as convolutions alone, which proposes regions
    proposal.prototxt, proposal.caffemodel  the proposal net, which proposes them faster
    screen.prototxt, screen.caffemodel      the screening net, which looks closer at what that takes
                                            for faces
    *.onnx                                  the same for programs that read ONNX (allinone export)
    *.fp16.onnx                             the same in half precision
    tpe.h5                                  an embedding of its descriptors (evaluate.learn_tpe)
    model.json                              what is in the folder: `About`
    provenance.json                         where it comes from, for people and for reports

Every file but model.json has its hash there. No Caffe is needed to open one.
"""

from __future__ import annotations

import math
import os
import re
from typing import Any, Optional

import msgspec

from allinone import closure, folders, reading, tasks
from allinone.errors import InputError
from allinone.log_odds import Scale
from allinone.profiles import EYES, LEAST_EYES, MOST_EYES

ABOUT, PROVENANCE, TPE = "model.json", "provenance.json", "tpe.h5"
FUSED = ("deploy.prototxt", "allinone.caffemodel")
DENSE = ("dense.prototxt", "dense.caffemodel")
PROPOSAL = ("proposal.prototxt", "proposal.caffemodel")
SCREEN = ("screen.prototxt", "screen.caffemodel")
NETS = (FUSED, DENSE, PROPOSAL, SCREEN)
SHIPPED = "models/small"  # the model that comes with the kit, from its root or from the library
VARIABLE = "ALLINONE_MODEL"  # of the environment: folder of the model that is used by default
SCORE = 0.9  # our choice: least detection score that is reported where a model has none of its own
FORMAT = 1  # of model.json
# Patterns of files that are added later.
FURTHER = (*(f"{weights.split('.')[0]}*.onnx" for _, weights in NETS), TPE)
KIND = folders.Kind(
    "model",
    holds=(
        *(name for names in NETS for name in names),
        *FURTHER,
        *(f"{name}.new" for name in (*FURTHER, *PROPOSAL, *SCREEN, PROVENANCE)),
        *(ABOUT, PROVENANCE),
    ),
    proofs={
        ABOUT: frozenset({"format", "profile", "input_size", "stages", "files"}),
        PROVENANCE: frozenset({"profile", "parameters", "sources", "tower_from"}),
    },
)
STAGES = ("1", "2")
MOST_BYTES, MOST_ABOUT = 4 << 30, 1 << 20  # of a file of a model, and of model.json
MOST_PIXELS = 1 << 12  # a side of the input
AGAIN = "get the model again, or fuse again"


class Calibration(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """By what the log odds of a task were scaled; its last layer has it already."""

    factor: float
    shift: float = 0.0
    found_by: dict[str, Any] = {}

    @property
    def scale(self) -> Scale:
        """Return factor and shift."""
        return Scale(self.factor, self.shift)


class About(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """What model.json says."""

    format: int
    profile: str
    input_size: int  # pixels, square
    stages: dict[str, dict[str, str]]  # {"1" or "2": {output of a task: blob}}
    files: dict[str, str]  # {file: sha256}
    score: Optional[float] = None  # least detection score that is reported
    score_from: dict[str, Any] = {}  # how the score was found
    scores: dict[str, float] = {}  # of ways to propose regions that have another one
    scores_from: dict[str, dict[str, Any]] = {}
    calibration: dict[str, Calibration] = {}  # of tasks, from the net as it was trained
    eyes: float = EYES  # how far apart eye centres are in the aligned faces that stage 2 takes


class Model:
    """A model's folder, opened: every file in it is the one that the model was written with."""

    def __init__(self, folder: str, about: About) -> None:
        """Take what `open_model` has read and checked."""
        self.folder, self.about = folder, about

    @property
    def profile(self) -> str:
        """Return the name of its profile."""
        return self.about.profile

    @property
    def input_size(self) -> int:
        """Return the side of its input in pixels."""
        return self.about.input_size

    @property
    def eyes(self) -> float:
        """Return how far apart eye centres of its aligned faces are, as a share of the side."""
        return self.about.eyes

    @property
    def score(self) -> float:
        """Return the least detection score of a face that is reported."""
        return SCORE if self.about.score is None else self.about.score

    def score_of(self, proposals: str) -> float:
        """Return the same where regions are proposed in a way of allinone.searching.PROPOSALS."""
        return self.about.scores.get(proposals, self.score)

    def calibrated(self, score: float) -> float:
        """Return what a detection score of the net as it was trained has become since."""
        found = self.about.calibration.get("detection")
        return float(found.scale.applied(score)) if found else score

    @property
    def sha256(self) -> str:
        """Return the hash of its weights, which tells it from all others."""
        return self.about.files[FUSED[1]]

    def has(self, name: str) -> bool:
        """Tell whether a file is part of the model."""
        return name in self.about.files

    def path(self, name: str) -> str:
        """Return the path of one of its files; InputError, with the mend, where it has none."""
        if not self.has(name):
            raise InputError(f"{os.path.join(self.folder, name)}: not in this model; {_mend(name)}")
        return os.path.join(self.folder, name)

    def tasks_of(self, stage: int) -> list[tasks.Task]:
        """Return the tasks that a stage answers; InputError where the net lacks that stage.

        A fused net has both stages; a net that is older than a task of the table does not answer
        it. The net of one tower has one stage.
        """
        answered = self.about.stages.get(str(stage), {})
        needed = tasks.of_stage(stage)
        missing = [task for task in needed if task.output not in answered]
        if not answered or (stage == 1 and missing):
            raise InputError(
                f"{os.path.join(self.folder, FUSED[0])}: no output '{missing[0].output}', which "
                f"stage {stage} needs; give the folder of a fused model (make fuse)"
            )
        return [task for task in tasks.TASKS if task.output in answered]

    def outputs(self, stage: int) -> dict[str, str]:
        """Return {output: blob} of a stage; InputError where the net lacks that stage."""
        blobs = self.about.stages.get(str(stage), {})
        return {task.output: blobs[task.output] for task in self.tasks_of(stage)}


def _mend(name: str) -> str:
    """Return how a file comes into a model's folder."""
    if name.endswith(".onnx"):
        return "write it with make export MODEL=<folder>"
    if name == TPE:
        return "learn it with python -m evaluate.learn_tpe, or leave --tpe out"
    if name in DENSE:
        return "use --proposals selective-search, or give the folder of a fused model (make fuse)"
    if name in PROPOSAL:
        return "use --proposals dense, or train the net (make train-proposal) and fuse again"
    if name in SCREEN:
        return "train it (make train-screen) and fuse again"
    return "fuse again (make fuse)"


def onnx_name(weights: str) -> str:
    """Return the file name of the ONNX form of a caffemodel."""
    return f"{os.path.splitext(weights)[0]}.onnx"


def fp16_name(weights: str) -> str:
    """Return the file name of the ONNX form of a caffemodel in half precision."""
    return f"{os.path.splitext(weights)[0]}.fp16.onnx"


def measured_in(folder: str, name: str) -> str:
    """Return the folder for what is measured of a model, beside its own, which fusing replaces."""
    return os.path.join(f"{os.path.normpath(folder)}-eval", name)


def shipped() -> str:
    """Return the folder of the model that comes with the kit; InputError where it is not there."""
    for place in (closure.LIBRARY, closure.ROOT):  # as pip installs it, and in a checkout
        folder = os.path.join(place, SHIPPED)
        if os.path.isdir(folder):
            return folder
    raise InputError(
        f"{folder}: the model that comes with the kit is not there; get it again "
        f"(git checkout {SHIPPED}, or pip install), name another model's folder, or set {VARIABLE}"
    )


def default() -> str:
    """Return the folder that ALLINONE_MODEL names, else that of the model that comes with the kit.

    InputError where it is not there.
    """
    named = os.environ.get(VARIABLE)
    if not named:
        return shipped()
    if not os.path.isdir(named):
        raise InputError(
            f"{VARIABLE}={named}: no such folder; give that of a fused model, or unset {VARIABLE}"
        )
    return named


def is_model(folder: str) -> bool:
    """Tell whether a folder holds a model."""
    return os.path.isfile(os.path.join(folder, ABOUT))


def read_about(folder: str) -> About:
    """Return what a folder's model.json says; InputError where there is none or it is broken."""
    path = os.path.join(folder, ABOUT)
    if os.path.isfile(os.path.join(folder, FUSED[0])) and not os.path.lexists(path):
        raise InputError(
            f"{path}: missing; the model was made before the hashes of its files were kept "
            "there, so nobody can tell whether they are whole; fuse again (make fuse)"
        )
    mend = "give the folder of a fused model (make fuse writes one)"
    try:
        about = msgspec.json.decode(reading.read_bytes(path, mend, MOST_ABOUT), type=About)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: broken ({error}); {AGAIN}") from None
    wrong = _what_is_wrong(about)
    if wrong:
        raise InputError(f"{path}: {wrong}; {AGAIN}")
    return about


def _what_is_wrong(about: About) -> str:
    """Return what no model of the kit has in its model.json, in words, or ""."""
    known = {TPE, PROVENANCE}
    for net, weights in NETS:
        known |= {net, weights, onnx_name(weights), fp16_name(weights)}
    strange = [name for name in about.files if name not in known]
    if about.format != FORMAT:
        return f"format {about.format}, this kit reads {FORMAT}"
    if strange or not set(FUSED) <= set(about.files):
        return f"its list of files is wrong ({', '.join(strange or FUSED)})"
    if not all(re.fullmatch("[0-9a-f]{64}", digest) for digest in about.files.values()):
        return "a hash in its list of files is no sha256"
    if not 0 < about.input_size <= MOST_PIXELS:
        return f"input_size {about.input_size} is not from 1 to {MOST_PIXELS}"
    if not set(about.stages) <= set(STAGES):
        return f"stages are {', '.join(STAGES)}, not {', '.join(about.stages)}"
    if not LEAST_EYES <= about.eyes <= MOST_EYES:
        return f"eyes {about.eyes} is not from {LEAST_EYES} to {MOST_EYES}"
    for score in (about.score or 0.0, *about.scores.values()):
        if not (math.isfinite(score) and 0 <= score <= 1):
            return f"score {score} is not from 0 to 1"
    for name, one in about.calibration.items():
        if not (math.isfinite(one.shift) and math.isfinite(one.factor) and one.factor > 0):
            return f"calibration of {name}: factor {one.factor}, shift {one.shift} scale nothing"
    return ""


def open_model(folder: str | os.PathLike | None = None) -> Model:
    """Open a model, default that of ALLINONE_MODEL, else the one that comes with the kit.

    InputError where a file is missing, or is not the one that the model was written with.
    """
    folder = os.fspath(folder or default())
    about = read_about(folder)
    for name, digest in about.files.items():
        path = os.path.join(folder, name)
        if os.path.isfile(path) and os.path.getsize(path) > MOST_BYTES:
            raise InputError(f"{path}: larger than {MOST_BYTES} bytes; {AGAIN}")
        reading.refuse_changed(path, digest, ABOUT, AGAIN)
    return Model(folder, about)
