"""Options: values that nobody expects, and options left out or given twice, for every command."""

from __future__ import annotations

import os
import random

from tools.fuzzing.case import Case, Finished, FuzzClass
from tools.fuzzing.world import TRAINING, World

NUMBERS = ("0", "-1", "nan", "inf", "-inf", "1e400", "1e-400", "0.5", "9" * 30, "", "x", "\u0662")
TEXTS = ("", " ", "x", "no/such/thing", ".", "..", "\udcff", "a\nb", "-", "--", "n" * 300, "\xb2")
GPUS = ("x", "-1", "99", "0,", "1,1", "\u0660", " ")
NO_NUMBERS = ("nan", "inf", "-inf", "1e400", "", "x")
NUMERIC = set(
    "--score --smallest --batch --every --iterations --base-lr --age-switch --age-ramp "
    "--age-weight --iter-size --snapshot --seed --cores --threshold --count --identities "
    "--workers --precision".split()
)
# What would write outside the case's folder for a good reason is never asked for.
OUTPUTS = ("--out", "--gallery")


# Healthy calls; {...} stands for a path, "none" for an empty text.
COMMANDS = """
tools.analyze {face} --engine opencv --smallest 24 --score 0.5 --batch 2 --every 1 --out {out}
tools.analyze {face} --engine opencv --smallest 24 --descriptor raw --csv --gpu none --out {out}
tools.analyze {face} --engine opencv --proposals dense --without-pictures --out {out}
tools.analyze {face} --engine opencv --boxes {scenes} --out {out}
tools.identify find {face} --gallery {root}/gallery.h5 --threshold 0.5 --engine opencv
tools.identify verify {face} {face} --engine opencv --gpu none --tpe
tools.identify enroll {root}/people --engine opencv --gallery {out}
tools.train {train} --iterations 2 --seed 3 --iter-size 1 --batch 1
tools.train {train} --iterations 2 --base-lr 0.001 --cores 1 --resume
tools.train {train} --iterations 2 --age-switch 1 --age-ramp 1 --age-weight 1
tools.fuse --run {root}/run --tower gender --gpu none --out {out}
tools.inspect_db {root}/db --seed 1 --out {out}
tools.plot_log {root}/run/log.jsonl {out}.png
data_prep.build_db aligned --records {faces} --split train --workers 1 --set x --out {out}
data_prep.build_db scenes --without-search {scenes} --split train --workers 1 --out {out}
data_prep.synthetic --kind portraits --count 2 --identities 1 --seed 1 --out {out}
data_prep.composites --records {faces} --split train --count 1 --seed 1 --out {out}
data_prep.convert lfw --folder {root}/nothing
evaluate.measure lfw --data {root}/lfw --model {root}/model --engine opencv --out {out}
evaluate.report --results {root}/results --data {root}/sets --bench {root}/nothing --out {out}
evaluate.identification --scores {root}/gallery.h5 --threshold 0.5
evaluate.fddb --folds {root}/sets/fddb/FDDB-folds --detections {face} --out {out}
evaluate.learn_tpe --model {root}/nothing --db {root}/db/id --held-out {root}/db/id --iterations 5
evaluate.operating_point --model {root}/nothing --records {scenes} --precision 0.9
tools.bench --db {root}/nothing --model {root}/model --out {out}
tools.check_gpu 0
tools.draw_pose --out {out}.jpg
tools.draw_age_loss --out {out}.svg
examples.analyze_photograph {face} --out {out}.jpg
""".strip().splitlines()


def _command(world: World, rng: random.Random, folder: str) -> list[str]:
    """Return a healthy call of a command that writes into a folder."""
    paths = dict(
        root=world.root,
        face=world.faces[0],
        out=os.path.join(folder, "out"),
        faces=world.path("portraits", "records.jsonl"),
        scenes=world.path("scenes", "records.jsonl"),
    )
    train = ["--out", paths["out"], "--db", world.path("db"), *TRAINING[1:]]
    argv = []
    for word in rng.choice(COMMANDS).split():
        argv += train if word == "{train}" else ["" if word == "none" else word.format(**paths)]
    return argv


def _value(rng: random.Random, option: str) -> str:
    """Return a hostile value of an option."""
    if option == "--gpu":
        return rng.choice(GPUS)
    return rng.choice(NUMBERS if option in NUMERIC and rng.random() < 0.85 else TEXTS)


def _no_number(argv: list[str]) -> str:
    """Return an option for a number that gets none, "" without any."""
    for option, value in zip(argv, argv[1:]):
        if option in NUMERIC and value in NO_NUMBERS:
            return f"{option} {value!r}"
    return ""


def make(world: World, rng: random.Random, folder: str) -> Case:
    """Change one or two options of a command."""
    argv = _command(world, rng, folder)
    done = []
    for _ in range(rng.choice((1, 1, 1, 2))):
        places = [place for place, one in enumerate(argv) if one.startswith("--")]
        places = [place for place in places if argv[place] not in OUTPUTS]
        place = rng.choice(places) if places and rng.random() < 0.9 else None
        if place is None or place + 1 >= len(argv):
            argv.append(rng.choice(("--no-such", "x", "--", "\udcff", "")))
            done.append(f"with {argv[-1]!r}")
        elif rng.random() < 0.1:
            done.append(f"without {argv[place]}")
            del argv[place : place + 2]
        else:
            value = _value(rng, argv[place])
            done.append(f"{argv[place]} {value[:20]!r}")
            if argv[place + 1].startswith("--"):
                argv.insert(place + 1, value)
            else:
                argv[place + 1] = value
    odd = _no_number(argv)

    def wrong(finished: Finished):
        return f"{odd} counts as a number" if odd and not finished.code else None

    made = ("out", "out.png", "out.jpg", "out.svg")
    return Case(f"{argv[0]} {', '.join(done)}", argv, wrong=wrong, writes=made)


CLASS = FuzzClass(
    name="options",
    about="options of the commands with numbers out of range, NaN, other digits, empty or endless "
    "texts, GPUs that are not there; options left out",
    oracle="a text, NaN or an infinite number is taken where a number is due; else none: a command "
    "may do what it was asked for",
    share=12,
    make=make,
)
