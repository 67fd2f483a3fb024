"""What a model says of a set's pictures: computed once and kept, so that no metric runs the net.

predictions.jsonl has `FaceRecord` lines (allinone.record), of one of two kinds:

    detect    a line for each face that is found; one without a box where a picture has none
    faces     a line for each annotated face, in the same order; without a box where nothing was
              found for it

A picture that cannot be read is one line with `error`. Descriptors stand in descriptors.h5, a row
for each line with a box. A run that was stopped goes on where it was, at the picture that it had
begun (allinone.growing); one with another model, other records, settings or code starts anew, and
so does one that another engine had begun, and a finished one once a picture that could not be read
can be. hashes.json has the hashes of what is finished.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Optional, TypedDict

import numpy as np

from allinone import closure, files, folders, hdf5, model, reading, record
from allinone.analyzer import FaceAnalyzer
from allinone.errors import InputError
from allinone.growing import ITEMS, Growing
from allinone.pictures import read_image
from allinone.progress import Progress
from allinone.record import FaceRecord
from allinone.tasks import BY_NAME
from evaluate import answers

LINES, SETTINGS, DESCRIPTORS = "predictions.jsonl", "settings.json", "descriptors.h5"
WIDTH = BY_NAME["identity"].size  # numbers of a descriptor
HASHES = "hashes.json"  # of the finished files
PARTIAL, ROWS = f"{LINES}.partial", "descriptors.partial"  # what a stopped run leaves
CODE = ("evaluate.answers", "evaluate.predictions")  # what decides an answer, with all it imports
AGAIN = "delete its folder, and measure again"
KIND = folders.Kind(
    "folder of predictions",
    holds=(LINES, PARTIAL, f"{PARTIAL}{ITEMS}", SETTINGS, DESCRIPTORS, HASHES, ROWS),
    proofs={SETTINGS: frozenset({"kind", "proposals", "score", "stage"})},
)

Annotated = tuple[str, list[FaceRecord]]  # a picture's path and its records


class Said(NamedTuple):
    """What the model says of one picture."""

    image: str
    faces: list[Optional[FaceRecord]]  # kind faces: one an annotated face, None: nothing was found
    error: Optional[str] = None  # why the picture could not be read; `faces` is empty then


def records_in(path: str) -> list[Annotated]:
    """Return the records of a file by picture, pictures in the order of their first record."""
    pictures: dict[str, list[FaceRecord]] = {}
    for face in record.read(path):
        pictures.setdefault(face.image, []).append(face)
    return list(pictures.items())


def settings_of(
    records: str,
    models: Mapping[Optional[str], str],
    stage1: Optional[str] = None,
    **choices: Any,
) -> dict[str, Any]:
    """Return all that predictions depend on: hashes of records and models, and the choices.

    stage1: folder of the model that does stage 1, where that is another; choices: kind, proposals,
    score, stage (1 or 2) and attributes (True: where `score` is mean-regions, the probabilities of
    stage 2 alone).
    """
    hashes = {folder: _hashes(folder) for folder in sorted(set(models.values()))}
    by_part = {part or "all": hashes[folder] for part, folder in models.items()}
    one = list(hashes.values())[0] if len(hashes) == 1 else by_part
    settings = {
        "records": files.sha256(records),
        "model": one,
        "code": closure.hash_of(CODE),
        **choices,
    }
    return {**settings, "stage1": _hashes(stage1)} if stage1 else settings


def _hashes(folder: str) -> dict[str, str]:
    """Return {file: sha256} of the nets and weights of a model; other files change no answer."""
    about = model.open_model(folder).about
    names = [name for net in model.NETS for name in net]
    return {name: about.files[name] for name in names if name in about.files}


def predict(
    out: str,
    folder: str,
    pictures: Sequence[Annotated],
    models: Mapping[Optional[str], str],
    settings: Mapping[str, Any],
    engine: str = "caffe",
    descriptors: bool = False,
    gpu: str = "",
    stage1: Optional[str] = None,
) -> list[Said]:
    """Return what a model says of pictures; computes what is not in the folder `out` yet.

    folder: what the images' paths are relative to; models: {split: model folder}; settings: of
    `settings_of`; gpu: for another engine than caffe, which allinone.device.use sets; stage1: as
    for `settings_of`. Leaves LINES, SETTINGS and, on request, DESCRIPTORS in `out`.
    """
    path, settings = os.path.join(out, LINES), {**settings, "descriptors": descriptors}
    partial, rows = os.path.join(out, PARTIAL), os.path.join(out, ROWS)
    with folders.only_one(path):
        folders.claim(out, KIND)
        if not _same(out, settings):
            _remove(path, os.path.join(out, HASHES))
            files.write_json(os.path.join(out, SETTINGS), settings)
        if os.path.isfile(path):
            _refuse_changed(out)
            if _is_mended(out, folder):
                _remove(path)
        if not os.path.isfile(path):
            _remove(os.path.join(out, HASHES))
            begun_with = {**settings, "engine": engine, "on_gpu": bool(gpu)}
            with Growing(partial, rows if descriptors else None, begun_with) as growing:
                _Run(growing, folder, settings).finish(pictures, models, engine, gpu, stage1)
            if descriptors:
                numbers = np.fromfile(rows, np.float32).reshape(-1, WIDTH)
                write_descriptors(os.path.join(out, DESCRIPTORS), numbers, settings)
            os.replace(partial, path)
            _write_hashes(out)
        # Last: a run that is killed before still finds them beside the lines.
        _remove(rows, f"{partial}{ITEMS}")
        said = read(out)
        _refuse_strange(path, said, pictures, settings["kind"])
    return said


def _remove(*paths: str) -> None:
    for path in paths:
        with contextlib.suppress(FileNotFoundError):
            os.remove(path)


def _write_hashes(out: str) -> None:
    there = [name for name in (LINES, DESCRIPTORS) if os.path.isfile(os.path.join(out, name))]
    hashes = {name: files.sha256(os.path.join(out, name)) for name in there}
    files.write_json(os.path.join(out, HASHES), hashes)


def _refuse_changed(out: str) -> None:
    """Raise InputError where finished predictions are not what was written."""
    path = os.path.join(out, HASHES)
    if not os.path.isfile(path):
        _write_hashes(out)  # it was stopped just before
    for name, digest in reading.read_json(path, AGAIN, dict[str, str]).items():
        reading.opened(os.path.join(out, name), AGAIN).close()
        if files.sha256(os.path.join(out, name)) != digest:
            raise InputError(f"{os.path.join(out, name)}: damaged or changed; {AGAIN}")


def _is_mended(out: str, folder: str) -> bool:
    """Tell whether a picture that could not be read then can be read now."""
    for one in read(out):
        if one.error:
            with contextlib.suppress(InputError):
                read_image(os.path.join(folder, one.image))
                return True
    return False


def _refuse_strange(path, said, pictures, kind) -> None:
    """Raise InputError where predictions are not of these pictures, face by face."""
    fits = [one.image for one in said] == [image for image, _ in pictures]
    for one, (_, faces) in zip(said, pictures):
        fits &= bool(one.error) or kind == answers.DETECT or len(one.faces) == len(faces)
    if not fits:
        raise InputError(f"{path}: is not of these pictures and faces; {AGAIN}")


def _same(out: str, settings: Mapping[str, Any]) -> bool:
    path = os.path.join(out, SETTINGS)
    return os.path.isfile(path) and reading.read_json(path, "delete it") == settings


class _Run:
    """Lines, and rows of descriptors, that are being written."""

    def __init__(self, growing: Growing, folder: str, settings: Mapping[str, Any]) -> None:
        """Take the files, open, and what the images' paths are relative to."""
        self.growing, self.folder, self.settings = growing, folder, settings

    def finish(self, pictures, models, engine, gpu, stage1) -> None:
        """Add the lines of the pictures that have none yet."""
        done = self.growing.done
        progress, analyzer, current = Progress("pictures", len(pictures)), None, None
        progress.step(done)
        for image, faces in pictures[done:]:
            folder = models[faces[0].split]
            if folder != current:
                proposals = self.settings["proposals"]
                device = gpu if gpu and engine != "caffe" else None
                analyzer = FaceAnalyzer(folder, engine, device, proposals, stage1=stage1)
                current = folder
            records, descriptors = self._answers(analyzer, image, faces)
            if self.settings["descriptors"]:
                rows = [np.float32(descriptor).tobytes() for descriptor in descriptors]
                self.growing.write_rows(b"".join(rows))
            self.growing.write("".join(map(record.to_line, records)))
            self.growing.end_item()
            progress.step()

    def _answers(self, analyzer, image, faces):
        """Return (records, descriptors) of one picture."""
        try:
            picture = read_image(os.path.join(self.folder, image))
        except InputError as error:
            return [FaceRecord(image, error=str(error))], []
        if self.settings["kind"] == answers.DETECT:
            return answers.detected(analyzer, picture, image) or [FaceRecord(image)], []
        return answers.described(analyzer, picture, image, faces, self.settings)


def write_descriptors(path: str, rows: np.ndarray, settings: Mapping[str, Any]) -> None:
    """Write descriptors (n, 512) as HDF5, with the settings that they were made with."""
    with hdf5.replacing(path) as data:
        data["descriptor"] = rows
        data.attrs["settings"] = json.dumps(settings)


def read_descriptors(out: str) -> np.ndarray:
    """Return descriptors (n, 512) in a folder: a row for each predicted face that has a box."""
    wanted = {"descriptor": hdf5.Array("f", (None, WIDTH))}
    arrays, _ = hdf5.read(os.path.join(out, DESCRIPTORS), wanted, AGAIN)
    if not np.isfinite(arrays["descriptor"]).all():
        raise InputError(f"{os.path.join(out, DESCRIPTORS)}: holds no finite numbers; {AGAIN}")
    return arrays["descriptor"]


class Settings(TypedDict):
    """What of the settings says how the lines are meant."""

    kind: str


def read(out: str) -> list[Said]:
    """Return the finished predictions in a folder; InputError where there are none."""
    settings = reading.read_json(os.path.join(out, SETTINGS), "measure the model first", Settings)
    is_found = settings["kind"] == answers.DETECT
    pictures = []
    for image, lines in record.by_picture(record.read_results(os.path.join(out, LINES))):
        faces = [face if face.box is not None else None for face in lines]
        if is_found or lines[0].error:
            faces = [face for face in faces if face is not None]
        pictures.append(Said(image, faces, lines[0].error))
    return pictures


def unreadable(said: Sequence[Said], records: str, out: str) -> int:
    """Return how many pictures of some records could not be read; InputError where none could.

    out: the folder with what was said of them.
    """
    count = sum(one.error is not None for one in said)
    if count and count == len(said):
        raise InputError(
            f"{records}: none of its pictures can be read ({said[0].error}); put them in place, "
            f"delete {out}, and measure again"
        )
    return count


def all_pairs(
    pictures: Sequence[Annotated], said: Sequence[Said]
) -> list[tuple[FaceRecord, Optional[FaceRecord]]]:
    """Return [(annotated face, prediction)].

    The prediction is None where nothing was found for the face or its picture cannot be read.
    """
    pairs = []
    for (_, faces), one in zip(pictures, said):
        pairs += zip(faces, one.faces or [None] * len(faces))
    return pairs


def pair_up(
    pictures: Sequence[Annotated], said: Sequence[Said]
) -> list[tuple[FaceRecord, FaceRecord]]:
    """Return [(annotated face, prediction)] of the annotated faces for which there is one."""
    return [(face, found) for face, found in all_pairs(pictures, said) if found is not None]
