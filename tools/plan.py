"""What a training run is made of, written down so that a run is only ever gone on with when nothing of it has changed."""

import json
import os

from allinone import files, store
from allinone.errors import InputError
from allinone.snapshots import FOLDER, NET
from prototxt import generate, solvers, towers
from python_layers.region_data import PER_IMAGE

# What a mini-batch is made of beside the net's settings: a run that goes on must go on with the same.
CODE = (
    "allinone/align.py",
    "allinone/blob.py",
    "allinone/landmarks.py",
    "allinone/pose.py",
    "allinone/regions.py",
    "python_layers/age_loss.py",
    "python_layers/batch_layer.py",
    "python_layers/counted.py",
    "python_layers/face_data.py",
    "python_layers/masked_euclidean.py",
    "python_layers/prefetch.py",
    "python_layers/region_data.py",
    "python_layers/vary.py",
)
MOST_VALIDATION = 50  # our choice: mini-batches of one validation at most
LOOKS = 4  # our choice: times that a validation looks at a picture, for other regions each time


def manifests(profile, job, databases):
    """Return {tower: [manifest of each of its databases]}; InputError where one is missing or of another size."""
    found = {}
    for tower in job.towers:
        folders = store.databases(os.path.join(databases, towers.database_of(tower)))
        found[tower] = [store.manifest(folder) for folder in folders]
        for folder, manifest in zip(folders, found[tower]):
            if manifest.get("input_size", profile.input_size) != profile.input_size:
                raise InputError(
                    f"{folder}: aligned for inputs of {manifest['input_size']} pixels, profile "
                    f"{profile.name} needs {profile.input_size}; build it with --profile {profile.name}"
                )
        if len(folders) > 1 and tower in ("det", "id", "hyperface"):
            raise InputError(
                f"{databases}/{towers.database_of(tower)}: tower {tower} learns from one database; keep one of {', '.join(folders)}"
            )
    return found


def validation_rows(profile, job, databases):
    """Return {tower: faces or regions to validate on}; {} where a tower has no database for it: the net is tested whole or not at all.

    The number is a matter of the database alone, so that a tower is measured on the same ones in whatever net it stands.
    """
    if not all(
        os.path.isdir(os.path.join(databases, towers.VALIDATION, towers.database_of(tower)))
        for tower in job.towers
    ):
        return {}
    regions = lambda tower: PER_IMAGE * LOOKS if towers.database_of(tower) == "det" else 1
    return {
        tower: regions(tower) * sum(manifest["count"] for manifest in found)
        for tower, found in manifests(
            profile, job, os.path.join(databases, towers.VALIDATION)
        ).items()
    }


def validation_batches(profile, job, rows):
    """Return the mini-batches that hold the rows of every tower, MOST_VALIDATION at most; 0 for no rows."""
    batch = dict(profile.batch, **job.batch)
    return min(
        MOST_VALIDATION,
        max((-(-count // batch[tower]) for tower, count in rows.items()), default=0),
    )


def make(profile, job, databases, out, seed, iterations, iter_size, init):
    """Return ({file: text}, plan) of a run; InputError where a database is missing or does not fit.

    init: the caffemodel that it starts from, or None. The plan holds all that decides the result and no path, so that a
    run may be moved and still be gone on with.
    """
    found = manifests(profile, job, databases)
    rows = validation_rows(profile, job, databases)
    identities = found["id"][0]["identities"] if "id" in found else 0

    def texts(databases, out):
        net = towers.train_net(
            profile,
            job,
            databases,
            identities,
            seed,
            iter_size,
            validation_batches(profile, job, rows),
        )
        solver = solvers.solver_text(
            profile,
            job,
            f"{out}/{NET}",
            f"{out}/{FOLDER}/partial/run",
            seed,
            iterations,
            iter_size,
            by_caffe=False,
        )
        return generate.HEADER + str(net), solver

    net, solver = texts("", "")
    plan = dict(
        profile=profile.name,
        job=job.name,
        iterations=iterations,
        net=net,
        solver=solver,
        data={tower: [manifest["hash"] for manifest in list_] for tower, list_ in found.items()},
        init=init and files.sha256(init),
        code={path: files.sha256(path) for path in CODE},
    )
    net, solver = texts(databases, out)
    return {
        NET: net,
        "solver.prototxt": solver,
        "data.json": json.dumps(found, indent=1) + "\n",
    }, plan


def prepare(out, texts, plan, resume):
    """Write the run's files, {name: text}; return True where an earlier run of the same plan is to be resumed.

    An earlier run of another plan is moved aside, never deleted.
    """
    plan_file = os.path.join(out, "plan.json")
    earlier = os.path.isdir(os.path.join(out, FOLDER))
    if earlier:
        same = os.path.isfile(plan_file) and files.read_json(plan_file, "delete it") == plan
        if same and not resume:
            raise InputError(
                f"{out}: holds a run of the same settings; go on with --resume, or delete the folder"
            )
        if not same:
            aside = next(
                f"{out}.before{n}"
                for n in range(1, 10**6)
                if not os.path.exists(f"{out}.before{n}")
            )
            os.rename(out, aside)
            print(
                f"settings, data or code have changed: the earlier run is now in {aside}, a new one starts"
            )
            earlier = False
    os.makedirs(os.path.join(out, FOLDER), exist_ok=True)
    for name, text in texts.items():
        with files.replacing(os.path.join(out, name)) as stream:
            stream.write(text)
    files.write_json(plan_file, plan)
    return earlier
