"""Forward and backward of every layer of the kit's nets, on the GPU beside the CPU."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

import numpy as np

from allinone.profiles import PROFILES
from allinone.pycaffe import caffe
from tools.proving import single_layers
from tools.proving.job import Found, Job
from tools.proving.single_layers import Arrays, Case

# our choice: largest difference of an output or gradient, as a share of its largest value. float32
# sums of 20,000 products differ by 1e-5 with their order; TF32 would make it 1e-3.
SHARE = 1e-4
DROPPED = 0.1  # our choice: how far the share of dropped units may be from what is asked for


def difference(one: np.ndarray, other: np.ndarray) -> float:
    """Return the largest difference of two arrays as a share of the first's largest value."""
    if not (np.isfinite(one).all() and np.isfinite(other).all()):
        return np.inf
    largest = float(np.abs(one).max(initial=0))
    return float(np.abs(one - other).max(initial=0)) / max(largest, 1e-30)


def drops_rightly(case: Case, found: Arrays) -> float:
    """Return how wrong a Dropout in training is: each device drops units of its own choice.

    What it keeps must be scaled, of output and gradient alike; inf where it drops too many or few.
    """
    ratio = case.net.layer[-1].dropout_param.dropout_ratio
    (output,) = (values for name, values in found.items() if name.startswith("output"))
    kept = output != 0
    if abs(1 - kept.mean() - ratio) > DROPPED:
        return np.inf
    scaled = np.where(kept, case.inputs["in0"] / (1 - ratio), 0)
    gradient = found["gradient in0"] != 0
    return max(difference(scaled, output), float((gradient != kept).any()))


def compare(case: Case, on_cpu: Arrays, on_gpu: Arrays) -> tuple[float, float]:
    """Return the largest difference of outputs and that of gradients, as shares."""
    if case.kind == "Dropout" and case.phase == caffe.TRAIN:
        return max(drops_rightly(case, found) for found in (on_cpu, on_gpu)), 0.0
    worst = {"output": 0.0, "gradient": 0.0}
    for name, values in on_cpu.items():
        kind = name.split()[0]
        worst[kind] = max(worst[kind], difference(values, on_gpu[name]))
    return worst["output"], worst["gradient"]


def on_cpu(case: Case) -> Arrays:
    """Return what a case gives on the CPU."""
    caffe.set_mode_cpu()
    return single_layers.run(case)


def on_gpu(case: Case) -> Arrays:
    """Return what a case gives on the GPU that was set."""
    caffe.set_mode_gpu()
    return single_layers.run(case)


def compare_all(
    cases, other: Callable[[Case], Arrays]
) -> dict[str, list[tuple[str, float, float]]]:
    """Return {kind of layer: [(layer, difference of outputs, of gradients), ...]}."""
    found = defaultdict(list)
    for case in cases:
        reference = on_cpu(case)
        found[case.kind].append((case.name, *compare(case, reference, other(case))))
    return found


def step(job: Job) -> Found:
    """Compare every layer of the profiles' nets."""
    found = Found()
    if job.cards:
        caffe.set_device(job.cards[0])  # before anything is on a GPU
    cases = []
    for name in job.profiles:
        cases += single_layers.cases(PROFILES[name])
    caffe.set_random_seed(1)
    compared = compare_all(cases, on_gpu if job.cards else on_cpu)
    for kind, several in sorted(compared.items()):
        what = f"{kind}, {len(several)} different"
        outputs = max(one[1] for one in several)
        gradients = max(one[2] for one in several)
        found.figures[kind] = dict(layers=len(several), outputs=outputs, gradients=gradients)
        worst = max(several, key=lambda one: max(one[1:]))
        good = max(worst[1:]) <= SHARE
        if job.cards or not good:  # on the CPU each is run twice: that must give the same
            where = f"at most {SHARE:g}" if good else f"more than {SHARE:g}: {worst[0]}"
            found.judge(what, good, f"{outputs:.0e}, {gradients:.0e}", where)
        else:
            found.leave_out(what)
    return found
