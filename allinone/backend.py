"""A model as one function: images in, named arrays out, stage by stage, on any of the engines."""

from __future__ import annotations

import threading

import numpy as np

from allinone import engines
from allinone.blob import to_blob
from allinone.errors import InputError
from allinone.model import DENSE, FUSED, open_model

LARGEST = 1e9  # our choice: no answer is near it, and what is computed from it has no overflow


class Backend:
    """A fused model, or the net of one tower."""

    def __init__(
        self,
        folder: str | None = None,
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
        self.dense_net = None
        self.lock = threading.Lock()

    @property
    def folder(self) -> str:
        """Return the model's folder."""
        return self.model.folder

    @property
    def input_size(self) -> int:
        """Return the side of an image that the net takes."""
        return self.model.input_size

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

    def open_dense(self):
        """Return the fully convolutional net, made by the first call; InputError as for a model."""
        with self.lock:
            if self.dense_net is None:
                self.dense_net = engines.make(self.engine, self.model, DENSE, self.gpu)
            return self.dense_net

    def scores(self, image: np.ndarray) -> np.ndarray:
        """Return the detection scores (rows, columns) of the windows of a BGR uint8 image.

        By the fully convolutional net: windows of input_size pixels, DENSE_STRIDE apart; the
        image's sides must be input_size + n * DENSE_STRIDE.
        """
        found = self.open_dense().run(to_blob([image]), ["detection"])["detection"]
        self._refuse_no_answers("detection", found)
        return found[0, 1]
