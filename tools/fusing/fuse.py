"""Write the folder of a fused model, or of one sub-network in the same form."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence

from allinone import embeddings, files, folders, model, reading, snapshots, surgery, tasks
from allinone.errors import InputError
from allinone.profiles import Profile
from allinone.pycaffe import caffe
from prototxt import deploy
from python_layers.tops import REGION_TOWERS
from tools.fusing import proof
from tools.fusing.proof import write_net
from tools.fusing.weights import (
    Parameters,
    Source,
    about_of,
    collect,
    owners_of,
    read_source,
)
from tools.training.plan import DATA


def fuse(
    profile: Profile,
    runs: list[str],
    out: str,
    trunk: str | None = None,
    towers: Sequence[str] = tasks.TOWERS,
) -> dict[str, float]:
    """Write the fused net, its dense form and their history into the folder `out`.

    trunk: the run whose trunk is taken where they differ; towers: those that are taken of runs, the
    others come from a fused model. Returns the largest differences,
    {tower/output: number}. InputError where runs do not fit together; nothing is written then.
    """
    sources = [read_source(run) for run in runs]
    for source in sources:
        if not source.is_model:
            source.towers = [tower for tower in source.towers if tower in towers]
    if all(source.is_model for source in sources):
        raise InputError(
            f"{', '.join(runs)}: its net has none of the towers that were trained; give the folder "
            "of a run of tools.train with --run as well"
        )
    if trunk is not None and trunk not in runs:
        raise InputError(f"--trunk {trunk}: give it with --run as well; one of {', '.join(runs)}")
    owners = owners_of(sources)
    parameters = collect(profile, owners, sources[runs.index(trunk)] if trunk else None)
    place = folders.replacing(out, model.KIND, inputs=runs)
    with tempfile.TemporaryDirectory() as work, place as partial:
        # 1. The fused net, and the proof that it gives the sub-networks' answers.
        named = ", ".join(source.weights for source in sources)
        net, matched = write_model(partial, deploy.deploy_net(profile), parameters, named)
        differences, changes = proof.compare(profile, net, owners, parameters, work)
        proof.check(differences, "fused net", out)
        for output, change in changes.items():
            print(f"  {output:<22} moved by up to {change:.2e}, since the trunk is that of {trunk}")

        # 2. Its dense form, and the proof that it gives the fused net's answers.
        dense = make_dense(profile, parameters, partial)
        densely = proof.compare_dense(profile, net, dense)
        named_dense = {f"dense {output}": difference for output, difference in densely.items()}
        proof.check(named_dense, "dense net", out)

        # 3. Where it comes from, and what is in the folder.
        write_history(
            partial,
            profile,
            sources,
            owners,
            matched,
            trunk=trunk,
            left_out=left_out(sources, matched),
            tolerance=proof.TOLERANCE,
            largest_difference=differences,
            moved_by_trunk=changes,
            largest_difference_dense=densely,
        )
        keep_embedding(partial, owners[tasks.BY_NAME["identity"].tower])
        model.describe(
            partial,
            profile.name,
            profile.input_size,
            stages_of(tasks.TASKS),
            **score_of(owners[tasks.REGION_TOWER]),
        )
    return differences


def take_out(profile: Profile, run: str, tower: str, out: str) -> None:
    """Write one sub-network alone, with its weights, as a model's folder."""
    source = read_source(run, (tower,))
    stage = "1" if tower in REGION_TOWERS else "2"
    outputs = {task.output: f"{tower}/{task.output}" for task in tasks.tasks_of(tower)}
    with folders.replacing(out, model.KIND, inputs=[run]) as partial:
        definition = deploy.bare_net(profile, (tower,))
        _, matched = write_model(partial, definition, source.parameters, source.weights)
        write_history(partial, profile, [source], {tower: source}, matched)
        model.describe(partial, profile.name, profile.input_size, {stage: outputs})


def score_of(finder: Source) -> dict:
    """Return the operating score, with how it was found, of the model that detection comes from."""
    if not finder.is_model:
        return {}
    about = about_of(finder.weights)
    return dict(score=about.score, score_from=about.score_from)


def keep_embedding(folder: str, describer: Source) -> None:
    """Write the embedding of the model that identity comes from, whose descriptors are the same."""
    if not describer.is_model:
        return
    start = model.open_model(snapshots.folder_of(describer.weights))
    if embeddings.of_model(start) is not None:  # InputError where it is of other weights
        maps, about = embeddings.load(start.path(model.TPE))
        about["model"] = files.sha256(os.path.join(folder, model.FUSED[1]))
        embeddings.save(os.path.join(folder, model.TPE), maps, **about)


def stages_of(answered: Sequence[tasks.Task]) -> dict[str, dict[str, str]]:
    """Return {stage: {output: blob}} of the tasks of a fused net."""
    stages: dict[str, dict[str, str]] = {"1": {}, "2": {}}
    for task in answered:
        stages[str(task.stage)][task.output] = task.output
    return stages


def write_model(folder: str, definition, parameters: Parameters, source: str):
    """Write a net and its weights; return (caffe.Net, the names of its parameters)."""
    net = caffe.Net(write_net(folder, model.FUSED[0], definition), caffe.TEST)
    matched = surgery.transplant(net, definition, parameters, source).matched
    surgery.save(net, os.path.join(folder, model.FUSED[1]))
    return net, matched


def make_dense(profile: Profile, parameters: Parameters, folder: str):
    """Write stage 1 as convolutions alone, with the same weights; return the caffe.Net."""
    definition = deploy.dense_net(profile)
    net = caffe.Net(write_net(folder, model.DENSE[0], definition), caffe.TEST)
    surgery.transplant(net, definition, parameters, "the fused weights", cast=True)
    surgery.save(net, os.path.join(folder, model.DENSE[1]))
    return net


def left_out(sources: list[Source], matched: list[str]) -> list[str]:
    """Return the parameters of the sources that the fused net does not have."""
    names = set()
    for source in sources:
        names.update(source.parameters)
    return sorted(names - set(matched))


def write_history(
    folder: str,
    profile: Profile,
    sources: list[Source],
    owners: dict[str, Source],
    matched: list[str],
    **more,
) -> None:
    """Write provenance.json: where a model comes from, for people."""
    history = dict(
        profile=profile.name,
        sources=[history_of(source) for source in sources],
        tower_from={tower: source.weights for tower, source in owners.items()},
        parameters=len(matched),
        **more,
    )
    files.write_json(os.path.join(folder, model.PROVENANCE), history)


def history_of(source: Source) -> dict:
    """Return where a source comes from, how far it was trained, on what."""
    run = snapshots.folder_of(source.weights)
    plan = _read(run, snapshots.PLAN) or {}
    return dict(
        weights=source.weights,
        sha256=files.sha256(source.weights),
        towers=source.towers,
        job=plan.get("job"),
        profile=plan.get("profile"),
        iteration=None if source.is_model else snapshots.iteration_of(source.weights),
        iterations=plan.get("iterations"),
        init=plan.get("init"),
        data=_read(run, DATA),
    )


def _read(run, name):
    """Return the content of a run's JSON file, None where it has none."""
    path = os.path.join(run, name)
    if not os.path.isfile(path):
        return None
    return reading.read_json(path, "go on with the training, which writes it", dict)
