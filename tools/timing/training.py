"""Time of training: real data beside made-up data, two processes beside one, the full network."""

from __future__ import annotations

import dataclasses
import functools
import json
import os
import resource
import subprocess
import sys
import tempfile

from allinone import files, profiles, schedules, store, surgery, tasks
from allinone.pycaffe import caffe
from prototxt import solvers, towers
from python_layers import tops
from tools.timing.clock import ROUNDS, Part, by_turns, median_seconds, seconds

STEPS = 10  # iterations of a block
SHORT, LONG = 20, 120  # iterations of two runs, whose difference is free of start and end


def dummy_twin(net):
    """Return a training net whose data layers are Caffe's DummyData: it waits for nothing."""
    twin = type(net)(name=net.name)
    for layer in net.layer:
        made = twin.layer.add()
        made.CopyFrom(layer)
        if not layer.name.endswith("/data"):
            continue
        settings = json.loads(layer.python_param.param_str)
        rows, side = settings["batch"], settings["size"]
        if layer.python_param.layer == "RegionData":
            shapes = tops.region_shapes(rows, side)
        else:
            shapes = tops.aligned_shapes(rows, side, settings.get("descriptor", 0))
        made.ClearField("param")
        made.ClearField("python_param")
        made.type = "DummyData"
        for shape in shapes[: len(layer.top)]:
            made.dummy_data_param.shape.add(dim=shape)
            made.dummy_data_param.data_filler.add(type="constant", value=1)
    return twin


def solver_of(net, profile, job, folder, name):
    """Return a solver for a net, its files in a folder."""
    net_path, solver_path = (
        os.path.join(folder, f"{name}_{kind}.prototxt") for kind in ("net", "solver")
    )
    prefix = os.path.join(folder, name)
    settings = solvers.solver_text(profile, job, net_path, prefix, by_caffe=False)
    for path, text in ((net_path, str(net)), (solver_path, settings)):
        with files.replacing(path) as stream:
            stream.write(text)
    return caffe.get_solver(solver_path)


def training(databases: str) -> Part:
    """Time an iteration of the joint tiny net on real data and on DummyData."""
    profile, job = profiles.TINY, schedules.JOBS["tiny"]["joint"]
    folder = os.path.join(databases, "id")
    identities = store.people_of(store.manifest(folder), folder)
    real = towers.train_net(profile, job, databases, identities, validation=0)
    with tempfile.TemporaryDirectory() as folder:
        ours = solver_of(real, profile, job, folder, "real")
        dummy = solver_of(dummy_twin(real), profile, job, folder, "dummy")
        for solver in (ours, dummy):
            solver.step(STEPS)  # the first mini-batches wait for the processes to start
        steps = [functools.partial(solver.step, 1) for solver in (ours, dummy)]
        on_real, on_dummy = by_turns(*steps, count=STEPS)
    ratio = on_real / on_dummy
    return Part(
        [
            ("joint tiny iteration, DummyData", f"{on_dummy * 1000:.0f} ms", ""),
            (
                "joint tiny iteration, real data",
                f"{on_real * 1000:.0f} ms",
                f"{ratio:.2f} times DummyData's",
            ),
        ],
        dict(train_iteration_ratio=ratio),
    )


def train(databases: str, cores: int, iterations: int) -> None:
    """Train the joint tiny net with tools.train, into a folder that is removed."""
    with tempfile.TemporaryDirectory() as out:
        command = ["tools.train", "--profile", "tiny", "--db", databases, "--out", out]
        command += ["--iterations", str(iterations), "--snapshot", str(iterations)]
        command += ["--cores", str(cores)]
        run = [sys.executable, "-m", *command]
        subprocess.run(run, stdout=subprocess.DEVNULL, check=True)


def sharing(databases: str) -> Part:
    """Time an iteration of tools.train in one process, and shared out to two."""
    each = []
    for cores in (1, 2):
        longer = seconds(functools.partial(train, databases, cores, LONG))
        shorter = seconds(functools.partial(train, databases, cores, SHORT))
        each.append((longer - shorter) / (LONG - SHORT))
    one, two = each
    what = "joint tiny training, an iteration"
    return Part(
        [
            (f"{what}, one process", f"{one * 1000:.0f} ms", ""),
            (f"{what}, two processes", f"{two * 1000:.0f} ms", f"{one / two:.2f} times as fast"),
        ],
        dict(two_processes_speedup=one / two),
    )


def full_network() -> Part:
    """Time a joint iteration of profile paper, one image a tower, with its peak of memory.

    In a process of its own, since a process's peak of memory never falls.
    """
    run = [sys.executable, "-m", "tools.bench", "--full-network"]
    done = subprocess.run(run, stdout=subprocess.PIPE, text=True, check=True)
    figures = json.loads(done.stdout)
    return Part(
        [
            (
                "joint paper iteration, one image a tower",
                f"{figures['seconds']:.1f} s",
                f"{figures['parameters']:,} parameters",
            ),
            (
                "its peak of memory",
                f"{figures['bytes'] / 1e9:.1f} GB",
                "weights, gradients, momentum, activations",
            ),
        ],
        dict(paper_iteration=figures),
    )


def measure_full_network() -> dict[str, float]:
    """Return seconds, parameters and bytes of the full network's training in this process."""
    profile, job = profiles.PAPER, schedules.JOBS["paper"]["joint"]
    job = dataclasses.replace(job, batch=dict.fromkeys(tasks.TOWERS, 1))
    net = dummy_twin(towers.train_net(profile, job, "", profile.identities, validation=0))
    with tempfile.TemporaryDirectory() as folder:
        solver = solver_of(net, profile, job, folder, "paper")
        taken = median_seconds(functools.partial(solver.step, 1), ROUNDS)
        sizes = {}
        for layer, names in surgery.parameter_names(net).items():
            for name, blob in zip(names, solver.net.params[layer]):
                if not name.endswith(surgery.COUNTER):
                    sizes[name] = blob.count
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return dict(seconds=taken, parameters=sum(sizes.values()), bytes=peak)
