"""The databases of whole sets, as data_prep.feeds plans them, built where they are not there."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from allinone import align, files, reading, store, tasks
from allinone.errors import InputError
from allinone.parallel import Workers
from allinone.profiles import EYES, Profile
from data_prep.aligned_db import build_aligned
from data_prep.feeds import Feed, plans_of
from data_prep.landmark_finder import locate
from data_prep.scenes_db import build_scenes
from data_prep.sources import Splits, survey

# In the databases' folder: the sets that were left out for want of a model that finds landmarks.
WAITING = "without_landmarks.txt"


def fresh(folder: str, records: Sequence[str], splits: Splits, **about) -> bool:
    """Tell whether a database is there and was built of these records.

    about: what else its manifest must say.
    """
    path = os.path.join(folder, store.MANIFEST)
    if not os.path.isfile(path):
        return False
    manifest = {"eyes": EYES, **reading.read_json(path, "delete it", store.Manifest)}
    if manifest.get("splits") != splits:
        return False
    built_of = [origin.get("sha256") for origin in manifest.get("origin", ())]
    return built_of == [survey(one).sha256 for one in records] and all(
        manifest.get(name) == value for name, value in about.items()
    )


def build_det(feeds: Sequence[Feed], out: str, model: str | None, workers: Workers) -> None:
    """Build the detection database of those feeds that teach detection.

    model: folder of a model that finds the boxes of faces without any, and landmarks where it does.
    A feed without a box is left out, and that is said. InputError where they are to be taken in
    different parts.
    """
    feeds = [feed for feed in feeds if tasks.REGION_TOWER in feed.towers]
    if not feeds:
        return
    names, splits = ", ".join(feed.name for feed in feeds), feeds[0].splits
    if any(feed.splits != splits for feed in feeds):
        raise InputError(
            f"{tasks.REGION_TOWER}: {names} are to be taken in different parts; build them one by "
            "one with data_prep.build_db"
        )
    records = [_with_boxes(feed, model, workers) for feed in feeds]
    boxed = [survey(one).has_boxes(splits) for one in records]
    for feed in (feed for feed, known in zip(feeds, boxed) if not known):
        print(f"  {feed.name} has no box{_of(splits)}: tower {tasks.REGION_TOWER} does without it")
    records = [one for one, known in zip(records, boxed) if known]
    if not records:
        return
    if fresh(os.path.join(out, tasks.REGION_TOWER), records, splits):
        print(f"  {names}: {tasks.REGION_TOWER} in {out} is there")
        return
    print(f"{names}: building {tasks.REGION_TOWER} in {out}", flush=True)
    build_scenes(records, [], out, workers, splits)


def _of(splits: Splits) -> str:
    """Return the parts that are taken, for the end of a phrase."""
    return f" in part {', '.join(splits)}" if splits else ""


def _with_boxes(feed: Feed, model: str | None, workers: Workers) -> str:
    """Return the records of a feed, with what a model finds where a face has no box."""
    if survey(feed.records).lacks_boxes(feed.splits):
        if model:
            return locate(feed.records, model, workers)
        print(
            f"  {feed.name}: pictures with a face without a box are left out of "
            f"{tasks.REGION_TOWER}; LANDMARKS=folder names a model that finds boxes"
        )
    return feed.records


def build_faces(
    feed: Feed, out: str, profile: Profile, model: str | None, workers: Workers, apart: bool
) -> bool:
    """Build the databases of aligned faces of a feed.

    model: folder of a model that finds the landmarks of faces without any; apart: whether each
    tower's database stands in a folder of the set's name. Return False where no landmarks are known
    and there is no model: nothing is built then.
    """
    towers = [tower for tower in feed.towers if tower != tasks.REGION_TOWER]
    if not towers:
        return True
    records = feed.records
    if model and survey(records).lacks_landmarks(feed.splits):
        records = locate(records, model, workers)
    if not survey(records).has_landmarks(feed.splits):
        return False
    for tower in list(towers):
        label = tasks.aligned_task(tower).label
        if not survey(records).has_label(label, feed.splits):
            print(
                f"  {feed.name} has no face with landmarks and '{label}'{_of(feed.splits)}: tower "
                f"{tower} does without it"
            )
            towers.remove(tower)
    training_set = feed.name if apart else ""
    about = dict(
        input_size=profile.input_size,
        size=align.stored_size(profile.input_size),
        eyes=profile.eyes,
    )
    there = []
    for tower in towers:
        if fresh(os.path.join(out, tower, training_set), [records], feed.splits, **about):
            there.append(tower)
    missing = [tower for tower in towers if tower not in there]
    if there:
        print(f"  {feed.name}: {', '.join(there)} in {out} are there")
    if missing:
        print(f"{feed.name}: building {', '.join(missing)} in {out}", flush=True)
        build_aligned(records, out, missing, profile, workers, training_set, feed.splits)
    return True


def build(
    folders: Mapping[str, str],
    out: str,
    named: bool,
    profile: Profile,
    model: str | None,
    workers: Workers = None,
) -> list[str]:
    """Build all databases of some sets, {name: folder}.

    named: whether the user has named the sets; those for fine-tuning are built only then. Return
    the names of the sets whose landmarks have to be found first, which the file WAITING has too.
    """
    plans = list(plans_of(folders, out, named))
    if not plans:
        print(f"{', '.join(folders)}: for evaluation alone, which reads the records")
    for place in dict.fromkeys(plan.folder for plan in plans):
        some = [plan.feed for plan in plans if plan.folder == place]
        build_det(some, place, model, workers)
    waiting = set()
    for folder, feed, apart in plans:
        if not build_faces(feed, folder, profile, model, workers, apart):
            waiting.add(feed.name)
    with files.replacing(os.path.join(out, WAITING)) as stream:
        stream.write("".join(f"{name}\n" for name in sorted(waiting)))
    return sorted(waiting)
