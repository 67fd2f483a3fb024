"""Names: of pictures, folders, runs and galleries, as file systems allow them and nobody likes."""

from __future__ import annotations

import os
import random
import shutil

from tools.fuzzing import answers
from tools.fuzzing.case import Case, Finished, FuzzClass
from tools.fuzzing.world import ANALYZE, TRAINING, World

LONGEST = 255  # bytes of a name on Linux
STEMS = (
    "a b",
    " ",
    "-x",
    "--out",
    "-1",
    "a'b",
    'a"b',
    "a\\b",
    "a\nb",
    "a\tb",
    "a\rb",
    "%d",
    "%s%n",
    "{0}",
    "$HOME",
    "`x`",
    "*",
    "?",
    "[a]",
    "[!a]",
    "~",
    "a;b",
    "a&b",
    "<b>",
    "a,b",
    "#",
    "0",
    "1e9",
    "nan",
    "\u0662",
    "\xb2",
    "\u202eabc",
    "e\u0301",
    "\U0001f600",
    "\udcff\udcfe",
    "a\udce9b",
    "...",
    "a.",
    "CON",
    "null",
    ".hidden",
)


def _stem(rng: random.Random) -> str:
    """Return a hostile name of at most LONGEST - 20 bytes, sometimes just as long."""
    if rng.random() < 0.2:
        return rng.choice(("n", "\u00e9", "\U0001f600"))[0] * rng.choice((59, 110, 200))
    stem = rng.choice(STEMS)
    return stem + rng.choice(STEMS) if rng.random() < 0.3 else stem


def _fit(stem: str, more: str) -> str:
    """Return a name of at most LONGEST bytes that ends with `more`."""
    while len(os.fsencode(stem + more)) > LONGEST:
        stem = stem[:-1]
    return stem + more


def _picture(world: World, rng: random.Random, folder: str, stem: str) -> Case:
    """Analyze a picture of a hostile name; its folder, its path, or a pattern is given."""
    source, given = rng.choice(world.faces), os.path.join(folder, "in")
    os.makedirs(given)
    name = _fit(stem, ".png")
    path, out = os.path.join(given, name), os.path.join(folder, "out")
    shutil.copy(source, path)
    pattern = os.path.join(given, "*")
    asked = rng.choice((given, path, pattern))
    argv = [*ANALYZE, asked, "--out", out]
    argv += rng.choice((["--csv"], ["--without-pictures"], ["--without-pictures", "--csv"]))

    def wrong(finished: Finished):
        lines = answers.lines_in(out)
        if name.startswith(".") and asked != path and not lines:
            return None  # hidden files are found by their names alone
        found = answers.without_image(lines, name)
        same = found == answers.healthy(world, source) and not finished.code
        return None if same else "another answer"

    return Case(f"picture {name!r}"[:90], argv, (), wrong, ("out",))


def _person(world: World, rng: random.Random, folder: str, stem: str) -> Case:
    """Enroll a person of a hostile name."""
    people = os.path.join(folder, "people", stem)
    os.makedirs(people)
    shutil.copy(world.faces[0], people)
    gallery = os.path.join(folder, "g.h5")
    argv = ["tools.identify", "enroll", os.path.dirname(people), "--engine", "opencv"]

    def wrong(finished: Finished):
        if stem.startswith("."):
            return None
        if finished.code or "people: 1, pictures: 1" not in finished.out:
            return "the person was not enrolled"
        return None

    return Case(f"person {stem!r}"[:90], [*argv, "--gallery", gallery], (), wrong, ("g.h5",))


def _output(world: World, rng: random.Random, folder: str, stem: str) -> Case:
    """Write into a folder of a hostile name."""
    picture, out = rng.choice(world.faces), os.path.join(folder, stem)
    argv = [*ANALYZE, picture, "--without-pictures", "--out", out]

    def wrong(finished: Finished):
        found = answers.without_image(answers.lines_in(out), os.path.basename(picture))
        same = found == answers.healthy(world, picture) and not finished.code
        return None if same else "another answer"

    return Case(f"--out {stem!r}"[:90], argv, (), wrong, (stem,))


def _records(world: World, rng: random.Random, folder: str, stem: str) -> Case:
    """Build a database in, and of records in, folders of hostile names."""
    place = os.path.join(folder, stem)
    os.makedirs(place)
    records = world.copy("portraits/records.jsonl", place)
    os.symlink(world.path("portraits", "images"), os.path.join(place, "images"))
    db = os.path.join(folder, f"db{stem}"[:50])
    argv = ["data_prep.build_db", "aligned", "--records", records, "--towers", "gender"]

    def wrong(finished: Finished):
        if finished.code or not os.path.isfile(os.path.join(db, "gender", "manifest.json")):
            return "no database was built"
        return None

    argv += ["--workers", "1", "--out", db]
    return Case(f"records in {stem!r}"[:90], argv, (), wrong, (os.path.basename(db),))


def _training(world: World, rng: random.Random, folder: str, stem: str) -> Case:
    """Train into a folder of a hostile name, or say that Caffe cannot."""
    out = os.path.join(folder, stem)
    argv = [*TRAINING, "--db", world.path("db"), "--iterations", "2", "--out", out]

    def wrong(finished: Finished):
        made = os.path.join(out, "snapshots", "iter_0000002.caffemodel")
        if finished.code == 0 and not os.path.isfile(made):
            return "no weights were written"
        return None

    return Case(f"run {stem!r}"[:90], argv, (), wrong, (stem, f"{stem}.before1"))


def make(world: World, rng: random.Random, folder: str) -> Case:
    """Use a hostile name somewhere."""
    makers = (_picture, _picture, _picture, _picture, _person, _output, _records, _training)
    stem = _stem(rng)
    if stem.startswith("..."):
        stem = f"a{stem}"  # else it would be read as a folder above by people alone
    return rng.choice(makers)(world, rng, folder, _fit(stem, ""))


CLASS = FuzzClass(
    name="names",
    about="names of pictures, people, databases, runs and folders: 255 bytes long, not UTF-8, "
    "with quotes, newlines, wildcards, formats, options, other scripts",
    oracle="another answer than under a plain name",
    share=6,
    make=make,
)
