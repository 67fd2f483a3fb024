"""A model as one function: images in, named arrays out, stage by stage, on any of the engines."""

from __future__ import annotations

import os
import threading

import numpy as np

from allinone import engines
from allinone.blob import to_blob
from allinone.checked import TOGETHER
from allinone.errors import InputError
from allinone.model import DENSE, FUSED, PROPOSAL, SCREEN, open_model

LARGEST = 1e9  # our choice: no answer is near it, and what is computed from it has no overflow


class Backend:
    """A fused model, or the net of one tower."""

    def __init__(
        self,
        folder: str | os.PathLike | None = None,
        engine: str = engines.CAFFE,
        gpu: str = "",
        batch: int = 16,
        stage: int = 1,
    ) -> None:
        """Open the model of a folder, default the one that comes with the kit.

        engine: one of allinone.engines.ENGINES; gpu: number as text, "" for the CPU; batch: images
        that go through the net together; stage: what the net must have. InputError where the model
        or the engine is unfit.
        """
        self.model = open_model(folder)
        self.engine, self.gpu, self.batch = engine, gpu, batch
        self.model.outputs(stage)
        self.net = engines.make(engine, self.model, FUSED, gpu)
        self.searching = {}  # {names of a net that searches: its engine}
        self.lock = threading.Lock()

    @property
    def folder(self) -> str:
        """Return the model's folder."""
        return self.model.folder

    @property
    def input_size(self) -> int:
        """Return the side of an image that the net takes."""
        return self.model.input_size

    @property
    def eyes(self) -> float:
        """Return how far apart eye centres of the aligned faces that it takes are, as a share."""
        return self.model.eyes

    def __call__(self, images: list[np.ndarray], stage: int) -> dict[str, np.ndarray]:
        """Return {output: (n, size) array} of a stage for BGR uint8 images (n, side, side, 3).

        Stage 1 computes no layer that only stage 2 needs. InputError where the net has not that
        stage, or gives what is no answer.
        """
        blobs = self.model.outputs(stage)
        parts = {}
        for task in self.model.tasks_of(stage):
            parts[task.output] = [np.empty((0, task.size), np.float32)]
        for start in range(0, len(images), self.batch):
            batch = to_blob(images[start : start + self.batch])
            found = self.net.run(batch, list(blobs.values()))
            for output, part in parts.items():
                self._refuse_no_answers(output, found[blobs[output]])
                part.append(found[blobs[output]].reshape(len(batch), -1))
        return {output: np.concatenate(part) for output, part in parts.items()}

    def _refuse_no_answers(self, output: str, values: np.ndarray) -> None:
        """Raise InputError where weights, each a number, lead to what is none."""
        if (np.abs(values) <= LARGEST).all():  # NaN is not
            return
        why = "its weights are damaged; get the model again, or train again with a lower base_lr"
        if self.engine == engines.ONNX_FP16:
            why = f"it may need numbers beyond half precision's 65504; use engine {engines.ONNX}"
        raise InputError(f"{self.folder}: '{output}' is NaN, infinite or beyond {LARGEST:g}: {why}")

    def open(self, names):
        """Return a net that searches, DENSE, PROPOSAL or SCREEN; InputError as for a model.

        The first call makes it.
        """
        with self.lock:
            if names not in self.searching:
                self.searching[names] = engines.make(self.engine, self.model, names, self.gpu)
            return self.searching[names]

    def scores(self, image: np.ndarray) -> np.ndarray:
        """Return the detection scores (rows, columns) of the windows of a BGR uint8 image.

        By the fully convolutional net: windows of input_size pixels, DENSE_STRIDE apart; the
        image's sides must be input_size + n * DENSE_STRIDE.
        """
        found = self.open(DENSE).run(to_blob([image]), ["detection"])["detection"]
        self._refuse_no_answers("detection", found)
        return found[0, 1]

    def faces_and_offsets(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return what the proposal net says of the windows of a BGR uint8 image.

        Scores (rows, columns) and offsets (rows, columns, 4), see allinone.windows; the image's
        sides must be SIDE + n * STRIDE.
        """
        found = self.open(PROPOSAL).run(to_blob([image]), ["face", "offsets"])
        for output, values in found.items():
            self._refuse_no_answers(output, values)
        return found["face"][0, 1], found["offsets"][0].transpose(1, 2, 0)

    @property
    def screens(self) -> bool:
        """Tell whether the model has a screening net."""
        return self.model.has(SCREEN[1])

    def look_closer(self, images: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """Return what the screening net says of windows, BGR uint8 images (n, CLOSE, CLOSE, 3).

        Scores (n,) and offsets (n, 4), see allinone.windows.
        """
        net, parts = self.open(SCREEN), dict(face=[], offsets=[])
        for start in range(0, len(images), TOGETHER):
            found = net.run(to_blob(images[start : start + TOGETHER]), list(parts))
            for output, values in found.items():
                self._refuse_no_answers(output, values)
                parts[output].append(values)
        faces, offsets = (np.concatenate(part) for part in parts.values())
        return faces[:, 1], offsets
