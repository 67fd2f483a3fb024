"""Region proposals of a records file's pictures, found once and kept beside it in HDF5.

They are found by selective search, or by a model's dense net (`Dense`): what that takes for a face, rightly and wrongly, is what it should learn from next.
They stand in proposals/ or proposals_<weights>/, PART pictures to a file that is named by the number of its first picture. A file appears when it is
whole, so that a search that was killed goes on with the part where it was; it is used again as long as the same
pictures stand in the same places and nothing of the search has changed.
"""

import functools
import io
import itertools
import os

import h5py
import numpy as np

from allinone import files, proposals, record
from allinone.errors import InputError
from allinone.parallel import in_order
from allinone.progress import Progress
from data_prep.sources import image_path

PART = 32  # our choice: pictures of a file; at most so many are searched again
MOST = 60  # our choice: windows of a picture that a model proposes,
LEAST = 40  # for faces of so many pixels and more; half the size takes four times as long


class Selective:
    """Selective search, in several processes."""

    folder = "proposals"
    name = f"fast {proposals.LEAST_SIDE} {proposals.LARGEST_SIDE} {proposals.LONGEST}"

    def __init__(self, workers=None):
        self.workers = workers

    def search(self, pictures, records):
        """Yield ((number of the part, name), (hash, proposals)) of pictures."""
        return in_order(functools.partial(_search, records=records), pictures, self.workers)


class Dense:
    """The best windows of a model's dense net, and the rectangles of the landmarks that are found in those that may be faces."""

    def __init__(self, model):
        from allinone import (
            dense,
            landmarks,
            refine,
            snapshots,
        )  # late: they import Caffe, which the processes of a search need not wait for
        from allinone.analyzer import FaceAnalyzer

        weights = files.sha256(snapshots.weights_of(model))[:12]
        self.folder, self.name = f"proposals_{weights}", f"dense {weights} {MOST}"
        self.analyzer, self.dense, self.kept, self.rectangle = (
            FaceAnalyzer(model, "opencv"),
            dense,
            refine.KEPT,
            landmarks.face_rectangle,
        )

    def search(self, pictures, records):
        """See Selective."""
        for picture in pictures:
            path = image_path(records, picture[1])
            try:
                image = files.read_image(path)
            except InputError:  # whoever builds the database names it
                yield picture, (_digest(path), np.zeros((0, 4), np.float32))
                continue
            windows, scores = self.dense.windows(self.analyzer.backend, image, LEAST)
            best = windows[np.argsort(-scores, kind="stable")[:MOST]]
            seen = self.analyzer.look(image, best)
            yield (
                picture,
                (
                    _digest(path),
                    np.concatenate(
                        [best, self.rectangle(seen["landmarks"][seen["score"] >= self.kept])]
                    )
                    .reshape(-1, 4)
                    .astype(np.float32),
                ),
            )


def parts(records, splits):
    """Yield (number of the first picture, [(name, FaceRecords)]) of the runs of PART pictures that have some in the splits (None: all)."""
    pictures = (
        (name, list(lines))
        for name, lines in itertools.groupby(record.read(records), key=lambda line: line.image)
    )
    for start in itertools.count(0, PART):
        some = list(itertools.islice(pictures, PART))
        if not some:
            return
        if splits is None or any(line.split in splits for _, lines in some for line in lines):
            yield start, some


def _path(records, start, way):
    return os.path.join(os.path.dirname(records), way.folder, f"{start:08d}.h5")


def _digest(path):
    """Return the hash of a file, "" where it cannot be read."""
    try:
        return files.sha256(path)
    except OSError:
        return ""


def load(records, start, names, way=Selective):
    """Return [proposals (n, 4)] of a part's pictures, or None where it is not there or of other pictures."""
    try:
        with h5py.File(_path(records, start, way), "r") as data:
            same = data.attrs["search"] == way.name and data["name"].asstr()[...].tolist() == names
            if not same or data["sha256"].asstr()[...].tolist() != [
                _digest(image_path(records, name)) for name in names
            ]:
                return None
            return np.split(data["proposal"][...], data["start"][1:-1])
    except (OSError, KeyError):  # not there, or no file of ours
        return None


def _save(records, start, names, results, way):
    digests, found = zip(*results)
    whole = io.BytesIO()
    with h5py.File(whole, "w") as data:
        data.attrs["search"] = way.name
        data["name"], data["sha256"] = names, list(digests)
        data["start"] = np.cumsum([0] + [len(boxes) for boxes in found])
        data["proposal"] = np.concatenate(found)
    with files.replacing(_path(records, start, way), "wb") as stream:
        stream.write(whole.getvalue())


def _search(pictures, records):
    """Return (hash, proposals) of pictures (number of the part, name)."""
    paths = [image_path(records, name) for _, name in pictures]
    return [(_digest(path), _proposals(path)) for path in paths]


def _proposals(path):
    """Return the proposals of a picture; none where it cannot be read: whoever builds the database names it."""
    try:
        return proposals.selective_search(files.read_image(path))
    except InputError:
        return np.zeros((0, 4), np.float32)


def fill(records, splits=None, way=None):
    """Search the pictures of a records file, of the parts that have some in the splits and are not there yet."""
    way = way or Selective()
    named = ((start, [name for name, _ in pictures]) for start, pictures in parts(records, splits))
    there = {
        start: (len(names), load(records, start, names, way) is not None) for start, names in named
    }
    progress = Progress(
        "searching regions", sum(count for count, done in there.values() if not done)
    )
    missing = (
        (start, name)
        for start, pictures in parts(records, splits)
        if not there[start][1]
        for name, _ in pictures
    )
    for start, part in itertools.groupby(way.search(missing, records), key=lambda pair: pair[0][0]):
        names, results = [], []
        for (_, name), result in part:
            names.append(name)
            results.append(result)
            progress.step()
        _save(records, start, names, results, way)
