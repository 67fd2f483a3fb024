"""What is trained when, from what, how long and how fast.

The jobs are pre-training, the joint net, each sub-network alone, the baseline, and fine-tuning. The
paper states the age switch and nothing else of its solver. Every other number is our choice; each
carries its reason, which is written with it into the solver files.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from allinone.profiles import Profile
from allinone.tasks import (
    AGE_GAUSSIAN_WEIGHT,
    DESCRIPTOR,
    DISTILL,
    HYPERFACE,
    PROPOSAL,
    SCREEN,
    TOWERS,
    Task,
    tasks_of,
)

AGE_SWITCH_ITERATION = 20000  # eq. 6: lambda is 0 until here, then 1 (section III-C4)


@dataclass(frozen=True)
class Job:
    """One training: which net, from what, how long."""

    name: str
    towers: tuple[str, ...]  # the sub-networks of its net
    iterations: int
    base_lr: float
    why: str  # of base_lr and iterations
    init: str = ""  # the job whose weights it starts from; "": random weights
    age_switch: int = 0  # iteration at which lambda of eq. 6 goes from 0 to 1
    age_ramp: int = 0  # iterations that it takes to rise; 0: at once, as in the paper
    age_weight: float = AGE_GAUSSIAN_WEIGHT  # of eq. 6's Gaussian term; 1: as printed
    batch: dict[str, int] = field(default_factory=dict)  # where it differs from the profile's
    without_dropout: tuple[str, ...] = ()  # further sub-networks that have no dropout
    folds: int = 0  # where above 0: a database and a run of its own for each fold
    # 0: the identity net learns who somebody is; else another net's descriptors of so many numbers,
    # in the files that are committed: a run takes the number from its databases.
    teacher: int = 0
    # The tasks whose own layers alone learn (prototxt.network.branch); (): every layer learns. The
    # paper fine-tunes "the face detection branch", "the gender and smile branches", "the age-task
    # branch" (sections IV-A, D and E). Those are the layers behind all that another task shares
    # (our choice): the others keep their answers to the bit. fddb has no labels of its other heads.
    branches: tuple[str, ...] = ()
    vary: tuple[str, ...] = ()  # further kinds of variation (python_layers.variations)
    balance: tuple[str, ...] = ()  # sub-networks whose faces are balanced over ages and genders
    weights: dict[str, float] = field(default_factory=dict)  # where they differ from the profile's

    def weight(self, task: Task, profile: Profile) -> float:
        """Return the weight of a task in eq. 8."""
        return self.weights.get(task.name) or profile.weight(task)

    def batch_of(self, tower: str, profile: Profile) -> int:
        """Return how many pictures of a sub-network are in a mini-batch."""
        return self.batch.get(tower) or profile.batch_of(tower)

    def is_taught(self, tower: str) -> bool:
        """Tell whether a sub-network learns a teacher's descriptors."""
        return bool(self.teacher) and any(task.kind == DESCRIPTOR for task in tasks_of(tower))

    def dropout_of(self, tower: str, profile: Profile) -> float:
        """Return the share of the hidden units of a sub-network that are dropped in training."""
        return 0.0 if tower in self.without_dropout else profile.dropout_of(tower)


@dataclass(frozen=True)
class Rule:
    """The solver settings that all jobs of a profile share."""

    settings: dict[str, object]
    steps: int  # learning-rate drops, where the policy has any
    snapshot: int  # iterations between snapshots
    validate: int  # iterations between validations


PAPER_RULE = Rule(
    settings=dict(
        type="SGD",
        lr_policy="step",
        gamma=0.1,
        momentum=0.9,
        weight_decay=0.0005,
        clip_gradients=35.0,
    ),
    steps=2,
    snapshot=2000,
    validate=2000,
)
SMALL_RULE = Rule(
    settings=dict(
        type="Adam",
        lr_policy="poly",
        power=1.0,
        momentum=0.9,
        momentum2=0.999,
        weight_decay=0.0002,
        clip_gradients=20.0,
    ),
    steps=0,
    snapshot=50,
    validate=300,
)
RULES: dict[str, Rule] = {"paper": PAPER_RULE, "tiny": SMALL_RULE, "small": SMALL_RULE}

# Why a setting, or its value, was chosen; the solver files repeat it line by line.
WHY: dict[str, str] = dict(
    SGD="as all nets of that time",
    Adam="reaches in hundreds of iterations what SGD needs thousands for",
    step="a tenth of the rate, each third of the way",
    poly="straight down to 0 at the last iteration",
    gamma="see lr_policy",
    stepsize="iterations",
    power="see lr_policy",
    momentum="Caffe's usual",
    momentum2="Adam's usual",
    weight_decay="not on biases and slopes",
    clip_gradients="a few bad early batches must not throw the trunk",
)

FOTW = ("smile", "gender")  # sub-networks and tasks of Faces of the World (section IV-D)
TEACHER = 128  # numbers of the descriptor in the committed files: dlib's
# Our choice, of identity beside other tasks where it has a teacher: faces of a mini-batch, each set
# beside the others, and its weight. With 32, weight 1 and dropout, held-out people were told apart
# worse after 2,000 iterations with the other tasks than before them (docs/training_notes.md).
TAUGHT_FACES, TAUGHT_WEIGHT = 48, 3.0
WINDOWS = 256  # our choice: windows of a mini-batch of the proposal net,
CLOSE_WINDOWS = 128  # and of the screening net
SAME_BUDGET = "as joint, for a comparison at the same budget"  # why of a sub-network alone


def _alone(age_switch: int, init: str = "pretrain", **same) -> list[Job]:
    """Return a job for each sub-network alone; the age loss switches as in the joint net."""
    jobs = []
    for tower in TOWERS:
        switch = age_switch if any(task.loss == "age" for task in tasks_of(tower)) else 0
        jobs.append(Job(tower, (tower,), age_switch=switch, init=init, why=SAME_BUDGET, **same))
    return jobs


def _finding(name: str, windows: int, **more: Any) -> Job:
    """Return the job of a net that finds where to look; windows: of a mini-batch."""
    return Job(name, (name,), batch={name: windows}, **more)


def _paper_jobs() -> list[Job]:
    """Return the jobs of profile paper."""
    gentle = dict(
        base_lr=0.0001,
        why="a tenth of the last full rate: the set is small and the net is trained",
        init="joint",
    )
    return [
        Job(
            "pretrain",
            ("id",),
            iterations=200000,
            base_lr=0.01,
            why="Caffe's usual from scratch; about 50 epochs of CASIA at 128",
            batch=dict(id=128),
        ),
        Job(
            DISTILL,
            ("id",),
            iterations=200000,
            base_lr=0.01,
            why="as pretrain",
            batch=dict(id=128),
            teacher=TEACHER,
        ),
        Job(
            "joint",
            TOWERS,
            iterations=200000,
            base_lr=0.001,
            why="as low as new layers on a trained trunk bear; about 20 epochs of each tower's "
            "aligned faces",
            init="pretrain",
            age_switch=AGE_SWITCH_ITERATION,
        ),
        *_alone(AGE_SWITCH_ITERATION, iterations=200000, base_lr=0.001),
        Job(
            "hyperface",
            (HYPERFACE,),
            iterations=100000,
            base_lr=0.001,
            why="about 150 epochs of AFLW's pictures: 128 regions, four a picture",
        ),
        _finding(
            PROPOSAL,
            WINDOWS,
            iterations=60000,
            base_lr=0.01,
            why="Caffe's usual from scratch; about 40 epochs of AFLW's pictures: 16 windows each",
        ),
        _finding(
            SCREEN,
            CLOSE_WINDOWS,
            iterations=120000,
            base_lr=0.01,
            why="as proposal: as many windows",
        ),
        Job("fddb", ("det",), branches=("detection",), iterations=5000, folds=10, **gentle),
        # One set for both towers, so that its shares are not the joint net's.
        Job(
            "fotw",
            FOTW,
            branches=FOTW,
            iterations=5000,
            batch=dict.fromkeys(FOTW, 32),
            **gentle,
        ),
        Job("lap2015", ("age",), branches=("age",), iterations=3000, **gentle),
        Job("fgnet", ("age",), branches=("age",), iterations=1000, folds=82, **gentle),
    ]


def _small_jobs(first: str) -> list[Job]:
    """Return the same jobs for the small nets: minutes on two cores, for the drawn set.

    first: the job that joint starts from.
    """
    full = dict(iterations=900, base_lr=0.002)
    gentle = dict(
        iterations=100,
        base_lr=0.0001,
        why="a twentieth of the full rate, a ninth of the iterations: the net is trained, the "
        "set small",
        init="joint",
    )
    return [
        Job("pretrain", ("id",), why="as joint", batch=dict(id=48), **full),
        Job(
            DISTILL,
            ("id",),
            iterations=3000,
            base_lr=0.0005,
            why="the best of 0.0005, 0.001 and 0.002, which we tried (docs/training_notes.md)",
            batch=dict(id=64),
            without_dropout=("id",),  # tried there too
            teacher=TEACHER,
        ),
        Job(
            "joint",
            TOWERS,
            why="the best over all tasks of 0.0007 to 0.002, which we tried",
            init=first,
            # Late: by Adam an earlier one may throw the tower beyond all ages (docs/training.md).
            age_switch=800,
            **full,
        ),
        *_alone(800, first, **full),
        Job("hyperface", (HYPERFACE,), why="as joint", **full),
        _finding(
            PROPOSAL,
            WINDOWS,
            iterations=3000,
            base_lr=0.002,
            why="as joint; the net is small and learns in minutes",
        ),
        _finding(SCREEN, CLOSE_WINDOWS, iterations=3000, base_lr=0.002, why="as proposal"),
        Job("fddb", ("det",), branches=("detection",), folds=10, **gentle),
        Job("fotw", FOTW, branches=FOTW, **gentle),
        Job("lap2015", ("age",), branches=("age",), **gentle),
        Job("fgnet", ("age",), branches=("age",), folds=82, **gentle),
    ]


def _by_name(jobs: list[Job]) -> dict[str, Job]:
    return {job.name: job for job in jobs}


JOBS: dict[str, dict[str, Job]] = {
    "paper": _by_name(_paper_jobs()),
    "tiny": _by_name(_small_jobs("pretrain")),
    "small": _by_name(_small_jobs(DISTILL)),
}
