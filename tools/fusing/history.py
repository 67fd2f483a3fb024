"""provenance.json of a model: where it comes from, for people and for reports."""

from __future__ import annotations

import os

from allinone import files, model, model_writing, reading, snapshots
from allinone.profiles import Profile
from tools.fusing.weights import Source
from tools.training.plan import DATA


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
    model_writing.write_history(os.path.join(folder, model.PROVENANCE), history)


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
