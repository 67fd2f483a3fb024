"""Check the databases that a run reads, and count what it validates on."""

from __future__ import annotations

import os
from dataclasses import replace

from allinone import store
from allinone.errors import InputError
from allinone.profiles import EYES, Profile
from allinone.schedules import Job
from allinone.tasks import (
    ALIGNED_TOWERS,
    DESCRIPTOR,
    DISTILL,
    REGION_TOWER,
    WINDOW_NETS,
    tasks_of,
)
from prototxt.towers import VALIDATION, database_of
from python_layers.region_data import PER_IMAGE
from python_layers.tops import REGION_TOWERS, WINDOWS_OF_A_PICTURE

MOST_VALIDATION = 50  # our choice: mini-batches of one validation at most
LOOKS = 4  # our choice: times that a validation uses a picture, for other regions each time


def manifests(profile: Profile, job: Job, databases: str) -> dict[str, list[dict]]:
    """Return {sub-network: the manifest of each of its databases}.

    InputError where one is missing, damaged or of another size, or where the faces of two are not
    aligned alike.
    """
    found = {}
    for tower in job.towers:
        place = os.path.join(databases, database_of(job, tower))
        folders = store.databases(place)
        found[tower] = [store.verify(folder) for folder in folders]
        for folder, manifest in zip(folders, found[tower]):
            _check_size(profile, folder, manifest)
        if len(folders) > 1 and (_learns_regions(job, tower) or _learns_people(job, tower)):
            raise InputError(
                f"{place}: tower {tower} learns from one database; keep one of {', '.join(folders)}"
            )
    eyes_of(found, databases)
    return found


def aligned_like(job: Job, databases: str, found: dict[str, list[dict]]) -> float | None:
    """Return how far apart eye centres are, as `eyes_of`.

    InputError where the faces that the run is validated on are aligned otherwise.
    """
    eyes, folder = eyes_of(found, databases), os.path.join(databases, VALIDATION)
    if eyes is None or not_validated(job, databases):
        return eyes
    held_out = {}
    for tower in ALIGNED_TOWERS:
        if tower in job.towers:
            some = store.databases(os.path.join(folder, tower))
            held_out[tower] = [store.manifest(one) for one in some]
    other = eyes_of(held_out, folder)
    if other != eyes:
        raise InputError(
            f"{folder}: eye centres of aligned faces are {other:g} of the side apart, {eyes:g} in "
            f"{databases}; build them with the same --eyes"
        )
    return eyes


def eyes_of(found: dict[str, list[dict]], databases: str) -> float | None:
    """Return how far apart eye centres of the aligned faces are; None where there are none.

    found: of `manifests` of the folder `databases`. InputError where two databases differ.
    """
    known = {}
    for tower in ALIGNED_TOWERS:
        for manifest in found.get(tower, ()):
            known[manifest.get("eyes", EYES)] = tower
    if len(known) > 1:
        (one, first), (other, second) = list(known.items())[:2]
        raise InputError(
            f"{databases}: eye centres of aligned faces are {one:g} of the side apart for tower "
            f"{first}, {other:g} for {second}; build all databases with the same --eyes"
        )
    return next(iter(known), None)


def _check_size(profile, folder, manifest):
    size = manifest.get("input_size", profile.input_size)
    if size != profile.input_size:
        raise InputError(
            f"{folder}: aligned for inputs of {size} pixels, profile {profile.name} needs "
            f"{profile.input_size}; build it with --profile {profile.name}"
        )


def _learns_regions(job, tower):
    """Return whether a sub-network learns from regions of pictures."""
    return database_of(job, tower) == REGION_TOWER


def _learns_people(job, tower):
    """Return whether the classes of a sub-network are the people of its database."""
    return not job.teacher and any(task.kind == DESCRIPTOR for task in tasks_of(tower))


def identities(job: Job, found: dict[str, list[dict]], databases: str) -> int:
    """Return how many people the identity database has, 0 where the net does not learn people.

    found: of `manifests` of the folder `databases`.
    """
    for tower, some in found.items():
        if _learns_people(job, tower):
            return store.people_of(some[0], os.path.join(databases, database_of(job, tower)))
    return 0


def as_taught(job: Job, found: dict[str, list[dict]], databases: str) -> Job:
    """Return a job with the numbers of its teacher's descriptor, by its databases, if it has one.

    found: of `manifests` of the folder `databases`. InputError where databases have descriptors of
    different teachers, or none, and where a mini-batch has one face, which is compared with none.
    """
    if not job.teacher:
        return job
    taught = [tower for tower in found if job.is_taught(tower)]
    if any(job.batch.get(tower) == 1 for tower in taught):
        raise InputError("--batch: a mini-batch of one face has nothing to be compared with")
    numbers = {one.get("descriptor") for tower in taught for one in found[tower]}
    if None in numbers or len(numbers) > 1:
        has = ", ".join(sorted(str(number or "no") for number in numbers))
        raise InputError(
            f"{os.path.join(databases, DISTILL)}: its databases have descriptors of {has} numbers, "
            "where all must be of one teacher; build them again (data_prep.build_db distill)"
        )
    return replace(job, teacher=numbers.pop())


def without_teacher(job: Job) -> Job:
    """Return a job as it is validated: whatever the identity net learns, by people held out."""
    return replace(job, teacher=0)


def not_validated(job: Job, databases: str) -> list[str]:
    """Return the folders of databases for validation that are not there."""
    names = [database_of(without_teacher(job), tower) for tower in job.towers]
    folders = [os.path.join(databases, VALIDATION, name) for name in names]
    return [folder for folder in folders if not os.path.isdir(folder)]


def validation_rows(profile: Profile, job: Job, databases: str) -> dict[str, int]:
    """Return {sub-network: faces or regions to validate on}.

    {} where a sub-network has no database for it: the net is tested whole or not at all. The number
    depends on the database alone, so that a sub-network is measured on the same ones in any net.
    """
    if not_validated(job, databases):
        return {}
    rows, folder = {}, os.path.join(databases, VALIDATION)
    for tower, found in manifests(profile, without_teacher(job), folder).items():
        rows[tower] = _rows_of_a_picture(tower) * sum(manifest["count"] for manifest in found)
    return rows


def _rows_of_a_picture(tower):
    """Return how many rows of a mini-batch a validation takes of each picture of a database."""
    if tower in WINDOW_NETS:
        return WINDOWS_OF_A_PICTURE
    return PER_IMAGE * LOOKS if tower in REGION_TOWERS else 1


def validation_batches(profile: Profile, job: Job, rows: dict[str, int]) -> int:
    """Return how many mini-batches hold the rows of every sub-network, at most MOST_VALIDATION."""
    needed = [-(-count // job.batch_of(tower, profile)) for tower, count in rows.items()]
    return min(MOST_VALIDATION, max(needed, default=0))
