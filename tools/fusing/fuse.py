"""Write the folder of a fused model, or of one sub-network in the same form."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence

from allinone import embeddings, files, folders, model, model_writing, snapshots, surgery, tasks
from allinone.errors import InputError
from allinone.profiles import Profile
from allinone.pycaffe import caffe
from prototxt import deploy
from python_layers.tops import REGION_TOWERS
from tools.fusing import proof, searching
from tools.fusing.history import write_history
from tools.fusing.proof import write_net
from tools.fusing.weights import (
    Parameters,
    Source,
    about_of,
    collect,
    eyes_of,
    owners_of,
    read_source,
)


def fuse(
    profile: Profile,
    runs: list[str],
    out: str,
    trunk: str | None = None,
    towers: Sequence[str] = (),
    proposal: Sequence[str] = (),
) -> dict[str, float]:
    """Write the fused net, its dense form and their history into the folder `out`.

    trunk: the run whose trunk is taken where they differ; towers: those that are taken of runs, the
    others come from a fused model, (): all that runs have; proposal: runs of the nets of windows,
    else those of a fused model are kept. Returns the largest differences, {tower/output: number}.
    InputError where runs do not fit together; nothing is written then.
    """
    sources = [read_source(run) for run in runs]
    if towers:
        take_only(towers, sources)
    if all(source.is_model for source in sources):
        raise InputError(
            f"{', '.join(runs)}: its net has none of the towers that were trained; give the folder "
            "of a run of tools.train with --run as well"
        )
    proposing = searching.sources_of(proposal)
    if trunk is not None and trunk not in runs:
        raise InputError(f"--trunk {trunk}: give it with --run as well; one of {', '.join(runs)}")
    owners = owners_of(sources)
    eyes = eyes_of(owners)
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

        # 3. The nets of windows, of their runs or of a model.
        more = searching.put(profile, proposing, sources, partial)

        # 4. Where it comes from, and what is in the folder.
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
            **more,
        )
        keep_embedding(partial, owners[tasks.BY_NAME["identity"].tower])
        model_writing.describe(
            partial,
            profile.name,
            profile.input_size,
            stages_of(tasks.TASKS),
            calibration=calibration_of(owners),
            eyes=eyes,
            **score_of(owners[tasks.REGION_TOWER], searched_anew=bool(proposing)),
        )
    return differences


def take_only(towers: Sequence[str], sources: list[Source]) -> None:
    """Leave of runs these towers alone; InputError where no run has one of them."""
    trained = [source for source in sources if not source.is_model]
    there = {tower for source in trained for tower in source.towers}
    lacking = [tower for tower in towers if tower not in there]
    if lacking:
        raise InputError(
            f"--towers {' '.join(lacking)}: no run has it; give its run with --run, or leave it out"
        )
    for source in trained:
        source.towers = [tower for tower in source.towers if tower in towers]


def take_out(profile: Profile, run: str, tower: str, out: str) -> None:
    """Write one sub-network alone, with its weights, as a model's folder."""
    source = read_source(run, (tower,))
    stage = "1" if tower in REGION_TOWERS else "2"
    outputs = {task.output: f"{tower}/{task.output}" for task in tasks.tasks_of(tower)}
    with folders.replacing(out, model.KIND, inputs=[run]) as partial:
        definition = deploy.bare_net(profile, (tower,))
        _, matched = write_model(partial, definition, source.parameters, source.weights)
        write_history(partial, profile, [source], {tower: source}, matched)
        described = dict(calibration=calibration_of({tower: source}), eyes=eyes_of({tower: source}))
        stages = {stage: outputs}
        model_writing.describe(partial, profile.name, profile.input_size, stages, **described)


def score_of(finder: Source, searched_anew: bool) -> dict:
    """Return the operating scores, with how they were found, of the model of the detection.

    searched_anew: with other nets of windows, so that those of single ways to search are void.
    """
    if not finder.is_model:
        return {}
    about = about_of(finder.weights)
    scores = dict(score=about.score, score_from=about.score_from)
    if not searched_anew:
        scores.update(scores=about.scores, scores_from=about.scores_from)
    return scores


def calibration_of(owners: dict[str, Source]) -> dict[str, model.Calibration]:
    """Return how tasks were calibrated whose towers are a model's: their layers have it already."""
    found = {}
    for tower, owner in owners.items():
        if owner.is_model:
            known = about_of(owner.weights).calibration
            names = [task.name for task in tasks.tasks_of(tower) if task.name in known]
            found.update({name: known[name] for name in names})
    return found


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
