"""FaceAnalyzer: the two-stage process of section III-D.

Stage 1: region proposals -> detection scores, landmarks, visibility, pose -> Iterative Region Proposals, Landmarks-based NMS.
Stage 2: the face aligned by its landmarks, and its mirror, through the net -> smile, gender, age, descriptor; averaged.
"""

import os

import numpy as np

from allinone import (
    align,
    blob,
    dense,
    files,
    landmarks,
    pose,
    refine,
)
from allinone import (
    boxes as boxes_,
)
from allinone import (
    device as devices,
)
from allinone.backend import Backend
from allinone.errors import InputError
from allinone.proposals import selective_search
from allinone.record import Face
from allinone.tasks import POSITIVE_IOU

SCORE = 0.9  # our choice: least detection score of a face that is reported, where the model's provenance.json names none
LEAST_FACE = 8  # pixels
LOOKS = 2  # our choice: at a face whose box is given; the second region is the rectangle of the landmarks that are found in the first
CHUNK = 256  # regions whose crops are in memory together
SHIPPED = "models/small"  # the model that is used if none is named, from the kit's root
PROPOSALS = dict(
    dense=lambda analyzer, image: dense.proposals(analyzer.backend, image, analyzer.smallest),
    **{
        "selective-search": lambda analyzer, image: selective_search(image),
        "selective-search-quality": lambda analyzer, image: selective_search(image, quality=True),
    },
)


def default_model():
    """Return the folder of the model that comes with the kit; InputError where it is not there."""
    folder = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), SHIPPED)
    if not os.path.isdir(folder):
        raise InputError(
            f"{folder}: the model that comes with the kit is not there; get it again (git checkout {SHIPPED}), or name another model's folder"
        )
    return folder


class FaceAnalyzer:
    """Find and describe faces with a fused model.

    model_dir: folder with deploy.prototxt and allinone.caffemodel, default the one that comes with the kit; engine: caffe, opencv or
    onnxruntime; device: "cpu" or the number of a GPU ("0"), default the one that Caffe has been given, else the CPU;
    proposals: "dense" (the net itself over an image pyramid, for faces of `smallest` pixels and more) or
    "selective-search" (or, five times as many, "selective-search-quality"), as in the paper. InputError where the model is missing or broken, or the GPU cannot be used.
    """

    def __init__(
        self, model_dir=None, engine="caffe", device=None, proposals="dense", smallest=None
    ):
        if proposals not in PROPOSALS:
            raise InputError(f"proposals '{proposals}': there are {', '.join(PROPOSALS)}")
        if smallest is not None and not smallest >= LEAST_FACE:
            raise InputError(f"smallest {smallest}: must be at least {LEAST_FACE} pixels")
        gpu = "" if device in (None, "cpu") else str(device)
        if device is not None and engine == "caffe":
            devices.use(gpu)
        self.backend, self.smallest = Backend(model_dir or default_model(), engine, gpu), smallest
        self.score = self.backend.told.get("score", SCORE)
        self.propose = PROPOSALS[proposals]

    def analyze(self, image, boxes=None, score=None):
        """Return the `Face`s of a picture, best first.

        image: path or BGR uint8 (height, width, 3); boxes (n, 4): regions to describe instead of searching for faces,
        one Face per box in the same order, whatever its score; score: least detection score of a face that is found, default the model's own.
        InputError where image or boxes are none.
        """
        if boxes is None:
            return self.analyze_many([image], score)[0]
        image, regions = loaded(image), np.float32(boxes).reshape(-1, 4)
        if not (regions[:, :2] < regions[:, 2:]).all():
            raise InputError("boxes: each must be (x1, y1, x2, y2) with x1 < x2 and y1 < y2")
        return self.describe(image, self.look(image, regions))

    def analyze_many(self, images, score=None):
        """Return the list of `Face`s of each picture, as `analyze` does; calls of the net are shared between them."""
        images = [loaded(image) for image in images]
        if not images:
            return []
        return self.describe_many(
            images, self.detect_many(images, [self.propose(self, image) for image in images], score)
        )

    def look(self, image, regions):
        """Run stage 1 on regions (n, 4) of a picture; return a dict of boxes, score, landmarks (pixels), visibility, pose (degrees)."""
        return self.look_at_each([image] * len(regions), regions)

    def look_at_each(self, images, regions):
        """Run stage 1 on one region of each of n pictures; return what `look` returns."""
        regions, parts = np.float32(regions).reshape(-1, 4), []
        for start in range(0, max(len(regions), 1), CHUNK):
            some = slice(start, start + CHUNK)
            parts.append(
                self.backend(
                    [
                        blob.crop(image, box, self.backend.input_size)
                        for image, box in zip(images[some], regions[some])
                    ],
                    stage=1,
                )
            )
        out = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        points = out["landmarks"].reshape(-1, landmarks.COUNT, 2)
        return dict(
            boxes=regions,
            score=out["detection"][:, 1],
            landmarks=landmarks.decode(points, regions),
            visibility=out["visibility"].clip(0, 1),
            pose=pose.decode_pose(out["pose"]),
        )

    def look_closer(self, images, regions):
        """Run stage 1 on one rough region of each of n pictures, then on the rectangle of the landmarks found in it; return what `look` returns."""
        for _ in range(LOOKS):
            found = self.look_at_each(images, regions)
            regions = landmarks.face_rectangle(found["landmarks"])
        return found

    def detect(self, image, regions, score=None):
        """Find faces among regions (n, 4) of a picture; return what `look` returns, of one region for each face."""
        return self.detect_many([image], [regions], score)[0]

    def detect_many(self, images, regions, score=None):
        """Find faces among the regions of each picture: Iterative Region Proposals, then Landmarks-based NMS."""
        score = self.score if score is None else score
        owners = np.repeat(np.arange(len(images)), [len(some) for some in regions])
        owners, seen = refine.iterative_region_proposals(
            lambda owners, regions: self.look_at_each([images[owner] for owner in owners], regions),
            owners,
            np.concatenate([np.float32(some).reshape(-1, 4) for some in regions]),
            [image.shape[1::-1] for image in images],
        )
        return [
            refine.landmarks_nms(
                {name: values[owners == number] for name, values in seen.items()}, score
            )
            for number in range(len(images))
        ]

    def attributes_over_regions(self, image, box, regions):
        """Return (probability of smiling, of female): means over the regions (n, 4) whose IoU with a face's box is above 0.5.

        The paper's score for CelebA and Faces of the World (section IV-D). Each region's face is aligned by the landmarks that are found in it,
        since these towers learn from aligned faces (our choice, the paper does not say). InputError where no region is near.
        """
        near = np.float32(regions).reshape(-1, 4)
        near = near[boxes_.iou(near, [box])[:, 0] > POSITIVE_IOU]
        if not len(near):
            raise InputError(f"box {list(box)}: no region has an IoU above {POSITIVE_IOU} with it")
        faces = self.describe(image, self.look(image, near))
        return float(np.mean([face.smile for face in faces])), float(
            np.mean([face.gender for face in faces])
        )

    def describe(self, image, found):
        """Run stage 2 on what stage 1 found in a picture; return `Face`s."""
        return self.describe_many([image], [found])[0]

    def describe_many(self, images, found):
        """Run stage 2 on what stage 1 found in each picture; return the list of `Face`s of each."""
        size = self.backend.input_size
        faces = [
            align.warp(image, points, size, visible)
            for image, one in zip(images, found)
            for points, visible in zip(one["landmarks"], one["visibility"])
        ]
        both = self.backend(faces + [align.mirror(face) for face in faces], stage=2)
        mean = {
            name: (values[: len(faces)] + values[len(faces) :]) / 2 for name, values in both.items()
        }
        place, result = 0, []
        for one in found:
            result.append(
                [
                    Face(
                        box=one["boxes"][n],
                        score=one["score"][n],
                        landmarks=one["landmarks"][n],
                        visibility=one["visibility"][n],
                        pose=one["pose"][n],
                        smile=mean["smile"][place + n, 1],
                        gender=mean["gender"][place + n, 1],
                        age=mean["age"][place + n, 0],
                        descriptor=mean["descriptor"][place + n],
                    )
                    for n in range(len(one["score"]))
                ]
            )
            place += len(one["score"])
        return result


def loaded(image):
    """Return a picture, BGR uint8 (height, width, 3), of a path or of itself; InputError where it is none."""
    if isinstance(image, (str, os.PathLike)):
        image = files.read_image(os.fspath(image))
    if (
        not isinstance(image, np.ndarray)
        or image.dtype != np.uint8
        or image.ndim != 3
        or image.shape[2] != 3
        or not image.size
    ):
        what = (
            f"{image.dtype} of shape {image.shape}"
            if isinstance(image, np.ndarray)
            else type(image).__name__
        )
        raise InputError(
            f"image: {what}; give a path, or BGR uint8 (height, width, 3), as cv2.imread does"
        )
    return image


def verify(first, second):
    """Return the cosine similarity of two faces' descriptors, -1 to 1: the more alike the people, the higher."""
    return float(np.float64(first.unit_descriptor()) @ second.unit_descriptor())
