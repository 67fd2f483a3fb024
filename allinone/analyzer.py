"""FaceAnalyzer: the two-stage process of section III-D.

Stage 1: region proposals -> detection scores, landmarks, visibility, pose -> non-maximum suppression.
Stage 2: the face aligned by its landmarks, and its mirror, through the net -> smile, gender, age, descriptor; averaged.
"""
import numpy as np

from allinone import align, blob, boxes, files, landmarks, pose
from allinone.backend import CaffeBackend
from allinone.proposals import selective_search
from allinone.record import Face
from allinone.tasks import BY_NAME

SCORE = 0.6            # our choice: least detection score of a face that is reported
OVERLAP = 0.2          # our choice: IoU above which two precise boxes are the same face
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
        """
        if isinstance(image, str):
            image = files.read_image(image)
        if boxes is not None:
            return self.describe(image, self.look(image, np.float32(boxes).reshape(-1, 4)))
        return self.describe(image, self.detect(image, selective_search(image), score))

    def look(self, image, regions):
        """Run stage 1 on regions (n, 4); return a dict of boxes, score, landmarks (pixels), visibility, pose (degrees)."""
        crops = np.stack([blob.crop(image, box, self.backend.input_size) for box in regions]) if len(regions) else []
        out = self.backend(crops, stage=1)
        points = out["landmarks"].reshape(-1, landmarks.COUNT, 2)
        return dict(boxes=regions, score=out["detection"][:, 1], landmarks=landmarks.decode(points, regions),
                    visibility=out["visibility"].clip(0, 1), pose=pose.decode_pose(out["pose"]))

    def detect(self, image, regions, score=SCORE):
        """Find faces among regions: Iterative Region Proposals, then Landmarks-based NMS (HyperFace)."""
        height, width = image.shape[:2]
        # 1. Score the proposals, keep what may be a face.
        seen = _take(first := self.look(image, regions), first["score"] >= KEPT)
        # 2. ROUNDS times: the rectangle of the predicted landmarks is a new region; score it.
        newest = seen
        for _ in range(ROUNDS):
            new = boxes.clip(landmarks.face_rectangle(newest["landmarks"]), width, height)
            new = np.unique(np.rint(new[(new[:, 2:] - new[:, :2] >= 8).all(axis=1)]), axis=0)
            newest = _take(scored := self.look(image, new), scored["score"] >= KEPT)
            seen = {name: np.concatenate([seen[name], newest[name]]) for name in seen}
        return suppress(seen, score)

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


def _take(found, keep):
    return {name: values[keep] for name, values in found.items()}


def suppress(found, score):
    """Landmarks-based NMS: precise boxes from landmarks, clusters of overlapping ones, medians of the best of each."""
    precise = landmarks.face_rectangle(found["landmarks"])
    keep = boxes.nms(precise, found["score"], OVERLAP)
    result = {name: [] for name in found}
    for best in keep:
        if found["score"][best] < score:
            continue
        near = np.flatnonzero(boxes.iou(precise[best:best + 1], precise)[0] > 0.5)
        top = near[np.argsort(-found["score"][near], kind="stable")[:CLUSTER]]
        for name in ("landmarks", "visibility", "pose"):
            result[name].append(np.median(found[name][top], axis=0))
        result["score"].append(found["score"][best])
        result["boxes"].append(landmarks.face_rectangle(result["landmarks"][-1]))
    shapes = dict(landmarks=(-1, landmarks.COUNT, 2), visibility=(-1, landmarks.COUNT), pose=(-1, 3), score=(-1,), boxes=(-1, 4))
    return {name: np.float32(values).reshape(shapes[name]) for name, values in result.items()}
