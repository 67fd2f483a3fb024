"""What a training run is asked to do: a profile and a job, with what the user wants otherwise."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from allinone import device, schedules, snapshots
from allinone.errors import InputError
from allinone.profiles import PROFILES, Profile
from allinone.schedules import Job


@dataclass(frozen=True)
class Settings:
    """One training run. The processes that train get it pickled."""

    profile: Profile
    job: Job  # with the mini-batches of one process, the rate and the age switch of this run
    databases: str  # folder with a database for each sub-network
    out: str  # folder of the run
    init: str  # run or model whose weights it starts from; "": random weights
    widen: bool  # the net of `init` is narrower
    iterations: int
    iter_size: int  # mini-batches of an iteration
    snapshot: int  # iterations between snapshots
    seed: int
    gpu: str  # "0" or "0,1"; "": CPU
    processes: int  # that train, one for each GPU or core


def make(
    profile: str | None,
    job: str,
    db: str,
    out: str,
    init: str | None = None,
    widen: bool = False,
    iterations: int | None = None,
    base_lr: float | None = None,
    batch: float = 1.0,
    age_switch: int | None = None,
    age_ramp: int = 0,
    age_weight: float | None = None,
    without_dropout: tuple[str, ...] = (),
    iter_size: int = 1,
    snapshot: int | None = None,
    seed: int = 1,
    gpu: str = "",
    cores: int = 1,
) -> Settings:
    """Return the Settings that the options of tools.train ask for; None: the job's own.

    InputError where the profile is neither given nor known from `init`, or `init` has no weights.
    """
    counts = {"--iterations": iterations, "--iter-size": iter_size, "--snapshot": snapshot}
    for option, value in counts.items():
        if value is not None and value < 1:
            raise InputError(f"{option} {value}: must be a whole number from 1 up")
    for option, value in {"--base-lr": base_lr, "--batch": batch}.items():
        if value is not None and not 0 < value < math.inf:
            raise InputError(f"{option} {value}: must be a number above 0")
    if seed < 0:
        raise InputError(f"--seed {seed}: must be a whole number from 0 up")
    sizes = PROFILES[profile or profile_of_init(init)]
    planned = schedules.JOBS[sizes.name][job]
    iterations = iterations or planned.iterations
    if init:
        snapshots.weights_of(init)
    if age_switch is None:  # at the same share of the iterations
        age_switch = round(planned.age_switch * iterations / planned.iterations)
    asked = replace(
        planned,
        age_switch=age_switch,
        age_ramp=age_ramp,
        age_weight=age_weight or planned.age_weight,
        base_lr=base_lr or planned.base_lr,
        batch=batches(planned, sizes, batch, cores),
        without_dropout=tuple(without_dropout),
    )
    return Settings(
        profile=sizes,
        job=asked,
        databases=db,
        out=out,
        init=init or "",
        widen=widen,
        iterations=iterations,
        iter_size=iter_size,
        snapshot=snapshot or schedules.RULES[sizes.name].snapshot,
        seed=seed,
        gpu=gpu,
        processes=max(len(device.parse_gpus(gpu)), cores),
    )


def profile_of_init(init: str | None) -> str:
    """Return the name of the profile of a run or model to start from."""
    if not init:
        raise InputError(
            f"--profile is missing: give one of {', '.join(PROFILES)}, or --init with a run or a "
            "model, whose profile is taken"
        )
    return snapshots.profile_of(init)


def batches(job: Job, profile: Profile, factor: float, cores: int) -> dict[str, int]:
    """Return {sub-network: pictures in a mini-batch of one process}.

    factor multiplies the job's; CPU processes share out a mini-batch, GPUs have one each.
    """
    found = {}
    for tower in job.towers:
        size = max(1, round(job.batch_of(tower, profile) * factor))
        found[tower] = -(-size // cores)
    return found
