"""What a model says of drawn portraits and scenes: the answers, and the detections counted.

Landmarks, visibility and pose are the mean over REGIONS regions around the box with IoU > 0.5 (as
the paper does for AFLW, section IV-B); smile, gender, age and descriptor come from the face aligned
by the predicted landmarks.
"""

from __future__ import annotations

import os
from typing import NamedTuple

import numpy as np

from allinone import boxes, hdf5, pictures, record, regions
from allinone.analyzer import FaceAnalyzer
from allinone.face import Face
from allinone.progress import Progress
from allinone.proposals import search_files
from allinone.record import FaceRecord
from allinone.tasks import POSITIVE_IOU
from evaluate import metrics
from evaluate.task_figures import OF_FACES

REGIONS = 5  # our choice: the detector's cluster of a face has as many
SHIFT, ZOOM = 0.08, 0.1  # our choice: how far these regions are from the box, in its size
# our choice: detections of lower score are not kept; they change the average precision but little
DETECTION_FLOOR = 0.05

Picture = tuple[str, list[FaceRecord]]  # path, the faces in it


class Detected(NamedTuple):
    """Average precision of the model and of a coin on the same proposals; how many faces."""

    precision: float
    by_chance: float
    faces: int


def load(folder: str) -> list[Picture]:
    """Return the pictures of a drawn set."""
    faces = record.read(os.path.join(folder, "records.jsonl"))
    return [(os.path.join(folder, name), some) for name, some in record.faces_by_picture(faces)]


def describe_portraits(
    analyzer: FaceAnalyzer, portraits: list[Picture], seed: int = 0
) -> list[tuple[FaceRecord, Face]]:
    """Return (labels, answers) of portraits, stage 1 averaged over regions around the true box."""
    rng, pairs = np.random.default_rng(seed), []
    progress = Progress("portraits", len(portraits))
    for path, (known, *_) in portraits:
        image = pictures.read_image(path)
        near = regions.jittered(rng, known.box, 2 * REGIONS, shift=SHIFT, zoom=ZOOM)
        near = near[boxes.iou(near, [known.box])[:, 0] > POSITIVE_IOU][:REGIONS]
        seen = analyzer.look(image, near)
        mean = {name: values.mean(axis=0, keepdims=True) for name, values in seen.items()}
        (found,) = analyzer.describe(image, mean)
        pairs.append((known, found))
        progress.step()
    return pairs


def detect_in_scenes(analyzer: FaceAnalyzer, scenes: list[Picture]) -> Detected:
    """Return how well all faces of scenes are detected among selective search's proposals."""
    rng, true, scores, coin, chance = np.random.default_rng(0), [], [], [], []
    progress = Progress("scenes", len(scenes))
    for (path, faces), proposals in zip(scenes, search_files([path for path, _ in scenes])):
        found = analyzer.detect(pictures.read_image(path), proposals, DETECTION_FLOOR)
        known = [face.box for face in faces]
        true += metrics.match_detections(found["boxes"], found["score"], known).tolist()
        scores += found["score"].tolist()
        guess = rng.random(len(proposals))
        chance += metrics.match_detections(proposals, guess, known).tolist()
        coin += guess.tolist()
        progress.step()
    count = sum(len(faces) for _, faces in scenes)
    return Detected(
        metrics.average_precision(true, scores, count),
        metrics.average_precision(chance, coin, count),
        count,
    )


def write_predictions(path: str, pairs: list[tuple[FaceRecord, Face]]) -> None:
    """Write the answers about portraits, and who they show, as HDF5; nobody is -1."""
    people = [-1 if known.identity is None else known.identity for known, _ in pairs]
    with hdf5.replacing(path) as data:
        for task in OF_FACES:
            data[task.field] = np.float32([getattr(found, task.field) for _, found in pairs])
        data["identity"] = people
