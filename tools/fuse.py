"""Fuse the five trained sub-networks into one deploy model, and prove that it says the same.

    python -m tools.fuse --profile mini --run out/demo/train --out out/demo/model

Weights are collected by parameter name from a snapshot of the joint net, which holds one copy of every shared weight
per tower; all copies must agree. Then every output of the fused net must equal the tower's own.
"""
import argparse
import glob
import os
import sys
import tempfile

import numpy as np

import allinone  # noqa: F401  (quiets Caffe before it is imported)
import caffe

from allinone import device, files, surgery, tasks
from allinone.errors import InputError, command
from prototxt import generate, towers

TOLERANCE = 1e-5       # largest difference between fused and tower outputs
MODEL, NET, PROVENANCE = "allinone.caffemodel", "deploy.prototxt", "provenance.json"


def newest_snapshot(run):
    """Return the newest caffemodel of a training run."""
    found = sorted(glob.glob(f"{run}/snapshots/iter_*.caffemodel"))
    if not found:
        raise InputError(f"{run}/snapshots: no snapshot there; train first (tools.train --out {run})")
    return found[-1]


def write_net(folder, name, proto):
    """Write a prototxt; return its path."""
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(generate.HEADER + str(proto))
    return path


def compare(profile, fused, run_net, weights, work, count=4, seed=0):
    """Return {tower/output: largest absolute difference} between towers and fused net on the same input.

    The towers get their weights by Caffe's own copy_from, by layer name, straight from the snapshot: a way that
    shares nothing with the one by which the fused net got them.
    """
    bare = caffe.Net(write_net(work, "towers.prototxt", towers.bare_net(profile)), caffe.TEST, weights=weights)
    lacking = set(bare.params) - {layer.name for layer in run_net.layer}
    if lacking:
        raise InputError(f"{weights}: no layer '{sorted(lacking)[0]}' in the training net; it is of another profile")
    batch = np.random.default_rng(seed).normal(size=(count, 3, profile.input_size, profile.input_size)).astype(np.float32)
    fused.blobs["data"].reshape(*batch.shape)
    fused.blobs["data"].data[...] = batch
    fused.forward()
    for name in tasks.TOWERS:
        bare.blobs[f"{name}/input"].reshape(*batch.shape)
        bare.blobs[f"{name}/input"].data[...] = batch
    bare.forward()
    difference = lambda output, own: float(np.abs(fused.blobs[output].data - bare.blobs[own].data).max())
    return {f"{task.tower}/{task.output}": difference(task.output, f"{task.tower}/{task.output}") for task in tasks.TASKS}


def fuse(profile, run, weights, out):
    """Write deploy.prototxt, allinone.caffemodel and provenance.json into the folder `out`; return the differences."""
    run_net = surgery.read_net(f"{run}/train.prototxt")
    parameters = surgery.one_of_each(surgery.by_name(run_net, surgery.read_weights(weights), weights), weights)
    deploy = towers.deploy_net(profile)
    with tempfile.TemporaryDirectory() as work:
        net = caffe.Net(write_net(work, "deploy.prototxt", deploy), caffe.TEST)
        matched, unused = surgery.transplant(net, deploy, parameters, weights)
        expected = {name for name in parameters if name.startswith("fc8/") or name.endswith("/count")}
        if set(unused) - expected:
            raise InputError(f"{weights}: '{sorted(set(unused) - expected)[0]}' has no place in the deploy net; it is of another profile")
        differences = compare(profile, net, run_net, weights, work)
        for output, difference in differences.items():
            print(f"  {output:<22} largest difference {difference:.2e}")
        worst = max(differences, key=differences.get)
        if not differences[worst] <= TOLERANCE:
            raise InputError(f"{weights}: the fused net differs from the towers by {differences[worst]:.2e} at {worst}, "
                             f"more than {TOLERANCE:g}; nothing was written")
        with files.replacing_folder(out) as partial:
            net.save(os.path.join(partial, MODEL))
            write_net(partial, NET, deploy)
            files.write_json(os.path.join(partial, PROVENANCE), dict(
                profile=profile.name, source=weights, source_sha256=files.sha256(weights), parameters=len(matched),
                left_out=unused, largest_difference=differences, model_sha256=files.sha256(os.path.join(partial, MODEL))))
    return differences


@command
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--profile", choices=tasks.PROFILES, required=True)
    parser.add_argument("--run", required=True, help="folder of the training run")
    parser.add_argument("--snapshot", help="caffemodel, default: the run's newest")
    parser.add_argument("--out", required=True, help="folder for the fused model")
    parser.add_argument("--gpu", default="", help="GPU number for the check; empty: CPU")
    args = parser.parse_args(argv)
    device.use(args.gpu)
    weights = args.snapshot or newest_snapshot(args.run)
    print(f"fusing {weights}")
    fuse(tasks.PROFILES[args.profile], args.run, weights, args.out)
    print(f"fused model in {args.out}")


if __name__ == "__main__":
    sys.exit(main())
