"""Ground truth and results as JSON lines: one line for one face.

An image without any face is one line without a box. Lines of one image stand together.
"""
import json
import math
import os
from dataclasses import asdict, dataclass, fields
from typing import Optional

import numpy as np

from allinone import landmarks as points21
from allinone.errors import InputError


@dataclass
class Annotation:
    """What is known of one face; everything but the image may be absent (None)."""
    image: str                            # path, relative to the folder of the records file
    box: Optional[list] = None            # [x1, y1, x2, y2], pixels, x2 and y2 exclusive
    landmarks: Optional[list] = None      # 21 x [x, y] in AFLW order, or null where unknown
    visibility: Optional[list] = None     # 21 x 0 or 1, or null where unknown
    pose: Optional[list] = None           # [roll, pitch, yaw] in degrees, see allinone.pose
    gender: Optional[int] = None          # 0 male, 1 female
    age: Optional[float] = None           # years
    age_sigma: Optional[float] = None     # years: standard deviation of the given age
    smile: Optional[int] = None           # 0 or 1
    identity: Optional[int] = None        # number of the person
    split: Optional[str] = None           # part of its set: train, val, test, fold_03, ...
    ignore: Optional[int] = None          # 1: a face that a benchmark neither asks for nor counts as false

    def lacks_landmarks(self):
        """Tell whether this is a face, with a box or, in a picture of one face, a label, whose landmarks are not known."""
        labels = (self.gender, self.age, self.smile, self.identity)
        return self.landmarks is None and (self.box is not None or any(label is not None for label in labels))

    def landmark_array(self):
        """Return landmarks (21, 2), NaN where unknown."""
        if self.landmarks is None:
            return np.full((points21.COUNT, 2), np.nan, np.float32)
        return np.float32([[np.nan] * 2 if point is None else point for point in self.landmarks])

    def visibility_array(self):
        """Return visibility (21,) as 0 or 1, NaN where unknown; a known point is visible unless said otherwise."""
        if self.visibility is None:
            return np.where(np.isfinite(self.landmark_array()[:, 0]), np.float32(1), np.float32(np.nan))
        return np.float32([np.nan if value is None else value for value in self.visibility])


@dataclass
class Face:
    """What the analyzer says of one face."""
    box: np.ndarray                 # (4,) pixels
    score: float                    # probability that this is a face
    landmarks: np.ndarray           # (21, 2) pixels
    visibility: np.ndarray          # (21,) 0 to 1
    pose: np.ndarray                # (3,) roll, pitch, yaw in degrees
    smile: float                    # probability of smiling
    gender: float                   # probability of female
    age: float                      # years
    descriptor: np.ndarray          # (512,) identity descriptor, as the net gives it

    def unit_descriptor(self):
        """Return the descriptor at length 1, so that the product of two is their cosine."""
        return self.descriptor / max(float(np.linalg.norm(self.descriptor)), 1e-12)

    def to_dict(self, descriptor=""):
        """Return plain JSON types; landmarks by name; descriptor: "raw", "unit" (at length 1) or none of it."""
        out = dict(
            box=_rounded(self.box, 2), score=round(float(self.score), 4),
            landmarks={name: _rounded(point, 2) for name, point in zip(points21.NAMES, self.landmarks)},
            visibility=_rounded(self.visibility, 3),
            pose=dict(zip(("roll", "pitch", "yaw"), _rounded(self.pose, 2))),
            smile=round(float(self.smile), 4), gender=round(float(self.gender), 4), age=round(float(self.age), 2))
        if descriptor:
            out["descriptor"] = _rounded(self.unit_descriptor() if descriptor == "unit" else self.descriptor, 6)
        return out


def _rounded(values, digits):
    return [round(float(value), digits) for value in values]


def _check_numbers(name, value, shape):
    """Return the sentence of what is wrong with numbers of some shape, or None; items of WITH_NULLS may be null."""
    try:
        items = [item for item in value if item is not None or name not in WITH_NULLS]
        if len(value) != shape[0] or len(shape) > 1 and any(len(item) != shape[1] for item in items):
            return f"'{name}' must have the shape {shape}"
        numbers = items if len(shape) == 1 else [number for item in items for number in item]
        return None if all(map(math.isfinite, numbers)) else f"'{name}' holds a number that is not finite"
    except TypeError:
        return f"'{name}' must hold numbers"


SHAPES = dict(box=(4,), landmarks=(21, 2), visibility=(21,), pose=(3,))
WITH_NULLS = ("landmarks", "visibility")
FIELDS = frozenset(field.name for field in fields(Annotation))
ALLOWED = dict(gender=(0, 1), smile=(0, 1), ignore=(0, 1))


def _problem(data):
    """Return what is wrong with the fields of one record, or None."""
    if not isinstance(data, dict):
        return "a record must be a JSON object"
    if not isinstance(data.get("image"), str):
        return "the field 'image' (a path) is missing"
    if not FIELDS.issuperset(data):
        unknown = sorted(set(data) - FIELDS)
        return f"unknown field '{unknown[0]}'; known: {', '.join(field.name for field in fields(Annotation))}"
    for name, shape in SHAPES.items():
        if data.get(name) is not None:
            problem = _check_numbers(name, data[name], shape)
            if problem:
                return problem
    for name, allowed in ALLOWED.items():
        if data.get(name) is not None and data[name] not in allowed:
            return f"'{name}' must be one of {allowed}, is {data[name]!r}"
    for name in ("age", "age_sigma", "identity"):
        value = data.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < np.inf):
            return f"'{name}' must be a number from 0 up, is {value!r}"
    if not isinstance(data.get("split"), (str, type(None))):
        return f"'split' must be a word, is {data['split']!r}"
    if isinstance(data.get("identity"), float):
        return f"'identity' must be a whole number, is {data['identity']!r}"
    box = data.get("box")
    if box is not None and not (box[0] < box[2] and box[1] < box[3]):
        return f"'box' must be [x1, y1, x2, y2] with x1 < x2 and y1 < y2, is {box}"
    return None


def lines(path):
    """Yield (number, text) of the lines of a records file that hold a record, unchecked; InputError where there is no such file."""
    if not os.path.isfile(path):
        raise InputError(f"{path}: no such records file; make it first (a data_prep command writes records.jsonl)")
    with open(path, encoding="utf-8") as stream:
        yield from ((number, line) for number, line in enumerate(stream, 1) if line.strip())


def parse(text, path, number):
    """Return the `Annotation` of a line; InputError with file, line number and mend where it is malformed."""
    try:
        data = json.loads(text)
    except ValueError as error:
        raise InputError(f"{path}, line {number}: not JSON ({error}); mend or delete the line") from None
    problem = _problem(data)
    if problem:
        raise InputError(f"{path}, line {number}: {problem}; mend or delete the line")
    return Annotation(**data)


def read(path):
    """Yield the `Annotation`s of a records file; raise InputError with file, line and mend on a bad line."""
    return (parse(text, path, number) for number, text in lines(path))


def group_by_image(annotations):
    """Yield (image, [Annotation with a box]) for each run of lines with the same image."""
    image, faces = None, []
    for annotation in annotations:
        if annotation.image != image:
            if image is not None:
                yield image, faces
            image, faces = annotation.image, []
        if annotation.box is not None:
            faces.append(annotation)
    if image is not None:
        yield image, faces


def to_line(annotation):
    """Return the JSON line of an `Annotation`, absent fields left out."""
    data = {name: value for name, value in asdict(annotation).items() if value is not None}
    return json.dumps(data, separators=(",", ":")) + "\n"
