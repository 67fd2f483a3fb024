"""What a training run is made of, so that it is only gone on with when nothing of it has changed.

A plan names the net, the solver, the data, the weights that it starts from, the number of
processes, and the code that the result depends on. It holds no path: a run may be moved. What it is
validated on may change: the net's test phase decides nothing of what it learns.
"""

from __future__ import annotations

import json
import os

from allinone import closure, files, folders, reading, snapshots, store
from allinone.errors import InputError, writing
from allinone.pycaffe import caffe, caffe_pb2, text_format
from allinone.snapshots import FOLDER, NET, PLAN, PREFIX, SOLVER
from prototxt import committed, solvers, towers
from tools.training import data
from tools.training.curves import CURVES
from tools.training.events import FOLDER as EVENTS
from tools.training.log import LOG
from tools.training.settings import Settings

DATA = "data.json"  # of a run: the manifests of its databases
KIND = folders.Kind(
    "training run",
    holds=(NET, SOLVER, PLAN, DATA, FOLDER, LOG, EVENTS, CURVES),
    proofs={PLAN: frozenset({"profile", "job", "iterations", "net", "solver", "data"})},
)
# What steps the solver. The layers that Caffe loads by name count too, and all that either imports.
# The text of the net and of the solver stands in the plan itself; logs, curves and validation
# change nothing.
STEPPERS = ("tools.training.multi_cpu", "tools.training.multi_gpu", "tools.training.solver")
NETS = "prototxt/towers.py"  # names the layers that Caffe loads


def entries(root: str = closure.ROOT) -> list[str]:
    """Return the modules whose code, with all that they import, decides what a run learns."""
    return [*sorted(closure.named_by(NETS, root)), *STEPPERS]


def code(root: str = closure.ROOT) -> dict[str, str]:
    """Return {path: hash} of all code that decides what a run learns."""
    return closure.hashes(entries(root), root)


def make(settings: Settings) -> tuple[dict[str, str], dict]:
    """Return ({file: text}, plan) of a run; InputError where a database is missing or unfit."""
    found = data.manifests(settings.profile, settings.job, settings.databases)
    eyes = data.aligned_like(settings.job, settings.databases, found)
    _refuse_other_eyes(settings, eyes)
    net, solver = _texts(settings, found, "", "")
    init = settings.init and files.sha256(snapshots.weights_of(settings.init))
    plan = dict(
        profile=settings.profile.name,
        job=settings.job.name,
        iterations=settings.iterations,
        processes=settings.processes,
        net=net,
        solver=solver,
        data=_hashes(found, settings.job),
        init=init or None,
        code=code(),
        **({} if eyes is None else {"eyes": eyes}),
    )
    net, solver = _texts(settings, found, settings.databases, settings.out)
    texts = {NET: net, SOLVER: solver, DATA: json.dumps(found, indent=1) + "\n"}
    return texts, plan


def _refuse_other_eyes(settings, eyes):
    """Raise InputError where layers that stay have learnt from faces that are aligned otherwise."""
    if settings.init and settings.job.branches and eyes is not None:
        before = snapshots.eyes_of(settings.init)
        if before != eyes:
            raise InputError(
                f"{settings.databases}: eye centres of aligned faces are {eyes:g} of the side "
                f"apart, {before:g} for {settings.init}, whose layers stay; build the databases "
                f"with --eyes {before:g}"
            )


def _hashes(found, job):
    """Return {sub-network: the hash of each of its databases}; with its groups where they count."""
    hashes = {}
    for tower, databases in found.items():
        hashes[tower] = [one["hash"] for one in databases]
        if tower in job.balance:
            groups = [one.get("files", {}).get(store.GROUPS, "") for one in databases]
            hashes[tower] = [f"{one}-{more}" for one, more in zip(hashes[tower], groups)]
    return hashes


def _texts(settings, found, databases, out):
    """Return the texts of net and solver; found: the databases' manifests."""
    profile, job = settings.profile, data.as_taught(settings.job, found, settings.databases)
    rows = data.validation_rows(profile, job, settings.databases)
    net = towers.train_net(
        profile,
        job,
        databases,
        data.identities(job, found, settings.databases),
        settings.seed,
        settings.iter_size,
        data.validation_batches(profile, job, rows),
    )
    solver = solvers.solver_text(
        profile,
        job,
        f"{out}/{NET}",
        f"{out}/{PREFIX}",
        settings.seed,
        settings.iterations,
        settings.iter_size,
        by_caffe=False,
    )
    return committed.HEADER + str(net), solver


def prepare(out: str, texts: dict[str, str], plan: dict, resume: bool) -> bool:
    """Write the files of a run; return whether it resumes an earlier run of the same plan.

    An earlier run of another plan is moved aside, never deleted. InputError where one of the same
    plan exists and `resume` is not asked for, and where the folder is no run's and holds files
    that a run would write over.
    """
    folders.claim(out, KIND)
    path = os.path.join(out, PLAN)
    earlier = os.path.isdir(os.path.join(out, FOLDER))
    if earlier:
        before = reading.read_json(path, "delete it") if os.path.isfile(path) else None
        same = learns_alike(before, plan)
        if same and not resume:
            raise InputError(
                f"{out}: holds a run of the same settings; go on with --resume, or delete it"
            )
        if not same:
            move_aside(out)
            earlier = False
    files.write_json(path, plan)  # first: it proves that the folder is a run's
    with writing(out):
        os.makedirs(os.path.join(out, FOLDER), exist_ok=True)
    for name, text in texts.items():
        with files.replacing(os.path.join(out, name)) as stream:
            stream.write(text)
    return earlier


def learns_alike(before: object, plan: dict) -> bool:
    """Tell whether an earlier plan is the same but for what the run is validated on."""
    if not (isinstance(before, dict) and isinstance(before.get("net"), str)):
        return False
    try:
        return dict(before, net=_learning(before["net"])) == dict(plan, net=_learning(plan["net"]))
    except (text_format.ParseError, ValueError, RecursionError):
        return False


def _learning(text):
    """Return the text of a training net without its test phase."""
    net = text_format.Parse(text, caffe_pb2.NetParameter())
    return str(towers.of_phase(net, caffe.TRAIN))


def move_aside(out: str) -> None:
    """Rename the folder of a run to <out>.before<n>, and print so."""
    out, number = out.rstrip(os.sep), 1
    while os.path.lexists(f"{out}.before{number}"):
        number += 1
    with writing(out):
        os.rename(out, f"{out}.before{number}")
    print(
        "settings, data or code have changed: the earlier run is now in "
        f"{out}.before{number}, a new one starts"
    )
