"""Time of data: aligned faces read by the data layer, and databases built."""

from __future__ import annotations

import collections
import contextlib
import functools
import io
import json
import os
import tempfile

import cv2
import numpy as np

from allinone import align, files, pictures, profiles, record, store
from allinone.blob import MEAN, SCALE
from allinone.parallel import in_order
from allinone.pycaffe import caffe
from data_prep import aligned_db
from data_prep.align_faces import JPEG_QUALITY
from data_prep.sources import image_path
from python_layers.prefetch import AHEAD
from tools.timing.clock import Part, by_turns, seconds

FACES, ROWS = 2000, 50  # faces that each data layer reads, and in a mini-batch
BUILDS, REPEATS = 5, 5  # databases built, and how often each takes all records
CASIA_SIDE = 250  # pixels
DATA_LAYER = """layer { name: "data" type: "Data" top: "data" top: "label"
  data_param { source: "%s" backend: LMDB batch_size: %d prefetch: %d }
  transform_param { mirror: true crop_size: %d scale: %r
    mean_value: %d mean_value: %d mean_value: %d } }"""
FACE_LAYER = """layer { name: "data" type: "Python" top: "data" top: "label"
  param { lr_mult: 0 decay_mult: 0 }
  python_param { module: "python_layers.face_data" layer: "FaceData" param_str: '%s' } }"""


def read_by(layer: str):
    """Return a net of one data layer, after its first mini-batches."""
    with tempfile.NamedTemporaryFile("w", suffix=".prototxt") as stream:
        stream.write(layer)
        stream.flush()
        net = caffe.Net(stream.name, caffe.TRAIN)
    seconds(net.forward, AHEAD)
    return net


def reading(databases: str) -> Part:
    """Count faces a second of FaceData and of Caffe's own Data layer on the same database."""
    folder, side = os.path.join(databases, "smile"), profiles.TINY.input_size
    settings = json.dumps(dict(source=folder, batch=ROWS, size=side, seed=1))
    plain = DATA_LAYER % (os.path.join(folder, store.LMDB), ROWS, AHEAD, side, SCALE, *MEAN)
    nets = [read_by(FACE_LAYER % settings), read_by(plain)]
    times = by_turns(*(net.forward for net in nets), count=FACES // ROWS)
    ours, theirs = (ROWS / taken for taken in times)
    return Part(
        [
            ("aligned faces, Caffe's Data layer", f"{theirs:.0f}/s", ""),
            ("aligned faces, FaceData", f"{ours:.0f}/s", f"{ours / theirs:.2f} times Data's"),
        ],
        dict(face_data_ratio=ours / theirs),
    )


def bare_loop(some):
    """Decode, warp and encode pictures, [(path, matrix)], as building does, and nothing else."""
    size = align.stored_size(profiles.TINY.input_size)
    for path, matrix in some:
        image = cv2.imread(path)
        face = cv2.warpAffine(image, matrix, (size, size), borderMode=cv2.BORDER_REPLICATE)
        cv2.imencode(".jpg", face, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return some


def enlarged(records: str, folder: str) -> str:
    """Write the faces of a records file at the size of CASIA-WebFace's pictures into a folder.

    That is the largest set. The lines come REPEATS times, so that starting the processes weighs as
    little as it does there. Returns the new records file.
    """
    faces = list(record.read(records))
    for face in faces:
        image = pictures.read_image(image_path(records, face.image))
        scale, size = CASIA_SIDE / len(image), (CASIA_SIDE, CASIA_SIDE)
        large = cv2.resize(image, size, interpolation=cv2.INTER_CUBIC)
        pictures.write_image(os.path.join(folder, face.image), large)
        face.box = (np.float64(face.box) * scale).tolist()
        face.landmarks = (np.float64(face.landmarks) * scale).round(2).tolist()
    path = os.path.join(folder, "records.jsonl")
    with files.replacing(path) as stream:
        stream.write("".join(map(record.to_line, faces)) * REPEATS)
    return path


def warps_of(records: str):
    """Return [(path, matrix)] that align every face of a records file."""
    size, work = align.stored_size(profiles.TINY.input_size), []
    for face in record.read(records):
        unit = align.similarity(face.landmark_array(), face.visibility_array())
        matrix = align.in_pixels(unit, size, align.MARGIN)
        work.append((image_path(records, face.image), matrix))
    return work


def run_bare(work) -> None:
    """Run the bare loop in as many processes as building does."""
    collections.deque(in_order(bare_loop, work, chunk=aligned_db.CHUNK), maxlen=0)


def build(records: str, out: str) -> None:
    """Build the database of one tower without a word."""
    with contextlib.redirect_stdout(io.StringIO()):
        aligned_db.build_aligned(records, out, ("gender",), profiles.TINY)


def building(records: str) -> Part:
    """Count aligned faces a second of `build_db aligned` and of the bare loop, on all cores."""
    with tempfile.TemporaryDirectory() as out:
        large = enlarged(records, out)
        work = warps_of(large)
        both = functools.partial(build, large, out), functools.partial(run_bare, work)
        ours, bare = (len(work) / taken for taken in by_turns(*both, rounds=BUILDS))
    return Part(
        [
            ("aligned crops, decode + warp + encode alone", f"{bare:.0f}/s", ""),
            (
                "aligned crops, build_db",
                f"{ours:.0f}/s",
                f"{ours / bare:.2f} times the bare loop's",
            ),
        ],
        dict(align_ratio=ours / bare),
    )
