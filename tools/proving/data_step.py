"""Drawn faces and scenes, and databases of them for each profile."""

from __future__ import annotations

import os

from allinone import profiles, tasks
from data_prep import aligned_db, drawing, scenes_db
from tools.proving.job import DRAWN, Found, Job

FACES, SCENES, PEOPLE, SEED = 64, 12, 8, 7  # enough for the nets to read; they learn nothing
WORKERS = 1  # to start more would take longer than they save


def database(job: Job, profile: str) -> str:
    """Return the folder of a profile's databases."""
    return job.path(profile, "db")


def step(job: Job) -> Found:
    """Draw, and build the databases."""
    found, records = Found(), {}
    for kind, many in (("portraits", FACES), ("scenes", SCENES)):
        folder = job.path(DRAWN, kind)
        drawing.draw_set(folder, kind, many, PEOPLE, SEED, workers=WORKERS)
        records[kind] = os.path.join(folder, "records.jsonl")
    for name in job.profiles:
        out, profile = database(job, name), profiles.PROFILES[name]
        scenes_db.build_scenes([], [records["scenes"], records["portraits"]], out, WORKERS)
        aligned_db.build_aligned(records["portraits"], out, tasks.ALIGNED_TOWERS, profile, WORKERS)
        found.add(f"databases of {name}", f"{FACES} faces, {SCENES} scenes", out)
    return found
