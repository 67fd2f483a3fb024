"""What is trained when, from what, how long and how fast: pre-training, the joint net, towers alone, fine-tuning, the baseline.

The paper states the age switch and nothing else of its solver, so every other number is our choice; each carries its reason
and is written, with it, into solvers/<profile>/<job>.prototxt.
"""

from dataclasses import dataclass, field
from typing import Dict, Tuple

from allinone.tasks import TOWERS

AGE_SWITCH_ITERATION = 20000  # eq. 6: lambda is 0 until here, then 1 (section III-C4)


@dataclass(frozen=True)
class Job:
    """One training: which net, from what, how long."""

    name: str
    towers: Tuple[str, ...]  # the towers of its net
    iterations: int
    base_lr: float
    why: str  # of base_lr and iterations
    init: str = ""  # the job whose weights it starts from; none: random
    age_switch: int = 0  # iteration at which lambda of eq. 6 goes from 0 to 1
    age_ramp: int = 0  # iterations that it takes to rise; 0: at once, as in the paper
    batch: Dict[str, int] = field(default_factory=dict)  # where it differs from the profile's
    without_dropout: Tuple[str, ...] = ()  # towers that have none of the profile's
    folds: int = 0  # a database and a run of its own for each fold


@dataclass(frozen=True)
class Rule:
    """The solver settings that all jobs of a profile share; `steps` learning-rate drops where the policy has any."""

    settings: Dict[str, object]
    steps: int
    snapshot: int  # iterations between snapshots
    validate: int  # iterations between validations


SMALL = Rule(
    dict(
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
RULES = {
    "paper": Rule(
        dict(
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
    ),
    "tiny": SMALL,
    "small": SMALL,
}

# What a setting, or the value of one, is there for; the solver files say it line by line.
WHY = dict(
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


def _paper():
    """Return the jobs of the full networks."""
    new_on_trained = (
        "as low as new layers on a trained trunk bear; about 40 epochs of CASIA, the largest set"
    )
    alone = dict(
        iterations=200000,
        base_lr=0.001,
        init="pretrain",
        why="as joint, for a comparison at the same budget",
    )
    gentle = "a tenth of the last full rate: the set is small and the net is trained"
    return [
        Job(
            "pretrain",
            ("id",),
            200000,
            0.01,
            "Caffe's usual from scratch; about 50 epochs of CASIA at 128",
            batch=dict(id=128),
        ),
        Job(
            "joint",
            TOWERS,
            200000,
            0.001,
            new_on_trained,
            init="pretrain",
            age_switch=AGE_SWITCH_ITERATION,
        ),
        *(
            Job(tower, (tower,), age_switch=AGE_SWITCH_ITERATION if tower == "age" else 0, **alone)
            for tower in TOWERS
        ),
        Job(
            "hyperface",
            ("hyperface",),
            100000,
            0.001,
            "about 150 epochs of AFLW's pictures: 128 regions, four a picture",
        ),
        Job("fddb", ("det",), 5000, 0.0001, gentle, init="joint", folds=10),
        Job("fotw", ("smile", "gender"), 5000, 0.0001, gentle, init="joint"),
        Job("lap2015", ("age",), 3000, 0.0001, gentle, init="joint"),
        Job("fgnet", ("age",), 1000, 0.0001, gentle, init="joint", folds=82),
    ]


def _small():
    """Return the same jobs for the small nets: minutes on two cores, for the drawn set."""
    tried = "the best over all tasks of 0.0007 to 0.002, which we tried"
    alone = dict(
        iterations=900,
        base_lr=0.002,
        init="pretrain",
        why="as joint, for a comparison at the same budget",
    )
    gentle = (
        "a twentieth of the full rate, a ninth of the iterations: the net is trained, the set small"
    )
    return [
        Job("pretrain", ("id",), 900, 0.002, "as joint", batch=dict(id=48)),
        Job("joint", TOWERS, 900, 0.002, tried, init="pretrain", age_switch=800),
        *(
            Job(tower, (tower,), age_switch=800 if tower == "age" else 0, **alone)
            for tower in TOWERS
        ),
        Job("hyperface", ("hyperface",), 900, 0.002, "as joint"),
        Job("fddb", ("det",), 100, 0.0001, gentle, init="joint", folds=10),
        Job("fotw", ("smile", "gender"), 100, 0.0001, gentle, init="joint"),
        Job("lap2015", ("age",), 100, 0.0001, gentle, init="joint"),
        Job("fgnet", ("age",), 100, 0.0001, gentle, init="joint", folds=82),
    ]


JOBS = {
    profile: {job.name: job for job in jobs}
    for profile, jobs in (("paper", _paper()), ("tiny", _small()), ("small", _small()))
}
