"""The deploy net as one function: images in, named arrays out, stage by stage."""
import os

import numpy as np

from allinone import surgery, tasks
from allinone.blob import to_blob
from allinone.errors import InputError
from allinone.snapshots import FUSED


class CaffeBackend:
    """A fused model in pycaffe, or the net of one tower that has stage 1 (det, hyperface), whose blobs carry the tower's name."""

    def __init__(self, model_dir, batch=64):
        self.path, weights = [os.path.join(model_dir, name) for name in FUSED]
        self.net, definition = surgery.load_net(self.path, weights)
        self.batch, self.input = batch, self.net.inputs[0]
        self.input_size = self.net.blobs[self.input].shape[2]
        prefix = self.input[:self.input.rfind("/") + 1]
        self.outputs = {stage: {task.output: prefix + task.output for task in tasks.TASKS if task.stage == stage} for stage in (1, 2)}
        self._check(1)
        self.stage_one_end = [layer.name for layer in definition.layer if set(self.outputs[1].values()) & set(layer.top)][-1]

    def _check(self, stage):
        missing = [blob for blob in self.outputs[stage].values() if blob not in self.net.blobs]
        if missing:
            raise InputError(f"{self.path}: no output '{missing[0]}', which stage {stage} needs; give the folder of a fused model (make fuse)")

    def __call__(self, images, stage):
        """Return {output: (n, size) array} of the outputs of a stage for BGR uint8 images (n, side, side, 3).

        Stage 1 computes no layer that only stage 2 needs. InputError where the net has no stage 2.
        """
        self._check(stage)
        parts = {task.output: [np.empty((0, task.size), np.float32)] for task in tasks.TASKS if task.stage == stage}
        for start in range(0, len(images), self.batch):
            blob = to_blob(images[start:start + self.batch])
            self.net.blobs[self.input].reshape(*blob.shape)
            self.net.blobs[self.input].data[...] = blob
            self.net.forward(end=self.stage_one_end if stage == 1 else None)
            for output, part in parts.items():
                part.append(self.net.blobs[self.outputs[stage][output]].data.reshape(len(blob), -1).copy())
        return {output: np.concatenate(part) for output, part in parts.items()}
