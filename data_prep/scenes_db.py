"""The database of the detection tower: whole pictures, their faces and their region proposals; memory stays flat."""

import array
import collections
import dataclasses
import hashlib
import json
import os
import shutil

import cv2
import h5py
import numpy as np

from allinone import files, store
from allinone.errors import InputError
from allinone.parallel import in_order
from allinone.progress import Progress
from data_prep import region_cache
from data_prep.align_faces import JPEG_QUALITY
from data_prep.conversion import DROPPED
from data_prep.reader import Dropped
from data_prep.sources import image_path, origin_of

CHUNK = 8  # pictures that a process reads at a time
BLOCK = 1 << 16  # items of an array that are copied at a time
SPARE = 1 << 20  # bytes that HDF5's own tables may take
NO_REGIONS = np.zeros((0, 4), np.float32)
# What regions.h5 holds: shape of an item, type. Those of faces and proposals stand one after the other; the starts say where a picture's begin.
ARRAYS = dict(
    face_start=((), "i8"),
    box=((4,), "f4"),
    landmarks=((21, 2), "f4"),
    visibility=((21,), "f4"),
    pose=((3,), "f4"),
    gender=((), "i1"),
    proposal_start=((), "i8"),
    proposal=((4,), "f4"),
)


class RegionsWriter:
    """Writes regions.h5 of a folder, picture by picture, and hashes what it holds.

    Until the end every array is a plain file: HDF5 takes the process with it when the disk is full.
    """

    def __init__(self, folder):
        self.folder, self.digests = folder, {name: hashlib.sha256() for name in ARRAYS}
        self.parts = {name: open(os.path.join(folder, f"{name}.part"), "w+b") for name in ARRAYS}
        self.faces = self.proposals = 0
        self._append("face_start", [0])
        self._append("proposal_start", [0])

    def add(self, faces, proposals):
        """Add the FaceRecords and the proposals (n, 4) of a picture."""
        self.faces, self.proposals = self.faces + len(faces), self.proposals + len(proposals)
        self._append("face_start", [self.faces])
        self._append("proposal_start", [self.proposals])
        self._append("proposal", proposals)
        self._append("box", [face.box for face in faces])
        self._append("landmarks", [face.landmark_array() for face in faces])
        self._append("visibility", [face.visibility_array() for face in faces])
        self._append("pose", [face.pose or [np.nan] * 3 for face in faces])
        self._append("gender", [-1 if face.gender is None else face.gender for face in faces])

    def _append(self, name, values):
        values = np.asarray(values, ARRAYS[name][1]).tobytes()
        self.parts[name].write(values)
        self.digests[name].update(values)

    def close(self):
        """Write the file; return its hash. InputError where there is no room for it."""
        sizes = {name: part.tell() for name, part in self.parts.items()}
        if shutil.disk_usage(self.folder).free < sum(sizes.values()) + SPARE:
            raise InputError(
                f"{self.folder}: no room for {sum(sizes.values()) / 1e6:.0f} MB of regions; free space and run the same command again"
            )
        with h5py.File(os.path.join(self.folder, store.REGIONS), "w") as data:
            for name, (shape, kind) in ARRAYS.items():
                width = int(np.prod(shape, dtype=int))
                whole = data.create_dataset(
                    name, (sizes[name] // (width * np.dtype(kind).itemsize), *shape), kind
                )
                self.parts[name].seek(0)
                for start in range(0, len(whole), BLOCK):
                    whole[start : start + BLOCK] = np.fromfile(
                        self.parts[name], kind, BLOCK * width
                    ).reshape(-1, *shape)
        for part in self.parts.values():
            part.close()
            os.remove(part.name)
        return hashlib.sha256(
            "".join(digest.hexdigest() for digest in self.digests.values()).encode()
        ).hexdigest()


def _jpegs(pictures):
    """Return for each (path, ...) its picture as JPEG, or a Dropped."""
    return [_jpeg(path) for path, *_ in pictures]


def _jpeg(path):
    """Return a picture as JPEG: the file's own bytes where it is one, since encoding again would blur."""
    try:
        image = files.read_image(path)  # refuses what cannot be decoded
    except InputError as error:
        return Dropped(path, "unreadable picture", str(error))
    if path.lower().endswith((".jpg", ".jpeg")):
        with open(path, "rb") as stream:
            return stream.read()
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes()


def pictures_of(records, splits, way):
    """Yield (path, [FaceRecord], proposals) of the pictures of a records file that have lines in some splits (None: all).

    way: how they were searched for regions (data_prep.region_cache), None for not at all. A picture with a face that is to be ignored is left out: it would teach that there is none.
    """
    for start, pictures in region_cache.parts(records, splits):
        found = (
            region_cache.load(records, start, [name for name, _ in pictures], way)
            if way
            else [NO_REGIONS] * len(pictures)
        )
        if found is None:
            raise InputError(
                f"{records}: its pictures have changed since they were searched for regions; run the same command again"
            )
        for (name, lines), proposals in zip(pictures, found):
            wanted = [line for line in lines if splits is None or line.split in splits]
            if wanted and not any(line.ignore for line in wanted):
                yield (
                    image_path(records, name),
                    [line for line in wanted if line.box is not None],
                    proposals,
                )


def survey(sources, splits):
    """Check some records files; return how many pictures they give; InputError where no face has a box."""
    pictures = faces = 0
    for records in sources:
        for _, found, _ in pictures_of(records, splits, None):
            pictures, faces = pictures + 1, faces + len(found)
    if not faces:
        raise InputError(
            f"{', '.join(sources)}: no record has a 'box'; detection cannot learn from 0 faces"
        )
    return pictures


def build_scenes(searched, unsearched, out, workers=None, splits=None, model=None):
    """Write the detection database into <out>/det: pictures, faces, and the proposals of the `searched` records.

    Proposals are found first, by selective search or by a model's dense net, and kept beside their records (data_prep.region_cache). A picture that cannot be read is named in
    the database's dropped.jsonl. splits: parts of the records, None for all.
    """
    total, way = (
        survey(searched + unsearched, splits),
        region_cache.Dense(model) if model else region_cache.Selective(workers),
    )
    for records in searched:
        region_cache.fill(records, splits, way)
    with (
        files.replacing_folder(os.path.join(out, "det")) as partial,
        open(os.path.join(partial, DROPPED), "w", encoding="utf-8") as losses,
    ):
        writer, regions = store.Writer(partial), RegionsWriter(partial)
        dropped, crowd, heights, yaws = (
            collections.Counter(),
            array.array("d"),
            array.array("d"),
            array.array("d"),
        )
        progress = Progress("storing pictures", total)
        pictures = (
            picture
            for records, way_ in [(path, way) for path in searched]
            + [(path, None) for path in unsearched]
            for picture in pictures_of(records, splits, way_)
        )
        for (_, faces, proposals), jpeg in in_order(_jpegs, pictures, workers, CHUNK):
            progress.step()
            if isinstance(jpeg, Dropped):
                dropped[jpeg.reason] += 1
                losses.write(json.dumps(dataclasses.asdict(jpeg)) + "\n")
                continue
            writer.add(jpeg, 0)
            regions.add(faces, proposals)
            crowd.append(len(faces))
            heights.extend(face.box[3] - face.box[1] for face in faces)
            yaws.extend(face.pose[2] for face in faces if face.pose)
        if not regions.faces:
            raise InputError(
                f"{', '.join(searched + unsearched)}: every picture with a face was dropped; the last: {jpeg.detail}"
            )
        files.write_json(
            os.path.join(partial, store.MANIFEST),
            dict(
                tower="det",
                count=writer.count,
                hash=f"{writer.close()}-{regions.close()}",
                faces=regions.faces,
                proposals=regions.proposals,
                dropped=dict(dropped),
                splits=splits,
                origin=[origin_of(path) for path in searched + unsearched],
                labels=dict(
                    faces_per_image=store.summary(crowd),
                    box_height=store.summary(heights),
                    yaw=store.summary(yaws),
                ),
            ),
        )
