"""Aligned faces of records, as JPEG: what the processes that build databases do. Imports no Caffe, so that they start at once."""

from typing import NamedTuple, Optional

import cv2
import numpy as np

from allinone import align, files, record
from allinone.errors import InputError
from data_prep.reader import Dropped
from data_prep.sources import image_path

JPEG_QUALITY = 92


class Labels(NamedTuple):
    """What databases of aligned faces take from a record."""

    smile: Optional[int]
    gender: Optional[int]
    age: Optional[float]
    age_sigma: Optional[float]
    identity: Optional[int]


def align_lines(lines, records, size, splits):
    """Return (labels, face) for each (number, text) of a line of a records file.

    labels: Labels; face: its aligned picture of `size` pixels, JPEG-encoded, or a Dropped, or None where the line is of none of the
    splits (None: all). InputError where a line is malformed.
    """
    faces = [record.parse(text, records, number) for number, text in lines]
    units = align.similarities(
        [face.landmark_array() for face in faces], [face.visibility_array() for face in faces]
    )  # together: one by one costs as much as decoding
    return [
        (
            Labels(face.smile, face.gender, face.age, face.age_sigma, face.identity),
            _align(face, records, matrix, size) if splits is None or face.split in splits else None,
        )
        for face, matrix in zip(faces, align.in_pixels(units, size, align.MARGIN))
    ]


def _align(face, records, matrix, size):
    if face.landmarks is None:
        return Dropped(face.image, "no landmarks", "a model may find them: --landmarks-from")
    if np.isnan(matrix).any():
        return Dropped(face.image, "landmarks do not fit", align.UNFIT)
    try:
        image = files.read_image(image_path(records, face.image))
    except InputError as error:
        return Dropped(face.image, "unreadable picture", str(error))
    return cv2.imencode(
        ".jpg", align.warp_by(image, matrix, size), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    )[1].tobytes()
