"""The databases of whole datasets: for every tower those of its training sets, for validation, and for fine-tuning.

    python -m data_prep.databases                        # all that Table I names and DATA holds
    python -m data_prep.databases morph custom           # these two

Training sets stand in <out>/<tower>/<set> (det: one database, <out>/det), those for validation in <out>/val, those for
fine-tuning in <out>/finetune/<set>, with a folder for each fold. What is there already, of the same records, is left as it is.
"""

import argparse
import collections
import os
import sys

from allinone import align, files, record, store, tasks
from allinone.errors import InputError, command
from data_prep import conversion, reader
from data_prep.aligned_db import LABEL_OF, build_aligned
from data_prep.scenes_db import build_scenes
from data_prep.sources import origin_of

# What a benchmark's own set teaches, and whether by folds: those of all other folds then (sections IV-A, IV-D, IV-E).
FINETUNING = dict(
    fddb=(("det",), True),
    fotw=(("smile", "gender"), False),
    lap2015=(("age",), False),
    fgnet=(("age",), True),
)
LEARNT = "train"  # the split of those without folds
VALIDATION = "val"  # folder of the databases for validation
WAITING = "without_landmarks.txt"  # in the databases' folder: the sets that were left out for want of a model
OWN = (
    "custom",
    "utkface",
)  # sets that the paper does not know: they give every tower whose label they have
WHOLE_PICTURES = ("aflw", "custom")  # training sets that show what surrounds a face
Feed = collections.namedtuple(
    "Feed", "name records splits towers"
)  # a training set, its records and the towers that learn from it


def records_of(name, folder):
    """Return the records file of a set in its folder, which is made where it is not there yet."""
    path = os.path.join(folder, conversion.RECORDS)
    if not os.path.isfile(path):
        conversion.convert_set(name, folder)
    return path


def labels_of(records):
    """Return the labels that a records file has, by the summary beside it."""
    summary = os.path.join(os.path.dirname(records), conversion.SUMMARY)
    return set(files.read_json(summary, "convert the set again")["labels"])


def feeds(folders, table):
    """Return the Feeds of some sets, {name: folder}, by a table like tasks.TRAINING_SETS, and of OWN by their labels.

    A tower that the table names is left out, and that is said, where the set has no such label.
    """
    found = []
    for name, folder in folders.items():
        records = records_of(name, folder)
        there, by_splits = labels_of(records), collections.defaultdict(list)
        for tower in tasks.TOWERS:
            listed = name in table[tower]
            label = "faces" if tower == "det" else LABEL_OF[tower]
            if label in there and (
                listed or name in OWN and (tower != "det" or name in WHOLE_PICTURES)
            ):
                by_splits[table[tower].get(name)].append(tower)
            elif listed:
                print(f"  {name} has no label '{label}': tower {tower} does without it")
        found += [
            Feed(name, records, splits and list(splits), towers)
            for splits, towers in by_splits.items()
        ]
    return found


def fresh(folder, records, splits, **about):
    """Tell whether a database is there and was built of these records."""
    path = os.path.join(folder, store.MANIFEST)
    if not os.path.isfile(path):
        return False
    manifest = files.read_json(path, "delete it")
    return (
        manifest.get("splits") == splits
        and [origin["sha256"] for origin in manifest["origin"]]
        == [origin_of(one)["sha256"] for one in records]
        and all(manifest.get(name) == value for name, value in about.items())
    )


def build_det(some, out, workers):
    """Build the detection database of some Feeds; those that teach something else are passed over."""
    some = [feed for feed in some if "det" in feed.towers]
    if not some:
        return
    records, splits = [feed.records for feed in some], some[0].splits
    if any(feed.splits != splits for feed in some):
        raise InputError(
            f"det: {', '.join(feed.name for feed in some)} are to be taken in different parts; build them one by one with data_prep.build_db"
        )
    if fresh(os.path.join(out, "det"), records, splits):
        print(f"  {', '.join(feed.name for feed in some)}: det in {out} is there")
    else:
        print(f"{', '.join(feed.name for feed in some)}: building det in {out}", flush=True)
        build_scenes(records, [], out, workers, splits)


def build_faces(feed, out, profile, model, workers, apart=True):
    """Build the databases of aligned faces of a Feed; faces without landmarks get those that a model finds.

    apart: each tower's in a folder of the set's name. Return False where no landmarks are known and there is no model: nothing is built then.
    """
    towers = [tower for tower in feed.towers if tower != "det"]
    records, wanted = feed.records, lambda face: feed.splits is None or face.split in feed.splits
    if (
        model
        and towers
        and any(face.lacks_landmarks() for face in record.read(records) if wanted(face))
    ):
        from data_prep.locate import (
            locate,
        )  # late: it imports Caffe, which the processes that align need not wait for

        records = locate(records, model)
    if towers and not any(
        face.landmarks is not None for face in record.read(records) if wanted(face)
    ):
        return False
    training_set = feed.name if apart else ""
    about = dict(input_size=profile.input_size, size=align.stored_size(profile.input_size))
    there = [
        tower
        for tower in towers
        if fresh(os.path.join(out, tower, training_set), [records], feed.splits, **about)
    ]
    missing = [tower for tower in towers if tower not in there]
    if there:
        print(f"  {feed.name}: {', '.join(there)} in {out} are there")
    if missing:
        print(f"{feed.name}: building {', '.join(missing)} in {out}", flush=True)
        build_aligned(records, out, missing, profile, workers, training_set, feed.splits)
    return True


def finetuning(name, records, out):
    """Yield (folder, Feed) of the databases with which the net is fine-tuned for a benchmark."""
    towers, folded = FINETUNING[name]
    if not folded:
        yield os.path.join(out, "finetune", name), Feed(name, records, [LEARNT], towers)
        return
    folds = sorted({face.split for face in record.read(records)})
    for number, fold in enumerate(folds, 1):
        yield (
            os.path.join(out, "finetune", name, f"fold_{number:02d}"),
            Feed(name, records, [other for other in folds if other != fold], towers),
        )


def in_table(name, table):
    """Tell whether a set gives a tower something, by a table like tasks.TRAINING_SETS."""
    return any(name in sets for sets in table.values())


def sets_there(data):
    """Return the sets to train and validate with that stand in a folder, and say which do not; InputError where a tower has none to learn from."""
    there = lambda table: {
        name for sets in table.values() for name in sets if os.path.isdir(os.path.join(data, name))
    }
    learnt = there(tasks.TRAINING_SETS)
    lacking = "; ".join(
        f"{data}/{name} for {', '.join(tower for tower, sets in tasks.TRAINING_SETS.items() if name in sets)}"
        for name in sorted(
            {name for sets in tasks.TRAINING_SETS.values() for name in sets} - learnt
        )
    )
    for tower, sets in tasks.TRAINING_SETS.items():
        if not set(sets) & learnt:
            raise InputError(
                f"{data}: tower {tower} has none of its training sets ({', '.join(sets)}). Not there: {lacking}. data_prep/README.md shows the "
                'trees and whom to ask; for sets of your own, SETS="custom utkface"'
            )
    if lacking:
        print(f"not there, and done without: {lacking}")
    return sorted(learnt | there(tasks.VALIDATION_SETS))


def plans_of(folders, out, finetune):
    """Yield (folder for databases, Feed, whether each set of it has a folder of its own) of some sets, {name: folder}."""
    chosen = lambda wanted: {name: folder for name, folder in folders.items() if wanted(name)}
    for feed in feeds(
        chosen(lambda name: name in OWN or in_table(name, tasks.TRAINING_SETS)), tasks.TRAINING_SETS
    ):
        yield out, feed, True
    for feed in feeds(
        chosen(lambda name: in_table(name, tasks.VALIDATION_SETS)), tasks.VALIDATION_SETS
    ):
        yield os.path.join(out, VALIDATION), feed, False
    for name in FINETUNING if finetune else ():
        if name in folders:
            for place, feed in finetuning(name, records_of(name, folders[name]), out):
                yield place, feed, False


def build(folders, out, finetune, profile, model, workers=None):
    """Build all databases of some sets, {name: folder}; return the names of those whose landmarks have to be found first."""
    plans = list(plans_of(folders, out, finetune))
    if not plans:
        print(f"{', '.join(folders)}: for evaluation alone, which reads the records")
    for place in dict.fromkeys(place for place, _, _ in plans):
        build_det([feed for other, feed, _ in plans if other == place], place, workers)
    return sorted(
        {
            feed.name
            for place, feed, apart in plans
            if not build_faces(feed, place, profile, model, workers, apart)
        }
    )


@command
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "sets",
        nargs="*",
        metavar="SET",
        help=f"default: those of Table I; {', '.join(reader.names())}",
    )
    parser.add_argument("--data", default="data", help="folder with a folder for each set")
    parser.add_argument("--folder", help="where one SET stands, if not in DATA")
    parser.add_argument("--out", default="data/db", help="folder for the databases")
    parser.add_argument(
        "--profile", choices=profiles.PROFILES, default="paper", help="gives the size of aligned faces"
    )
    parser.add_argument(
        "--landmarks-from",
        metavar="MODEL",
        help="folder of a model that finds the landmarks of faces without any",
    )
    parser.add_argument("--gpu", default="", help="with --landmarks-from: GPU number; empty: CPU")
    parser.add_argument("--workers", type=int, help="processes, default one a core")
    args = parser.parse_args(argv)
    unknown = sorted(set(args.sets) - set(reader.names()))
    if unknown:
        raise InputError(f"no reader for {', '.join(unknown)}; there are {', '.join(reader.names())}")
    if args.folder and len(args.sets) != 1:
        raise InputError("--folder goes with one SET")
    if args.landmarks_from:
        from allinone import device  # late, as in build_faces

        device.use(args.gpu)
    folders = {
        name: args.folder or os.path.join(args.data, name)
        for name in args.sets or sets_there(args.data)
    }
    waiting = build(
        folders,
        args.out,
        bool(args.sets),
        profiles.PROFILES[args.profile],
        args.landmarks_from,
        args.workers,
    )
    with files.replacing(os.path.join(args.out, WAITING)) as stream:
        stream.write("".join(f"{name}\n" for name in waiting))
    if waiting:
        print(
            f"no databases of aligned faces yet of {', '.join(waiting)}: they have no landmarks, and a model has to find them. "
            "make data trains HyperFace for that; LANDMARKS=folder names another"
        )


if __name__ == "__main__":
    sys.exit(main())
