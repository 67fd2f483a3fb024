"""The weights of trained runs, by parameter name: what belongs to which sub-network."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from allinone import model, snapshots, surgery, tasks
from allinone.errors import InputError
from allinone.profiles import EYES, PROFILES, Profile
from prototxt import deploy

# our choice: shared weights of two runs are the same up to this; one step of training moves them
# further
AGREE = 1e-6

Parameters = dict[str, np.ndarray]


@dataclass
class Source:
    """A trained run, or a fused model: its sub-networks and its weights by parameter name."""

    run: str
    weights: str  # the snapshot, or the model's caffemodel
    towers: list[str]
    parameters: Parameters
    is_model: bool = False


def read_source(run: str, wanted: Iterable[str] = tasks.TOWERS) -> Source:
    """Return the Source of a run's folder (its newest snapshot), of one snapshot, or of a model.

    InputError where it has none of the wanted sub-networks.
    """
    weights = snapshots.weights_of(run)
    definition = surgery.read_net(snapshots.net_of(weights))
    # A fused net has no layer of a sub-network: they are called <tower>/<layer>.
    found = {layer.name.split("/")[0] for layer in definition.layer if "/" in layer.name}
    is_model = not found and os.path.basename(weights) == model.FUSED[1]
    if is_model:
        answered = {output for some in about_of(weights).stages.values() for output in some}
        found = {task.tower for task in tasks.TASKS if task.output in answered}
    names = [name for name in wanted if name in found]
    if not names:
        raise InputError(
            f"{run}: its net has none of the towers {', '.join(wanted)}; give the folder of a run "
            "of tools.train"
        )
    return Source(run, weights, names, snapshots.parameters(weights), is_model)


def about_of(weights: str) -> model.About:
    """Return what the model.json beside a model's caffemodel says."""
    return model.read_about(snapshots.folder_of(weights))


def profile_of(runs: list[str]) -> Profile:
    """Return the profile of some runs; InputError where they have several, or do not say it."""
    names = {run: snapshots.profile_of(run) for run in runs}
    if len(set(names.values())) > 1:
        named = ", ".join(f"{run} ({name})" for run, name in names.items())
        raise InputError(f"the runs have several profiles: {named}; fuse runs of one profile")
    return PROFILES[names[runs[0]]]


def eyes_of(owners: dict[str, Source]) -> float:
    """Return how far apart eye centres are in the aligned faces that owners of towers learnt from.

    InputError, which names them, where they differ.
    """
    known = {}
    for tower in tasks.ALIGNED_TOWERS:
        if tower in owners:
            known.setdefault(snapshots.eyes_of(owners[tower].weights), owners[tower].run)
    if len(known) > 1:
        named = ", ".join(f"{run} ({eyes:g})" for eyes, run in known.items())
        raise InputError(
            "the runs have learnt from faces that are aligned in several ways, with eye centres "
            f"so far apart: {named}; fuse runs of databases that were built with the same --eyes"
        )
    return next(iter(known), EYES)


def shared_names(profile: Profile) -> set[str]:
    """Return the parameters that several sub-networks have: trunk and fusion branch."""
    users = {}
    for layer, names in surgery.parameter_names(deploy.bare_net(profile)).items():
        for name in names:
            users.setdefault(name, set()).add(layer.split("/")[0])
    return {name for name, found in users.items() if len(found) > 1}


def owners_of(sources: list[Source]) -> dict[str, Source]:
    """Return {sub-network: the last Source that has it}; InputError where one has none."""
    owners = {name: source for source in sources for name in source.towers}
    lacking = [name for name in tasks.TOWERS if name not in owners]
    if lacking:
        raise InputError(
            f"{', '.join(source.run for source in sources)}: no run has the tower "
            f"{', '.join(lacking)}; add one with --run"
        )
    return owners


def collect(profile: Profile, owners: dict[str, Source], trunk: Source | None) -> Parameters:
    """Return {parameter name: array} for the fused net; `trunk` gives the shared ones, if any.

    InputError, which names the layers, where owners have different shared weights and there is no
    trunk, or where one lacks a parameter of its sub-network.
    """
    shared = shared_names(profile)
    collected = collect_shared(shared, owners, trunk)
    for tower, source in owners.items():
        definition = surgery.parameter_names(deploy.bare_net(profile, (tower,)))
        own = {name for names in definition.values() for name in names} - shared
        lacking = sorted(own - set(source.parameters))
        if lacking:
            raise InputError(
                f"{source.weights}: no parameter '{lacking[0]}', which tower {tower} of profile "
                f"{profile.name} has; it is of another profile"
            )
        collected.update({name: source.parameters[name] for name in own})
    return collected


def collect_shared(shared: set[str], owners: dict[str, Source], trunk: Source | None) -> Parameters:
    """Return {name: array} of the shared parameters, the trunk's where there is one."""
    of_trunk = {}
    if trunk:
        of_trunk = {name: trunk.parameters[name] for name in shared & set(trunk.parameters)}
    collected, differing, runs = {}, set(), set()
    for source in owners.values():
        for name in (shared & set(source.parameters)) - set(of_trunk):
            array = source.parameters[name]
            kept = collected.setdefault(name, array)
            if kept.shape != array.shape or np.abs(kept - array).max() > AGREE:
                differing.add(name.rsplit("/", 1)[0])
                runs.add(source.run)
    if differing:
        raise InputError(
            f"the runs do not share one trunk: {', '.join(sorted(differing))} of "
            f"{', '.join(sorted(runs))} differ from the other runs'; say whose weights are taken "
            "with --trunk RUN"
        )
    return {**collected, **of_trunk}
