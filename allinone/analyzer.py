"""FaceAnalyzer: the two-stage process of section III-D.

Stage 1: region proposals -> detection scores, landmarks, visibility, pose -> Iterative Region
Proposals, Landmarks-based NMS. Stage 2: the face aligned by its landmarks, and its mirror, through
the net -> smile, gender, age, descriptor, each the mean of both.
"""

from __future__ import annotations

import math
import numbers
import os
from collections.abc import Iterable, Sequence

import numpy as np

from allinone import align, answering, blob, engines, fast, landmarks, refine, tasks
from allinone import boxes as boxes_
from allinone import device as devices
from allinone.backend import Backend
from allinone.errors import InputError
from allinone.face import Face
from allinone.model import SCREEN
from allinone.pictures import Picture, picture_of
from allinone.searching import FAST, NEEDED, PROPOSALS, usual_proposals

LEAST_FACE = 8  # pixels
# our choice: how often a face whose box is given is looked at; the second region is the rectangle
# of the landmarks that are found in the first
LOOKS = 2
CHUNK = 256  # regions whose crops are in memory together


class FaceAnalyzer:
    """Finds and describes faces with a fused model, or with two: a model for each stage.

    Of a face the fields that no model answers are None. Several threads may share one analyzer:
    their calls of its nets follow each other.
    """

    def __init__(
        self,
        model_dir: str | os.PathLike | None = None,
        engine: str | None = None,
        device: str | int | None = None,
        proposals: str | None = None,
        smallest: float | None = None,
        stage1: str | os.PathLike | None = None,
    ) -> None:
        """Open a model.

        model_dir: folder of a fused model, default that of the environment's ALLINONE_MODEL, else
        the one that comes with the kit; engine: caffe, opencv, onnxruntime or onnxruntime-fp16,
        default the fastest that is installed, which the attribute `engine` then names; device:
        "cpu" or the number of a GPU ("0"), default the CPU, or for the engine caffe the one that
        Caffe has been given; proposals: "fast" (the proposal net over an image pyramid, for faces
        of `smallest` pixels and more), "dense" (the same with the net itself), "selective-search",
        as in the paper, or "selective-search-quality", five times as many regions, default the
        first that the model has the net for; stage1: folder of the model that finds faces and
        their landmarks where that is another than model_dir, which then describes them. InputError
        where a model is missing or broken, or the GPU cannot be used.
        """
        if proposals not in (None, *PROPOSALS):
            raise InputError(f"proposals '{proposals}': there are {', '.join(PROPOSALS)}")
        if smallest is not None and not (is_number(smallest) and smallest >= LEAST_FACE):
            raise InputError(f"smallest {smallest}: must be at least {LEAST_FACE} pixels")
        gpu = "" if device in (None, "cpu") else str(device)
        engine = self.engine = engine or engines.fastest(gpu)
        if device is not None and engine == engines.CAFFE:
            devices.use(gpu)
        self.backend = Backend(stage1 or model_dir, engine, gpu)
        self.describer = Backend(model_dir, engine, gpu, stage=2) if stage1 else self.backend
        self.smallest = smallest
        self.proposals = proposals or usual_proposals(self.backend.model.has)
        if smallest is not None and self.proposals not in NEEDED:
            raise InputError(
                f"smallest {smallest}: proposals {self.proposals} know no least height; leave it "
                "out"
            )
        self.score = self.backend.model.score_of(self.proposals)
        self._propose = PROPOSALS[self.proposals]
        if self.proposals in NEEDED:  # a bad net is an error of the model, not of each picture
            self.backend.open(NEEDED[self.proposals])
        if self.proposals == FAST and self.backend.screens:
            self.backend.open(SCREEN)

    def __str__(self) -> str:
        """Return in words what answers: models, engine, device."""
        by = f", stage 1 by {self.backend.model.folder}"
        folder = self.describer.model.folder + (by if self.describer is not self.backend else "")
        device = f"GPU {self.backend.gpu}" if self.backend.gpu else "the CPU"
        return f"model {folder}, engine {self.engine} on {device}"

    def analyze(
        self, image: Picture, boxes=None, score: float | None = None, clip: bool = False
    ) -> list[Face]:
        """Return the faces of a picture, best first.

        image: path, BGR uint8 (height, width, 3) or a picture of Pillow; boxes (n, 4): regions to
        describe instead of searching for faces, one Face for each in the same order, whatever its
        score; score: least detection score of a face that is found, default the model's own; clip:
        cut the faces' boxes at the border of the picture, which they may leave. InputError where
        image, boxes or score are none.
        """
        if boxes is None:
            return self.analyze_many([image], score, clip)[0]
        check_score(score)
        image = picture_of(image)
        regions = boxes_.given(boxes, *image.shape[1::-1])
        return self._described([image], [self.look(image, regions)], clip)[0]

    def analyze_many(
        self, images: Iterable[Picture], score: float | None = None, clip: bool = False
    ) -> list[list[Face]]:
        """Return the faces of each picture; calls of the net are shared between the pictures."""
        if isinstance(images, (str, os.PathLike)):
            raise InputError(f"images: give a list of pictures, [{str(images)!r}], or use analyze")
        check_score(score)
        images = [picture_of(image) for image in images]
        if not images:
            return []
        return self._described(images, self.find_many(images, score), clip)

    def follow(
        self, image: Picture, before: Sequence[Face], score: float | None = None
    ) -> list[Face]:
        """Return the faces of a picture that stand about where faces stood before, best first.

        As in the next frame of a video: nothing else is looked for, which takes a fraction of the
        time. before: the faces of the last frame; score: of `analyze`. InputError where the model
        has no screening net, which sees where the faces stand now.
        """
        check_score(score)
        self.backend.open(SCREEN)
        if not before:
            return []
        image = picture_of(image)
        regions = fast.screened(self.backend, image, np.stack([face.box for face in before]))
        found = self.detect_many([image], [regions], score, refine.STILL)
        return self.describe_many([image], found)[0]

    def _described(self, images, found, clip) -> list[list[Face]]:
        """Return the faces of pictures from what stage 1 found; their boxes clipped, or not."""
        faces = self.describe_many(images, found)
        for image, some in zip(images, faces) if clip else ():
            for face in some:
                face.box = boxes_.clip(face.box, *image.shape[1::-1])
        return faces

    def propose(self, image: np.ndarray) -> np.ndarray:
        """Return the regions (n, 4) of a picture in which faces are looked for."""
        return self._propose(self.backend, image, self.smallest)

    def find_many(self, images: Sequence[np.ndarray], score: float | None = None):
        """Return what stage 1 finds in each picture, what `look` returns; score: of `analyze`."""
        regions = [self.propose(image) for image in images]
        if self.proposals != FAST:
            return self.detect_many(images, regions, score)
        # A region of the proposal net is a face's box, one of a face: it needs little more.
        found = self.detect_many(images, regions, score, refine.STILL)
        large = []
        for image, one in zip(images, found):
            keep = fast.are_large(one["boxes"], image, self.smallest)
            large.append({name: values[keep] for name, values in one.items()})
        return large

    def look(self, image: np.ndarray, regions: np.ndarray) -> dict[str, np.ndarray]:
        """Run stage 1 on regions (n, 4) of a picture.

        Returns arrays by field: boxes (n, 4), score (n,), landmarks (n, 21, 2) in pixels,
        visibility (n, 21), pose (n, 3) in degrees; of HyperFace gender (n,) too.
        """
        return self.look_at_each([image] * len(regions), regions)

    def look_at_each(self, images: Sequence[np.ndarray], regions) -> dict[str, np.ndarray]:
        """Run stage 1 on one region of each of n pictures; returns what `look` returns."""
        regions = np.float32(regions).reshape(-1, 4)
        size, parts = self.backend.input_size, []
        for start in range(0, max(len(regions), 1), CHUNK):
            some = slice(start, start + CHUNK)
            crops = [blob.crop(image, box, size) for image, box in zip(images[some], regions[some])]
            parts.append(self.backend(crops, stage=1))
        outputs = refine.joined(parts)
        found = {"boxes": regions}
        for task in self.backend.model.tasks_of(stage=1):
            found[task.field] = answering.answer(task, outputs[task.output], regions)
        return found

    def look_closer(self, images: Sequence[np.ndarray], regions) -> dict[str, np.ndarray]:
        """Run stage 1 on one rough region of each of n pictures, then on what is found in it.

        The second region is the rectangle of the landmarks; returns what `look` returns.
        """
        for _ in range(LOOKS):
            found = self.look_at_each(images, regions)
            regions = landmarks.face_rectangle(found["landmarks"])
        return found

    def detect(self, image: np.ndarray, regions, score: float | None = None):
        """Find faces among regions (n, 4) of a picture; returns what `look` returns of them."""
        return self.detect_many([image], [regions], score)[0]

    def detect_many(self, images, regions, score: float | None = None, still: float | None = None):
        """Find faces among the regions of each picture (HyperFace, algorithms 1 and 2).

        still: of refine.iterative_region_proposals.
        """
        score = self.score if score is None else score
        owners = np.repeat(np.arange(len(images)), [len(some) for some in regions])
        together = np.concatenate([np.float32(some).reshape(-1, 4) for some in regions])

        def look(owners, regions):
            return self.look_at_each([images[owner] for owner in owners], regions)

        sizes = [image.shape[1::-1] for image in images]
        calibrated = self.backend.model.calibrated
        scores = calibrated(refine.KEPT), calibrated(refine.SURE)
        owners, seen = refine.iterative_region_proposals(
            look, owners, together, sizes, still=still, scores=scores
        )
        found = []
        for number in range(len(images)):
            own = {name: values[owners == number] for name, values in seen.items()}
            found.append(refine.landmarks_nms(own, score))
        return found

    def attributes_over_regions(self, image: np.ndarray, box, regions) -> dict[str, float]:
        """Return {task: mean answer} over the regions (n, 4) whose IoU with a face's box is > 0.5.

        Of the tasks whose answer is a probability: the paper's score for CelebA and Faces of the
        World (section IV-D). Each region's face is aligned by the landmarks that are found in it,
        since these towers learn from aligned faces (our choice, the paper does not say).
        InputError where no region is near.
        """
        near = np.float32(regions).reshape(-1, 4)
        near = near[boxes_.iou(near, [box])[:, 0] > tasks.POSITIVE_IOU]
        if not len(near):
            raise InputError(
                f"box {list(box)}: no region has an IoU above {tasks.POSITIVE_IOU} with it"
            )
        faces = self.describe(image, self.look(image, near))
        means = {}
        for task in self.describer.model.tasks_of(stage=2):
            if task.kind == tasks.PROBABILITY:
                means[task.name] = float(np.mean([getattr(face, task.field) for face in faces]))
        return means

    def describe(self, image: np.ndarray, found: dict[str, np.ndarray]) -> list[Face]:
        """Run stage 2 on what stage 1 found in a picture."""
        return self.describe_many([image], [found])[0]

    def describe_many(self, images, found) -> list[list[Face]]:
        """Run stage 2 on what stage 1 found in each picture."""
        crops, size, eyes = [], self.describer.input_size, self.describer.eyes
        for image, one in zip(images, found):
            for points, visible in zip(one["landmarks"], one["visibility"]):
                crops.append(align.warp(image, points, size, visible, eyes))
        both = self.describer(crops + [align.mirror(crop) for crop in crops], stage=2)
        mean = {name: (out[: len(crops)] + out[len(crops) :]) / 2 for name, out in both.items()}
        place, result = 0, []
        for one in found:
            count = len(one["score"])
            part = {name: out[place : place + count] for name, out in mean.items()}
            result.append(answering.faces(one, part))
            place += count
        return result


def check_score(score: object) -> None:
    """Raise InputError where a least score is neither a number nor None."""
    if score is not None and not is_number(score):
        raise InputError(f"score {score!r}: must be a number")


def is_number(value: object) -> bool:
    """Tell whether a value is a finite number."""
    return isinstance(value, numbers.Real) and math.isfinite(value)


def verify(first: Face, second: Face) -> float:
    """Return the cosine similarity of two faces' descriptors, -1 to 1; higher is more alike."""
    return float(np.float64(first.unit_descriptor()) @ second.unit_descriptor())
