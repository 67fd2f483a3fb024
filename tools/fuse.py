"""Fuse trained sub-networks into one deploy model, and prove that it says the same.

    python -m tools.fuse --profile tiny --run out/demo/run --out out/demo/model
    python -m tools.fuse --profile tiny --run out/tiny/joint --run out/tiny/lap2015 --trunk out/tiny/joint --out out/tiny/model
    python -m tools.fuse --profile tiny --run out/tiny/hyperface --tower hyperface --out out/tiny/hyperface/model

Weights are collected by parameter name from snapshots, which hold one copy of every shared weight per tower; all copies
must agree. Of several runs the last that has a tower gives it; where their shared weights differ, --trunk says whose are taken.
Then every output of the fused net must equal the tower's own.
"""

import argparse
import os
import sys
import tempfile
from dataclasses import dataclass

import numpy as np

from allinone import device, files, model, profiles, snapshots, surgery, tasks
from allinone.errors import InputError, command
from allinone.pycaffe import caffe
from prototxt import deploy, generate

TOLERANCE = 1e-5  # largest difference between fused and tower outputs
AGREE = 1e-6  # our choice: shared weights of two runs are the same up to this; a single step of training moves them further
NET, MODEL = model.FUSED
DENSE_NET, DENSE_MODEL = model.DENSE


@dataclass
class Source:
    """A trained run: its snapshot, the net that it was trained as, its towers and its weights by parameter name."""

    run: str
    weights: str
    towers: list
    parameters: dict


def read_source(run, wanted=tasks.TOWERS):
    """Return the Source of a run's folder (its newest snapshot) or of one snapshot; InputError where it has none of the wanted towers."""
    weights = snapshots.weights_of(run)
    definition = surgery.read_net(snapshots.net_of(weights))
    found = {
        layer.name.split("/")[0] for layer in definition.layer if "/" in layer.name
    }  # a fused net has no tower's layers
    names = [name for name in wanted if name in found]
    if not names:
        raise InputError(
            f"{run}: its net has none of the towers {', '.join(wanted)}; give the folder of a run of tools.train"
        )
    return Source(run, weights, names, snapshots.parameters(weights))


def shared_names(profile):
    """Return the parameters that several towers have: trunk and fusion branch."""
    users = {}
    for layer, names in surgery.parameter_names(deploy.bare_net(profile)).items():
        for name in names:
            users.setdefault(name, set()).add(layer.split("/")[0])
    return {name for name, found in users.items() if len(found) > 1}


def owners_of(sources):
    """Return {tower: the last Source that has it}; InputError where a tower has none."""
    owners = {name: source for source in sources for name in source.towers}
    lacking = [name for name in tasks.TOWERS if name not in owners]
    if lacking:
        raise InputError(
            f"{', '.join(source.run for source in sources)}: no run has the tower {', '.join(lacking)}; add one with --run"
        )
    return owners


def collect(profile, owners, trunk=None):
    """Return {parameter name: array} for the fused net; `trunk` owns the shared ones where given.

    InputError, naming the layers, where owners of towers have different shared weights and no trunk is given.
    """
    shared, collected, differing = shared_names(profile), {}, {}
    for source in owners.values():
        for name in (shared & set(source.parameters)) - set(trunk.parameters if trunk else ()):
            array = source.parameters[name]
            kept = collected.setdefault(name, array)
            if kept.shape != array.shape or np.abs(kept - array).max() > AGREE:
                differing.setdefault(name.rsplit("/", 1)[0], set()).add(source.run)
    if differing:
        raise InputError(
            f"the runs do not share one trunk: {', '.join(sorted(differing))} of {', '.join(sorted(set().union(*differing.values())))} "
            "differ from the other runs'; say whose weights are taken with --trunk RUN"
        )
    if trunk:
        collected.update(
            {name: array for name, array in trunk.parameters.items() if name in shared}
        )
    for tower, source in owners.items():
        own = {
            name
            for names in surgery.parameter_names(deploy.bare_net(profile, (tower,))).values()
            for name in names
        } - shared
        lacking = sorted(own - set(source.parameters))
        if lacking:
            raise InputError(
                f"{source.weights}: no parameter '{lacking[0]}', which tower {tower} of profile {profile.name} has; it is of another profile"
            )
        collected.update({name: source.parameters[name] for name in own})
    return collected


def write_net(folder, name, proto):
    """Write a prototxt; return its path."""
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(generate.HEADER + str(proto))
    return path


def outputs_of(net, data, batch, blobs):
    """Return {blob: values} of a net on a batch in its blob `data`."""
    net.blobs[data].reshape(*batch.shape)
    net.blobs[data].data[...] = batch
    net.forward()
    return {blob: net.blobs[blob].data.copy() for blob in blobs}


def compare(profile, fused, owners, parameters, work, count=4, seed=0):
    """Return ({tower/output: largest absolute difference of the fused net from the tower}, {the same: change by a foreign trunk}).

    The towers get their weights by Caffe's own copy_from, by layer name, straight from the snapshot: a way that shares
    nothing with the one by which the fused net got them. A tower whose trunk is another run's is compared with that
    trunk under it; how far that moves its outputs is the second result.
    """
    batch = (
        np.random.default_rng(seed)
        .normal(size=(count, 3, profile.input_size, profile.input_size))
        .astype(np.float32)
    )
    ours = outputs_of(fused, "data", batch, [task.output for task in tasks.TASKS])
    differences, changes = {}, {}
    for tower, source in owners.items():
        definition = deploy.bare_net(profile, (tower,))
        bare = caffe.Net(
            write_net(work, f"{tower}.prototxt", definition), caffe.TEST, weights=source.weights
        )
        outputs = {
            f"{tower}/{task.output}": task.output for task in tasks.TASKS if task.tower == tower
        }
        own = outputs_of(bare, f"{tower}/input", batch, outputs)
        report = surgery.transplant(
            bare,
            definition,
            {**source.parameters, **{name: parameters[name] for name in shared_names(profile)}},
            source.weights,
        )
        moved = any(
            not np.array_equal(source.parameters[name], parameters[name])
            for name in set(report.matched) & shared_names(profile)
        )
        theirs = outputs_of(bare, f"{tower}/input", batch, outputs) if moved else own
        for blob, output in outputs.items():
            differences[blob] = float(np.abs(ours[output] - theirs[blob]).max())
            if moved:
                changes[blob] = float(np.abs(own[blob] - theirs[blob]).max())
    return differences, changes


def check(differences, what, out):
    """Print differences; InputError where one is above TOLERANCE."""
    for output, difference in differences.items():
        print(f"  {output:<22} largest difference {difference:.2e}")
    worst = max(differences, key=differences.get)
    if not differences[worst] <= TOLERANCE:
        raise InputError(
            f"{out}: the {what} differs from what it is made of by {differences[worst]:.2e} at {worst}, "
            f"more than {TOLERANCE:g}; nothing was written"
        )


def make_dense(profile, fused, parameters, folder):
    """Write the fully convolutional net of stage 1 with the same weights; return {output: largest difference at the crop's size}."""
    definition = deploy.dense_net(profile)
    net = caffe.Net(write_net(folder, DENSE_NET, definition), caffe.TEST)
    surgery.transplant(net, definition, parameters, "the fused weights", cast=True)
    batch = (
        np.random.default_rng(1)
        .normal(size=(2, 3, profile.input_size, profile.input_size))
        .astype(np.float32)
    )
    outputs = [task.output for task in tasks.TASKS if task.stage == 1]
    dense, crop = [outputs_of(one, "data", batch, outputs) for one in (net, fused)]
    net.save(os.path.join(folder, DENSE_MODEL))
    return {
        output: float(np.abs(dense[output].reshape(crop[output].shape) - crop[output]).max())
        for output in outputs
    }


def about(source):
    """Return what provenance.json says of a source: where it comes from, how far it was trained, on what."""
    run = os.path.dirname(snapshots.net_of(source.weights))
    read = lambda name: (
        files.read_json(os.path.join(run, name), "go on with the training, which writes it")
        if os.path.isfile(os.path.join(run, name))
        else None
    )
    plan = read("plan.json") or {}
    return dict(
        weights=source.weights,
        sha256=files.sha256(source.weights),
        towers=source.towers,
        job=plan.get("job"),
        profile=plan.get("profile"),
        iteration=snapshots.iteration_of(source.weights),
        iterations=plan.get("iterations"),
        init=plan.get("init"),
        data=read("data.json"),
    )


def fuse(profile, runs, out, trunk=None):
    """Write both nets, their weights and provenance.json into the folder `out`; return the differences."""
    sources = [read_source(run) for run in runs]
    if trunk is not None and trunk not in runs:
        raise InputError(f"--trunk {trunk}: give it with --run as well; one of {', '.join(runs)}")
    owners = owners_of(sources)
    parameters = collect(profile, owners, sources[runs.index(trunk)] if trunk else None)
    definition = deploy.deploy_net(profile)
    with tempfile.TemporaryDirectory() as work, files.replacing_folder(out) as partial:
        net = caffe.Net(write_net(partial, NET, definition), caffe.TEST)
        matched = surgery.transplant(
            net, definition, parameters, ", ".join(source.weights for source in sources)
        ).matched
        differences, changes = compare(profile, net, owners, parameters, work)
        check(differences, "fused net", out)
        for output, change in changes.items():
            print(f"  {output:<22} moved by up to {change:.2e}, since the trunk is that of {trunk}")
        net.save(os.path.join(partial, MODEL))
        densely = make_dense(profile, net, parameters, partial)
        check(
            {f"dense {output}": difference for output, difference in densely.items()},
            "fully convolutional net",
            out,
        )
        left_out = sorted({name for source in sources for name in source.parameters} - set(matched))
        files.write_json(
            os.path.join(partial, model.PROVENANCE),
            dict(
                profile=profile.name,
                sources=[about(source) for source in sources],
                tower_from={tower: source.weights for tower, source in owners.items()},
                trunk=trunk,
                parameters=len(matched),
                left_out=left_out,
                tolerance=TOLERANCE,
                largest_difference=differences,
                moved_by_trunk=changes,
                largest_difference_dense=densely,
            ),
        )
        outputs = {task.output: task.output for task in tasks.TASKS}
        model.describe(partial, profile.name, profile.input_size, "data", outputs)
    return differences


def take_out(profile, run, tower, out):
    """Write the net of one tower of stage 1 alone, with its weights, in the form of a fused model."""
    source, definition = read_source(run, (tower,)), deploy.bare_net(profile, (tower,))
    with files.replacing_folder(out) as partial:
        net = caffe.Net(write_net(partial, NET, definition), caffe.TEST)
        matched = surgery.transplant(net, definition, source.parameters, source.weights).matched
        net.save(os.path.join(partial, MODEL))
        files.write_json(
            os.path.join(partial, model.PROVENANCE),
            dict(
                profile=profile.name,
                sources=[about(source)],
                tower_from={tower: source.weights},
                parameters=len(matched),
            ),
        )
        outputs = {task.output: f"{tower}/{task.output}" for task in tasks.tasks_of(tower)}
        model.describe(partial, profile.name, profile.input_size, f"{tower}/input", outputs)


@command
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--profile", choices=profiles.PROFILES, required=True)
    parser.add_argument(
        "--run",
        action="append",
        required=True,
        help="folder of a training run (its newest snapshot) or one snapshot; may be repeated",
    )
    parser.add_argument(
        "--trunk", help="the --run whose trunk and fusion branch are taken where they differ"
    )
    parser.add_argument(
        "--tower",
        choices=("det", "hyperface"),
        help="take out this tower of one run, which does stage 1 alone, instead of fusing",
    )
    parser.add_argument("--out", required=True, help="folder for the fused model")
    parser.add_argument("--gpu", default="", help="GPU number for the check; empty: CPU")
    args = parser.parse_args(argv)
    device.use(args.gpu)
    if args.tower:
        if len(args.run) > 1 or args.trunk:
            raise InputError("--tower takes one --run and no --trunk")
        take_out(profiles.PROFILES[args.profile], args.run[0], args.tower, args.out)
        print(f"net of tower {args.tower} in {args.out}")
        return
    print(f"fusing {', '.join(map(snapshots.weights_of, args.run))}")
    fuse(profiles.PROFILES[args.profile], args.run, args.out, args.trunk)
    print(f"fused model in {args.out}")


if __name__ == "__main__":
    sys.exit(main())
