"""Time of the full-width net on every engine, beside the limit that the machine sets."""

from __future__ import annotations

import functools
import os

import numpy as np

from allinone import model, model_writing, profiles, surgery, tasks
from allinone.backend import Backend
from allinone.engines import ENGINES
from allinone.pycaffe import caffe
from prototxt import deploy
from tools import layers
from tools.fusing import fuse, proof
from tools.timing.clock import Part, median_seconds

BATCH, REPEATS = 16, 5  # crops together, measurements
PRODUCT = 2048  # rows and columns of the matrices


def write_full_width(folder: str) -> None:
    """Write the fused net of profile paper with random weights into a folder.

    Its time does not depend on the weights.
    """
    profile, definition = profiles.PAPER, deploy.deploy_net(profiles.PAPER)
    net = caffe.Net(proof.write_net(folder, model.FUSED[0], definition), caffe.TEST)
    weights = os.path.join(folder, model.FUSED[1])
    surgery.save(net, weights)
    collected = surgery.by_name(definition, surgery.read_weights(weights), weights)
    fuse.make_dense(profile, surgery.one_of_each(collected, weights), folder)
    model_writing.describe(folder, profile.name, profile.input_size, fuse.stages_of(tasks.TASKS))


def machine_gflops() -> float:
    """Return the GFLOP/s of the machine's matrix products."""
    matrix = np.random.default_rng(0).random((PRODUCT, PRODUCT), np.float32)
    taken = median_seconds(functools.partial(np.matmul, matrix, matrix), REPEATS)
    return 2 * PRODUCT**3 / taken / 1e9


def net_flops() -> float:
    """Return the FLOPs of a crop through the full-width net."""
    definition = deploy.deploy_net(profiles.PAPER)
    return layers.total(layers.describe(definition, layers.load(definition)), "flops")


def time_engine(folder: str, engine: str) -> tuple[float, dict[int, float]]:
    """Return (ms of a crop through all of the net, {stage: seconds of a crop}) on an engine."""
    side = profiles.PAPER.input_size
    crops = np.random.default_rng(0).integers(0, 255, (BATCH, side, side, 3)).astype(np.uint8)
    blob = crops.transpose(0, 3, 1, 2).astype(np.float32)
    backend = Backend(folder, engine, batch=BATCH)
    run = functools.partial(backend.net.run, blob, [task.output for task in tasks.TASKS])
    whole = median_seconds(run, REPEATS) / BATCH * 1000
    stages = {}
    for stage in (1, 2):
        stages[stage] = median_seconds(functools.partial(backend, crops, stage), REPEATS) / BATCH
    return whole, stages


def engines(folder: str) -> tuple[Part, dict[str, dict[int, float]]]:
    """Time a crop through the full-width net; return ({engine: {stage: seconds}} as well)."""
    flops, gflops = net_flops(), machine_gflops()
    limit = flops / gflops / 1e6
    crop_ms, stages = {}, {}
    for engine in ENGINES:
        crop_ms[engine], stages[engine] = time_engine(folder, engine)
    rows = [
        (
            "matrix product of the machine",
            f"{gflops:.0f} GFLOP/s",
            f"limit of a crop ({flops / 1e9:.2f} GFLOP): {limit:.1f} ms",
        )
    ]
    for engine, taken in crop_ms.items():
        times = f"{taken / limit:.2f} times the limit"
        rows.append((f"crop, full width, {engine}", f"{taken:.1f} ms", times))
    figures = dict(sgemm_gflops=gflops, crop_limit_ms=limit, crop_ms=crop_ms)
    return Part(rows, figures), stages
