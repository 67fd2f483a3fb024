"""Prove that a fused net gives the answers of what it is made of, in Caffe."""

from __future__ import annotations

import os
from collections.abc import Iterable

import numpy as np

from allinone import files, snapshots, surgery, tasks
from allinone.errors import InputError
from allinone.profiles import Profile
from allinone.pycaffe import caffe
from prototxt import committed, deploy
from tools.fusing.weights import Parameters, Source, shared_names

TOLERANCE = 1e-5  # largest difference of two answers
PICTURES = 4  # our choice: random inputs that are compared


def write_net(folder: str, name: str, definition) -> str:
    """Write a NetParameter as prototxt; return its path."""
    path = os.path.join(folder, name)
    with files.replacing(path) as stream:
        stream.write(committed.HEADER + str(definition))
    return path


def random_batch(side: int, count: int, seed: int) -> np.ndarray:
    """Return random inputs (count, 3, side, side)."""
    shape = count, 3, side, side
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def outputs_of(net, data: str, batch: np.ndarray, blobs: Iterable[str]) -> dict[str, np.ndarray]:
    """Return {blob: values} of a net on a batch in its blob `data`."""
    net.blobs[data].reshape(*batch.shape)
    net.blobs[data].data[...] = batch
    net.forward()
    return {blob: net.blobs[blob].data.copy() for blob in blobs}


def compare(
    profile: Profile, fused, owners: dict[str, Source], parameters: Parameters, work: str
) -> tuple[dict[str, float], dict[str, float]]:
    """Return the largest differences {tower/output: number} of the fused net from its parts.

    Of the two results the first compares each output with that of the sub-network on the fused
    net's trunk; the second says how far another run's trunk moves it, where it has one. The
    sub-networks get their weights by Caffe's own copy_from, by layer name, straight from the
    snapshot: a way that shares nothing with the one by which the fused net got them. Those of a
    fused model are compared with its own net, whose trunk must be the fused net's.
    """
    batch, shared = random_batch(profile.input_size, PICTURES, seed=0), shared_names(profile)
    ours = outputs_of(fused, "data", batch, [task.output for task in tasks.TASKS])
    trunk = {name: parameters[name] for name in shared}
    differences, changes = {}, {}
    for tower, source in owners.items():
        if source.is_model:
            differences.update(_from_model(source, tower, ours, parameters, shared, batch))
            continue
        definition = deploy.bare_net(profile, (tower,))
        path = write_net(work, f"{tower}.prototxt", definition)
        bare = caffe.Net(path, caffe.TEST, weights=source.weights)
        outputs = {f"{tower}/{task.output}": task.output for task in tasks.tasks_of(tower)}
        own = theirs = outputs_of(bare, f"{tower}/input", batch, outputs)
        on_trunk = {**source.parameters, **trunk}
        matched = surgery.transplant(bare, definition, on_trunk, source.weights).matched
        moved = not same(source.parameters, parameters, shared & set(matched))
        if moved:
            theirs = outputs_of(bare, f"{tower}/input", batch, outputs)
        for blob, output in outputs.items():
            differences[blob] = largest_difference(ours[output], theirs[blob])
            if moved:
                changes[blob] = largest_difference(own[blob], theirs[blob])
    return differences, changes


def _from_model(
    source: Source,
    tower: str,
    ours: dict[str, np.ndarray],
    parameters: Parameters,
    shared: set[str],
    batch: np.ndarray,
) -> dict[str, float]:
    """Return {tower/output: largest difference} of a fused model's net from what a net answers."""
    if not same(source.parameters, parameters, shared):
        raise InputError(
            f"{source.run}: a fused model's towers go with its own trunk; give --trunk {source.run}"
        )
    outputs = [task.output for task in tasks.tasks_of(tower)]
    net = caffe.Net(snapshots.net_of(source.weights), caffe.TEST, weights=source.weights)
    theirs = outputs_of(net, "data", batch, outputs)
    return {f"{tower}/{name}": largest_difference(ours[name], theirs[name]) for name in outputs}


def same(one: Parameters, other: Parameters, names: Iterable[str]) -> bool:
    """Return whether some parameters are the same to the bit."""
    return all(np.array_equal(one[name], other[name]) for name in names)


def largest_difference(one: np.ndarray, other: np.ndarray) -> float:
    """Return the largest absolute difference of two arrays of as many numbers."""
    return float(np.abs(one - other.reshape(one.shape)).max())


def compare_dense(profile: Profile, fused, dense) -> dict[str, float]:
    """Return {output: largest difference} of the dense net from the fused one on single crops."""
    batch = random_batch(profile.input_size, 2, seed=1)
    outputs = [task.output for task in tasks.of_stage(1)]
    densely = outputs_of(dense, "data", batch, outputs)
    on_crop = outputs_of(fused, "data", batch, outputs)
    return {output: largest_difference(on_crop[output], densely[output]) for output in outputs}


def check(differences: dict[str, float], what: str, out: str) -> None:
    """Print differences; InputError where one is above TOLERANCE."""
    for output, difference in differences.items():
        print(f"  {output:<22} largest difference {difference:.2e}")
    worst = max(differences, key=differences.get)
    if not differences[worst] <= TOLERANCE:
        raise InputError(
            f"{out}: the {what} differs from what it is made of by {differences[worst]:.2e} at "
            f"{worst}, more than {TOLERANCE:g}; nothing was written"
        )
