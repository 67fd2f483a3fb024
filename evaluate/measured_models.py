"""The models that a benchmark measures: one or one for each part, their history, proposals."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any, Optional, TypedDict

from allinone import model, profiles, reading
from allinone.errors import InputError
from allinone.searching import SELECTIVE_SEARCH, usual_proposals


def models_of(folder: str, parts: Iterable[Optional[str]]) -> dict[Optional[str], str]:
    """Return {part of the set: model folder} of one model, or of one model for each part.

    The second is a folder with fold_01/model, fold_02/model, ... of the parts by name. Each of
    those has not learnt from its part (data_prep.databases). A part without a model is left out.
    InputError where there is no model.
    """
    parts = list(parts)
    if model.is_model(folder):
        return dict.fromkeys(parts, folder)
    found = {}
    for number, part in enumerate(sorted(parts, key=str), 1):
        place = os.path.join(folder, f"fold_{number:02d}", "model")
        if model.is_model(place):
            found[part] = place
    if not found:
        model.read_about(folder)  # raises: model.json is missing
    return found


class Source(TypedDict, total=False):
    """Of a provenance: a run that the model was fused from."""

    job: Optional[str]
    weights: str
    iteration: Optional[int]
    iterations: Optional[int]
    data: Optional[dict[str, list[dict[str, Any]]]]


class History(TypedDict, total=False):
    """What of a model's provenance is read."""

    sources: list[Source]


def history_of(folder: str) -> Optional[dict[str, Any]]:
    """Return the provenance of a model, None where its folder has none."""
    path = os.path.join(folder, model.PROVENANCE)
    return reading.read_json(path, "fuse again", History) if os.path.isfile(path) else None


def about(folders: Iterable[str], stage1: Optional[str] = None) -> dict[str, Any]:
    """Return what results.json says of models: folders, hashes, profile, history of the first.

    stage1: folder of the model that does stage 1, where that is another; as much is said of it.
    """
    folders = sorted(set(folders))
    abouts = [model.read_about(folder) for folder in folders]
    return dict(
        folders=folders,
        sha256=[one.files[model.FUSED[1]] for one in abouts],
        profile=abouts[0].profile,
        provenance=history_of(folders[0]),
        stage1=about([stage1]) if stage1 else None,
    )


def answered(folders: Iterable[str], stage: int) -> set[str]:
    """Return the names of the tasks that all of some models answer in a stage.

    An empty set where one of them lacks the stage.
    """
    names = []
    for folder in sorted(set(folders)):
        one = model.Model(folder, model.read_about(folder))  # its files are checked when it is used
        try:
            names.append({task.name for task in one.tasks_of(stage)})
        except InputError:
            return set()
    return set.intersection(*names)


def learnt_from_whole(folder: str, job: str) -> Optional[bool]:
    """Return True where a model was trained by a job on the whole of its set, False on parts of it.

    None where it was not trained by the job.
    """
    learnt = _parts_learnt(folder, job)
    return None if learnt is None else all(parts is None for parts in learnt)


def _parts_learnt(folder: str, job: str) -> Optional[list[Optional[list[str]]]]:
    """Return the parts, None for all, of each database from which a job has taught a model.

    None where it was not trained by the job.
    """
    for source in (history_of(folder) or {}).get("sources", ()):
        if source.get("job") == job:
            data: Mapping[str, list] = source.get("data") or {}
            return [one.get("splits") for some in data.values() for one in some]
    return None


def refuse_learnt(models: Mapping[Optional[str], str], job: str) -> None:
    """Raise InputError where the model of a part, {part: folder}, has learnt from that part.

    Folds are numbered by the parts that are there, so that one more part gives them other numbers.
    """
    for part, folder in models.items():
        for parts in _parts_learnt(folder, job) or ():
            if parts is None or part in parts:
                raise InputError(
                    f"{folder}: has learnt from {part}, on which it would be measured, since other "
                    f"parts of the set were there then; make data-{job} finetune-{job} trains it "
                    "anew"
                )


def proposals_for(folders: Iterable[str], asked: Optional[str]) -> tuple[str, str]:
    """Return (where faces are looked for, why): what was asked for, else what suits the models.

    folders: the models that do stage 1. Of profile paper selective search, as in the paper (section
    III-D); else the best that all of the models have a net for.
    """
    if asked:
        return asked, "as asked for"
    abouts = {folder: model.read_about(folder) for folder in sorted(set(folders))}
    if any(one.profile == profiles.PAPER.name for one in abouts.values()):
        return SELECTIVE_SEARCH, "as in the paper, since the profile is the paper's"

    def all_have(name):
        return all(name in one.files for one in abouts.values())

    way = usual_proposals(all_have)
    if way == SELECTIVE_SEARCH:
        lacking = [folder for folder, one in abouts.items() if model.DENSE[1] not in one.files]
        return way, f"since {lacking[0]} has no dense net"
    return way, "the default of small profiles"
