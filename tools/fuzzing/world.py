"""The healthy files that cases damage copies of: pictures, sets, databases, a run, a gallery.

All are drawn or made from seeds, so that a case is the same on every machine.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Sequence
from typing import Any

import cv2

from allinone import model, pictures
from data_prep import drawing, layouts, reader
from tools.fuzzing import child
from tools.fuzzing.case import Finished

SEED = 7
SIDE = 96  # pixels of a picture: room for a face that the shipped model finds
PORTRAITS, PEOPLE, SCENES = 12, 4, 3
TRAINING = ("tools.train", "--profile", "tiny", "--job", "gender", "--snapshot", "2")
ITERATIONS = 6  # with a snapshot at every second
LFW = 20  # pictures of the set that a benchmark is measured on
ANALYZE = ("tools.analyze", "--engine", "opencv", "--smallest", "40")


class World:
    """Healthy files in a folder, and what commands answer to them."""

    def __init__(self, root: str) -> None:
        """Make them; a few seconds."""
        self.root, self._answers = os.path.abspath(root), {}
        os.makedirs(self.root)
        self.model = shutil.copytree(model.shipped(), self.path("model"))
        self._draw()
        self.faces = self._shrink()
        self._make()

    def path(self, *names: str) -> str:
        """Return a path in its folder."""
        return os.path.join(self.root, *names)

    def _draw(self) -> None:
        """Draw portraits and scenes, and every dataset's layout of them."""
        for kind, count in (("portraits", PORTRAITS), ("scenes", SCENES)):
            drawing.draw_set(self.path(kind), kind, count, PEOPLE, SEED, workers=1)
        os.makedirs(self.path("sets"))
        for name in reader.names():
            if name in layouts.WRITERS:
                drawn = self.path(layouts.kind_of(name))
                layouts.write(name, drawn, self.path("sets", name))
        drawing.draw_set(self.path("more"), "portraits", LFW, PEOPLE, SEED + 1, workers=1)
        layouts.write("lfw", self.path("more"), self.path("lfw"))

    def _shrink(self) -> list[str]:
        """Write small pictures; return those in which the shipped model finds one face."""
        place = self.path("faces")
        os.makedirs(place)
        for number in range(PORTRAITS):
            portrait = pictures.read_image(self.path("portraits", "images", f"{number:06d}.jpg"))
            small = cv2.resize(portrait, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
            cv2.imwrite(os.path.join(place, f"person{number % PEOPLE}_{number}.png"), small)
        found = lines_of(self._analyzed(place))
        images = [line["image"] for line in found if "box" in line]
        return [image for image in images if images.count(image) == 1]

    def _analyzed(self, folder: str) -> str:
        out = self.path("analyzed")
        self.run_well([*ANALYZE, folder, "--without-pictures", "--out", out])
        return os.path.join(out, "faces.jsonl")

    def _make(self) -> None:
        """Make a database of every tower, a run, a gallery and a benchmark's results."""
        records, db = [self.path(kind, "records.jsonl") for kind in drawing.KINDS], self.path("db")
        build = ("data_prep.build_db", "--workers", "1", "--out", db)
        self.run_well([*build, "aligned", "--records", records[0]])
        self.run_well([*build, "scenes", "--without-search", records[1]])
        train = [*TRAINING, "--db", db, "--iterations", ITERATIONS]
        self.run_well([*train, "--out", self.path("run")])
        self._stop()
        people = self.path("people")
        os.makedirs(people)
        for path in self.faces[:3]:
            shutil.copy(path, people)
        self.run_well(["tools.export_onnx", "--model", self.model])
        enroll = ["tools.identify", "enroll", people, "--engine", "opencv"]
        self.run_well([*enroll, "--gallery", self.path("gallery.h5")])
        measure = ["evaluate.measure", "lfw", "--data", self.path("lfw"), "--model", self.model]
        self.run_well([*measure, "--engine", "opencv", "--out", self.path("results", "lfw")])

    def _stop(self) -> None:
        """Make a copy of the run as it was before its last iterations."""
        stopped = shutil.copytree(self.path("run"), self.path("stopped"))
        for place, _, names in os.walk(stopped):
            for name in names:
                if f"{ITERATIONS:07d}" in name:
                    os.remove(os.path.join(place, name))

    def run_well(self, argv: Sequence[Any]) -> Finished:
        """Run a command on healthy files; RuntimeError where it does not end well."""
        done = child.run(argv)
        if done.code != 0:
            raise RuntimeError(f"{' '.join(map(str, argv))}: {done.code}\n{done.out}{done.err}")
        return done

    def answer(self, key: str, make: Callable[[str], Any]) -> Any:
        """Return what make(new folder) gives, which a process calls once for a key."""
        if key not in self._answers:
            folder = self.path(f"answers-{os.getpid()}", str(len(self._answers)))
            os.makedirs(folder)
            self._answers[key] = make(folder)
        return self._answers[key]

    def copy(self, name: str, folder: str, to: str = "") -> str:
        """Copy a healthy file or folder into a case's folder; return its path there."""
        source, target = self.path(name), os.path.join(folder, to or os.path.basename(name))
        copy = shutil.copytree if os.path.isdir(source) else shutil.copy
        return copy(source, target)

    def copy_model(self, folder: str) -> str:
        """Make a model's folder of hard links to the shipped one's files; return its path.

        A file that is to be damaged must be replaced, not written into.
        """
        target = os.path.join(folder, "model")
        os.makedirs(target)
        for name in os.listdir(self.model):
            source, place = os.path.join(self.model, name), os.path.join(target, name)
            try:
                os.link(source, place)
            except OSError:  # another file system
                shutil.copy(source, place)
        return target


def lines_of(path: str) -> list[dict[str, Any]]:
    """Return the values of a file of JSON lines."""
    # A carriage return within a line is white space of JSON.
    with open(path, encoding="utf-8", errors="surrogateescape", newline="\n") as stream:
        return [json.loads(line) for line in stream]
