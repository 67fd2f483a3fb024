"""Measure a fused model on held-out synthetic faces and scenes; write results.json and predictions.

    python -m evaluate.synthetic --model out/demo/model --faces out/demo/test/faces --scenes out/demo/test/scenes \\
        --out out/demo/eval

Detection: scenes, all faces, IoU > 0.5. The rest: portraits. Landmarks, visibility and pose are the mean over REGIONS
regions around the box with IoU > 0.5 (as the paper does for AFLW, section IV-B); smile, gender, age and descriptor come
from the face aligned by the predicted landmarks. Chance is the best constant answer for these very labels.
"""

import argparse
import os
import sys

import h5py
import numpy as np

from allinone import boxes, device, files, landmarks, record, regions
from allinone.analyzer import FaceAnalyzer
from allinone.errors import InputError, command
from allinone.progress import Progress
from allinone.proposals import search_files
from allinone.tasks import POSITIVE_IOU
from evaluate import headline, metrics

REGIONS = 5  # our choice: the detector's cluster of a face has as many
DETECTION_FLOOR = (
    0.05  # detections of lower score are not kept: they cannot change the average precision much
)


def load(folder):
    """Return [(picture path, [FaceRecord])] of a drawn set."""
    path = os.path.join(folder, "records.jsonl")
    return [
        (os.path.join(folder, name), faces)
        for name, faces in record.faces_by_picture(record.read(path))
    ]


def look_at_portraits(analyzer, pictures, seed=0):
    """Return (Faces, FaceRecords) of portraits, stage 1 averaged over regions around the true box."""
    rng, found, truth = np.random.default_rng(seed), [], []
    progress = Progress("portraits", len(pictures))
    for path, (face, *_) in pictures:
        image = files.read_image(path)
        near = regions.jittered(rng, face.box, 2 * REGIONS, shift=0.08, zoom=0.1)
        near = near[boxes.iou(near, [face.box])[:, 0] > POSITIVE_IOU][:REGIONS]
        mean = {
            name: values.mean(axis=0, keepdims=True)
            for name, values in analyzer.look(image, near).items()
        }
        found += analyzer.describe(image, mean)
        truth.append(face)
        progress.step()
    return found, truth


def detect_in_scenes(analyzer, pictures):
    """Return average precision, the average precision of a coin on the same proposals, number of faces."""
    rng, true, scores, coin, chance = np.random.default_rng(0), [], [], [], []
    progress = Progress("scenes", len(pictures))
    for (path, faces), proposals in zip(pictures, search_files([path for path, _ in pictures])):
        found = analyzer.detect(files.read_image(path), proposals, DETECTION_FLOOR)
        known = [face.box for face in faces]
        true += metrics.match_detections(found["boxes"], found["score"], known).tolist()
        scores += found["score"].tolist()
        guess = rng.random(len(proposals))
        chance += metrics.match_detections(proposals, guess, known).tolist()
        coin += guess.tolist()
        progress.step()
    count = sum(len(faces) for _, faces in pictures)
    return (
        metrics.average_precision(true, scores, count),
        metrics.average_precision(chance, coin, count),
        count,
    )


def write_predictions(path, found, truth):
    """Write what the model says of the portraits, and who they show, as HDF5."""
    with files.replacing(path, "w+b") as stream, h5py.File(stream, "w") as data:
        for name in ("landmarks", "visibility", "pose", "smile", "gender", "age", "descriptor"):
            data[name] = np.float32([getattr(face, name) for face in found])
        data["identity"] = [face.identity for face in truth]


def measure(found, truth):
    """Return the figures of portraits: {task: {metric: value}}."""
    size = metrics.box_size([face.box for face in truth])
    points, seen = (
        np.stack([f.landmark_array() for f in truth]),
        np.stack([f.visibility_array() for f in truth]),
    )
    similarity, same = metrics.pair_similarities(
        np.stack([f.descriptor for f in found]), [f.identity for f in truth]
    )
    pose_error = np.abs(np.stack([f.pose for f in found]) - np.array([f.pose for f in truth])).mean(
        axis=0
    )
    return {
        "landmarks": {
            "nme": float(
                np.nanmean(metrics.nme(np.stack([f.landmarks for f in found]), points, seen, size))
            )
        },
        "pose": {
            "yaw_mae": float(pose_error[2]),
            "roll_mae": float(pose_error[0]),
            "pitch_mae": float(pose_error[1]),
        },
        "visibility": {
            "accuracy": metrics.accuracy(np.stack([f.visibility for f in found]) >= 0.5, seen)
        },
        "smile": {
            "accuracy": metrics.accuracy([f.smile >= 0.5 for f in found], [f.smile for f in truth])
        },
        "gender": {
            "accuracy": metrics.accuracy(
                [f.gender >= 0.5 for f in found], [f.gender for f in truth]
            )
        },
        "age": {"mae": metrics.mean_absolute_error([f.age for f in found], [f.age for f in truth])},
        "identity": {
            "auc": metrics.auc(similarity, same),
            "tar_at_far_0.01": metrics.tar_at_far(similarity, same, 0.01),
        },
    }


def chance(truth):
    """Return the same figures for the best constant answer: medians, majorities and the mean face."""
    relative = np.stack([landmarks.encode(f.landmark_array(), np.float32(f.box)) for f in truth])
    seen = np.stack([f.visibility_array() for f in truth])
    mean_face = np.nanmean(np.where(seen[..., None] > 0, relative, np.nan), axis=0)
    points = np.stack([landmarks.decode(mean_face, np.float32(f.box)) for f in truth])
    errors = metrics.nme(
        points,
        np.stack([f.landmark_array() for f in truth]),
        seen,
        metrics.box_size([f.box for f in truth]),
    )
    poses = np.array([f.pose for f in truth])
    pose = np.abs(poses - np.median(poses, axis=0)).mean(axis=0)
    majority = lambda name: max(
        np.mean([getattr(f, name) == value for f in truth]) for value in (0, 1)
    )
    ages = [f.age for f in truth]
    return {
        "landmarks": {"nme": float(np.nanmean(errors))},
        "pose": {
            "yaw_mae": float(pose[2]),
            "roll_mae": float(pose[0]),
            "pitch_mae": float(pose[1]),
        },
        "visibility": {
            "accuracy": metrics.accuracy(
                np.broadcast_to(seen.mean(axis=0) >= 0.5, seen.shape), seen
            )
        },
        "smile": {"accuracy": majority("smile")},
        "gender": {"accuracy": majority("gender")},
        "age": {"mae": metrics.mean_absolute_error([np.median(ages)] * len(ages), ages)},
        "identity": {"auc": 0.5, "tar_at_far_0.01": 0.01},
    }


@command
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, help="folder of the fused model")
    parser.add_argument("--faces", required=True, help="folder of held-out portraits")
    parser.add_argument("--scenes", required=True, help="folder of held-out scenes")
    parser.add_argument(
        "--out",
        required=True,
        help="folder for results.json, chance.json, counts.json and predictions.h5",
    )
    parser.add_argument("--gpu", default="", help="GPU number; empty: CPU")
    args = parser.parse_args(argv)
    device.use(args.gpu)
    portraits, scenes = load(args.faces), load(args.scenes)
    if not portraits or not any(faces for _, faces in scenes):
        raise InputError(f"{args.faces}, {args.scenes}: no face to measure on; draw the sets again")
    analyzer = FaceAnalyzer(args.model)
    found, truth = look_at_portraits(analyzer, portraits)
    ap, ap_chance, faces = detect_in_scenes(analyzer, scenes)
    results = {"detection": {"ap50": ap}, **measure(found, truth)}
    by_chance = {"detection": {"ap50": ap_chance}, **chance(truth)}
    files.write_json(os.path.join(args.out, "chance.json"), by_chance)
    files.write_json(
        os.path.join(args.out, "counts.json"),
        dict(
            portraits=len(truth),
            people=len({f.identity for f in truth}),
            scenes=len(scenes),
            faces_in_scenes=faces,
        ),
    )
    write_predictions(os.path.join(args.out, "predictions.h5"), found, truth)
    files.write_json(os.path.join(args.out, "results.json"), results)
    print(headline.text_table(headline.table(results, by_chance)))


if __name__ == "__main__":
    sys.exit(main())
