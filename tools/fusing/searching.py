"""The proposal and the screening net in a model's folder: weights from runs of theirs, proved."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterable
from typing import Any

import numpy as np

from allinone import model, model_writing, reading, snapshots, surgery, windows
from allinone.profiles import PROFILES, Profile
from allinone.pycaffe import caffe
from allinone.tasks import PROPOSAL, PROPOSAL_TASKS, SCREEN, WINDOW_NETS
from prototxt import deploy
from prototxt.towers import side_of
from tools.fusing import proof
from tools.fusing.history import history_of
from tools.fusing.weights import Source, read_source

FILES = {PROPOSAL: model.PROPOSAL, SCREEN: model.SCREEN}
DEFINITIONS = {PROPOSAL: deploy.proposal_net, SCREEN: deploy.screen_net}
OUTPUTS = [task.output for task in PROPOSAL_TASKS]
MORE = 3  # further windows of the picture on which the proposal net is compared with crops


def sources_of(runs: Iterable[str]) -> dict[str, Source]:
    """Return {net: Source} of runs of the two jobs, the last that has a net.

    InputError where a run is of another job.
    """
    sources = [read_source(run, WINDOW_NETS) for run in runs]
    return {source.towers[0]: source for source in sources}


def write(profile: Profile, source: Source, net_path: str, weights_path: str) -> dict[str, Any]:
    """Write the net of a source and its weights; return what provenance.json says of it.

    InputError where the weights do not fit.
    """
    (name,) = source.towers
    definition = DEFINITIONS[name](profile)
    net = caffe.Net(proof.write_net(*os.path.split(net_path), definition), caffe.TEST)
    surgery.transplant(net, definition, source.parameters, source.weights, cast=True)
    differences = compare(profile, net, source)
    proof.check(differences, f"{name} net", os.path.dirname(net_path))
    surgery.save(net, weights_path)
    return dict(zip(told_of(name), (history_of(source), differences)))


def told_of(name: str) -> tuple[str, str]:
    """Return the names of the two things that provenance.json says of a net."""
    return name, f"largest_difference_{name}"


def compare(profile: Profile, net, source: Source) -> dict[str, float]:
    """Return the largest differences of the net {what: number}.

    From what was trained, filled by Caffe's own copy_from, on windows; and of the proposal net over
    a picture from what it says of the crop of each window.
    """
    (name,) = source.towers
    with tempfile.TemporaryDirectory() as work:
        bare = proof.write_net(work, "bare.prototxt", deploy.bare_net(profile, (name,)))
        trained = caffe.Net(bare, caffe.TEST, weights=source.weights)
    batch, found = proof.random_batch(side_of(name, profile), proof.PICTURES, seed=0), {}
    blobs = [f"{name}/{output}" for output in OUTPUTS]
    theirs = proof.outputs_of(trained, f"{name}/input", batch, blobs)
    for output, values in proof.outputs_of(net, "data", batch, OUTPUTS).items():
        found[f"{name}/{output}"] = proof.largest_difference(theirs[f"{name}/{output}"], values)
    if name == PROPOSAL:
        found.update(_compare_crops(net))
    return found


def _compare_crops(net) -> dict[str, float]:
    """Return {what: largest difference} over a picture from the crops of its windows."""
    side, found = windows.SIDE + MORE * windows.STRIDE, {}
    picture = proof.random_batch(side, 1, seed=1)
    maps = proof.outputs_of(net, "data", picture, OUTPUTS)
    crops = proof.outputs_of(net, "data", _crops(picture[0]), OUTPUTS)
    for output, values in maps.items():
        of_crops = crops[output].reshape(MORE + 1, MORE + 1, -1).transpose(2, 0, 1)
        found[f"{PROPOSAL} {output}"] = proof.largest_difference(of_crops, values)
    return found


def _crops(picture: np.ndarray) -> np.ndarray:
    """Return the windows (n, 3, SIDE, SIDE) of a picture (3, h, w), row by row."""
    places = [number * windows.STRIDE for number in range(MORE + 1)]
    return np.stack(
        [picture[:, y : y + windows.SIDE, x : x + windows.SIDE] for y in places for x in places]
    )


def put(
    profile: Profile, runs: dict[str, Source], sources: list[Source], folder: str
) -> dict[str, Any]:
    """Write both nets into the folder of a model, each of its run, else of the last fused model.

    runs: of `sources_of`; sources: what else is fused. Returns what provenance.json says of them.
    """
    told = {}
    for name in WINDOW_NETS:
        paths = [os.path.join(folder, one) for one in FILES[name]]
        if name in runs:
            told.update(write(profile, runs[name], *paths))
        else:
            told.update(_kept(name, sources, paths))
    return told


def _kept(name: str, sources: list[Source], paths: list[str]) -> dict[str, Any]:
    """Copy a net of the last fused model that has one; return what provenance.json says of it."""
    found = [source.weights for source in sources if source.is_model]
    opened = [model.open_model(snapshots.folder_of(weights)) for weights in found]
    having = [one for one in opened if one.has(FILES[name][1])]
    if not having:
        return {}
    for one, path in zip(FILES[name], paths):
        shutil.copyfile(having[-1].path(one), path)
    history = reading.read_json(having[-1].path(model.PROVENANCE), "fuse again", dict)
    return {told: history[told] for told in told_of(name) if told in history}


def add(runs: Iterable[str], folder: str) -> None:
    """Give a model the nets of some runs; whatever happens, the model stays whole.

    InputError where the folder is no model, or a run of another job.
    """
    sources, opened = sources_of(runs), model.open_model(folder)
    profile = PROFILES[opened.profile]
    history = reading.read_json(opened.path(model.PROVENANCE), "fuse again", dict)
    with contextlib.ExitStack() as all_at_once:
        told = all_at_once.enter_context(model_writing.replacing_file(folder, model.PROVENANCE))
        for name, source in sources.items():
            places = [model_writing.replacing_file(folder, one) for one in FILES[name]]
            paths = [all_at_once.enter_context(place) for place in places]
            history.update(write(profile, source, *paths))
        model_writing.write_history(told, history)
    model_writing.forget_scores(folder)
