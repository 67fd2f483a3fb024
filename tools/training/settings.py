"""What a training run is asked to do: a profile and a job, with what the user wants otherwise."""

from __future__ import annotations

from dataclasses import dataclass, replace

from allinone import device, schedules, snapshots
from allinone.errors import InputError
from allinone.profiles import PROFILES, Profile
from allinone.schedules import Job
from allinone.tasks import TOWERS, tasks_of
from prototxt.towers import variation_of
from tools.training.options import Options, flag


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


def make(options: Options) -> Settings:
    """Return the Settings that the options ask for.

    InputError where a number makes no training, where the profile is neither given nor known from
    `init`, or where `init` has no weights.
    """
    options.check_numbers()
    for folder in (options.db, options.out):
        refuse_strange(folder)
    profile = PROFILES[options.profile or profile_of_init(options.init)]
    job = schedules.JOBS[profile.name][options.job]
    if options.init:
        snapshots.weights_of(options.init)
    iterations = options.iterations or job.iterations
    return Settings(
        profile=profile,
        job=adapted(job, options, profile, iterations),
        databases=options.db,
        out=options.out,
        init=options.init or "",
        widen=options.widen,
        iterations=iterations,
        iter_size=options.iter_size,
        snapshot=options.snapshot or schedules.RULES[profile.name].snapshot,
        seed=options.seed,
        gpu=options.gpu,
        processes=max(len(device.parse_gpus(options.gpu)), options.cores),
    )


def refuse_strange(folder: str) -> None:
    """Raise InputError where Caffe cannot take a folder's name."""
    try:
        folder.encode()
    except UnicodeEncodeError:
        raise InputError(
            f"{folder}: Caffe trains in folders with names in UTF-8 alone; rename it, or choose "
            "another"
        ) from None


def adapted(job: Job, options: Options, profile: Profile, iterations: int) -> Job:
    """Return a job with what the options change of it; iterations: those of the run."""
    switch = options.age_switch
    if switch is None:  # at the same share of the iterations
        switch = round(job.age_switch * iterations / job.iterations)
    refuse_without_effect(options, job)
    towers = tuple(tower for tower in job.towers if tower in (options.towers or job.towers))
    job = replace(job, towers=towers)
    if options.taught:
        job = with_a_teacher(job)
    learnt = tuple(task.name for tower in towers for task in tasks_of(tower))
    return replace(
        job,
        branches=learnt if options.branches else job.branches,
        age_switch=switch,
        age_ramp=options.age_ramp,
        age_weight=options.age_weight or job.age_weight,
        base_lr=options.base_lr or job.base_lr,
        batch=batches(job, profile, options.batch, options.cores),
        without_dropout=(*job.without_dropout, *options.without_dropout),
        vary=tuple(options.vary),
        balance=tuple(options.balance),
    )


def refuse_without_effect(options: Options, job: Job) -> None:
    """Raise InputError where an option names what the run has not, and so would change nothing."""
    learning = [tower for tower in job.towers if tower in (options.towers or job.towers)]
    having = dict(towers=job.towers, without_dropout=learning, balance=learning)
    for name, known in having.items():
        strange = [tower for tower in getattr(options, name) if tower not in known]
        if strange:
            raise InputError(
                f"{flag(name)} {' '.join(strange)}: job {job.name} has {', '.join(known)}"
            )
    varied = replace(job, vary=tuple(options.vary))
    if options.vary and not any("vary" in variation_of(tower, varied) for tower in learning):
        raise InputError(
            f"--vary {' '.join(options.vary)}: is for no picture of {', '.join(learning)}; leave "
            "it out"
        )
    apart = [tower for tower in learning if tower not in TOWERS]
    if options.branches and apart:
        raise InputError(f"--branches: {', '.join(apart)} has no branches; leave it out")


def with_a_teacher(job: Job) -> Job:
    """Return a job whose identity net learns a teacher's descriptors, not who somebody is.

    It has no dropout, as in job distill, but more weight where other tasks learn beside it.
    """
    job = replace(job, teacher=schedules.TEACHER)
    taught = [tower for tower in job.towers if job.is_taught(tower)]
    if not taught:
        raise InputError(
            f"--taught: there is no identity net in {' '.join(job.towers)}; leave it out"
        )
    faces = dict.fromkeys(taught, schedules.TAUGHT_FACES)
    descriptors = [task.name for tower in taught for task in tasks_of(tower)]
    return replace(
        job,
        batch={**faces, **job.batch},
        weights=dict.fromkeys(descriptors, schedules.TAUGHT_WEIGHT),
        without_dropout=(*job.without_dropout, *taught),
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
