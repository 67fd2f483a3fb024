"""FaceAnalyzer: the two-stage process of section III-D.

Stage 1: region proposals -> detection scores, landmarks, visibility, pose -> non-maximum suppression.
Stage 2: the face aligned by its landmarks, and its mirror, through the net -> smile, gender, age, descriptor; averaged.
"""
import os

import numpy as np

from allinone import align, blob, boxes, files, landmarks, pose
from allinone.backend import CaffeBackend
from allinone.errors import InputError
from allinone.proposals import selective_search
from allinone.record import Face

SCORE = 0.9            # our choice: least detection score of a face that is reported
OVERLAP = 0.2          # our choice: IoU above which two precise boxes are the same face
INSIDE = 0.6           # our choice: share of a box within a better one above which it is a part of that face, no face
KEPT = 0.3             # our choice: least score of a region that goes on to the next round
ROUNDS = 2             # our choice: rounds of Iterative Region Proposals
CLUSTER = 5            # our choice: regions of a face whose medians are its result


class FaceAnalyzer:
    """Find and describe faces with a fused model.

    model_dir: folder with deploy.prototxt and allinone.caffemodel. InputError where it is missing or broken.
    """

    def __init__(self, model_dir):
        self.backend = CaffeBackend(model_dir)

    def analyze(self, image, boxes=None, score=SCORE):
        """Return the `Face`s of a picture, best first.

        image: path or BGR uint8 (height, width, 3); boxes (n, 4): regions to describe instead of searching for faces,
        one Face per box in the same order, whatever its score; score: least detection score of a face that is found.
        InputError where image or boxes are none.
        """
        if isinstance(image, (str, os.PathLike)):
            image = files.read_image(os.fspath(image))
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
            raise InputError(f"image: {image.dtype} of shape {image.shape}; give BGR uint8 (height, width, 3), as cv2.imread does")
        if boxes is not None:
            regions = np.float32(boxes).reshape(-1, 4)
            if not (regions[:, :2] < regions[:, 2:]).all():
                raise InputError("boxes: each must be (x1, y1, x2, y2) with x1 < x2 and y1 < y2")
            return self.describe(image, self.look(image, regions))
        return self.describe(image, self.detect(image, selective_search(image), score))

    def look(self, image, regions):
        """Run stage 1 on regions (n, 4) of a picture; return a dict of boxes, score, landmarks (pixels), visibility, pose (degrees)."""
        return self.look_at_each([image] * len(regions), regions)

    def look_at_each(self, images, regions):
        """Run stage 1 on one region of each of n pictures; return what `look` returns."""
        regions = np.float32(regions).reshape(-1, 4)
        out = self.backend([blob.crop(image, box, self.backend.input_size) for image, box in zip(images, regions)], stage=1)
        points = out["landmarks"].reshape(-1, landmarks.COUNT, 2)
        return dict(boxes=regions, score=out["detection"][:, 1], landmarks=landmarks.decode(points, regions),
                    visibility=out["visibility"].clip(0, 1), pose=pose.decode_pose(out["pose"]))

    def detect(self, image, regions, score=SCORE):
        """Find faces among regions: Iterative Region Proposals, then Landmarks-based NMS (HyperFace)."""
        height, width = image.shape[:2]
        # 1. Score the proposals, keep what may be a face.
        newest = seen = self._promising(image, regions)
        # 2. ROUNDS times: the rectangle of the predicted landmarks is a new region; score it.
        for _ in range(ROUNDS):
            new = boxes.clip(landmarks.face_rectangle(newest["landmarks"]), width, height)
            new = np.unique(np.rint(new[(new[:, 2:] - new[:, :2] >= 8).all(axis=1)]), axis=0)
            newest = self._promising(image, new)
            seen = {name: np.concatenate([seen[name], newest[name]]) for name in seen}
        return suppress(seen, score)

    def _promising(self, image, regions):
        """Run stage 1 on regions and keep those that may be faces."""
        found = self.look(image, regions)
        keep = found["score"] >= KEPT
        return {name: values[keep] for name, values in found.items()}

    def describe(self, image, found):
        """Run stage 2 on what stage 1 found; return `Face`s."""
        size = self.backend.input_size
        faces = [align.warp(image, points, size, visible) for points, visible in zip(found["landmarks"], found["visibility"])]
        both = self.backend(faces + [align.mirror(face) for face in faces], stage=2)
        mean = {name: (values[:len(faces)] + values[len(faces):]) / 2 for name, values in both.items()}
        return [Face(box=found["boxes"][i], score=found["score"][i], landmarks=found["landmarks"][i],
                     visibility=found["visibility"][i], pose=found["pose"][i], smile=mean["smile"][i, 1],
                     gender=mean["gender"][i, 1], age=mean["age"][i, 0], descriptor=mean["descriptor"][i])
                for i in range(len(faces))]


def suppress(found, score):
    """Landmarks-based NMS (HyperFace): return what stage 1 found, once for every face of at least `score`, best first."""
    # 1. Precise boxes from the landmarks; the best of each group of overlapping ones stands for a face.
    precise, faces = landmarks.face_rectangle(found["landmarks"]), []
    for best in boxes.nms(precise, found["score"], OVERLAP):
        # 2. Our addition: a mouth or an eye that looks like a face is no face beside the one that it lies in.
        inside = boxes.intersection(precise[[best]], precise[faces])[0] / np.maximum(boxes.area(precise[best]), 1)
        if found["score"][best] >= score and not (inside > INSIDE).any():
            faces.append(best)
    # 3. The result of a face: medians over the best CLUSTER regions around it; its box follows from its landmarks.
    best_first = np.argsort(-found["score"], kind="stable")
    around = boxes.iou(precise[faces], precise[best_first]) > 0.5
    top = [best_first[np.flatnonzero(row)[:CLUSTER]] for row in around]
    result = {name: np.array([np.median(found[name][members], axis=0) for members in top], np.float32).reshape(-1, *found[name].shape[1:])
              for name in ("landmarks", "visibility", "pose")}
    return dict(result, score=found["score"][faces], boxes=landmarks.face_rectangle(result["landmarks"]))
