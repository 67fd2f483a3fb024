"""The deploy net as one function: images in, named arrays out, stage by stage."""
import os

import numpy as np

from allinone import surgery, tasks
from allinone.blob import to_blob
from allinone.errors import InputError
from allinone.snapshots import FUSED


class CaffeBackend:
    """A fused model in pycaffe."""

    def __init__(self, model_dir, batch=64):
        path, weights = [os.path.join(model_dir, name) for name in FUSED]
        self.net, definition = surgery.load_net(path, weights)
        self.batch = batch
        self.input_size = self.net.blobs["data"].shape[2]
        missing = [task.output for task in tasks.TASKS if task.output not in self.net.blobs]
        if missing:
            raise InputError(f"{path}: no output '{missing[0]}'; it is not a fused model of this kit")
        outputs = {task.output for task in tasks.TASKS if task.stage == 1}
        self.stage_one_end = [layer.name for layer in definition.layer if outputs & set(layer.top)][-1]

    def __call__(self, images, stage):
        """Return {output blob: (n, size) array} of the outputs of a stage for BGR uint8 images (n, side, side, 3).

        Stage 1 computes no layer that only stage 2 needs.
        """
        wanted = [task for task in tasks.TASKS if task.stage == stage]
        parts = {task.output: [np.empty((0, task.size), np.float32)] for task in wanted}
        for start in range(0, len(images), self.batch):
            blob = to_blob(images[start:start + self.batch])
            self.net.blobs["data"].reshape(*blob.shape)
            self.net.blobs["data"].data[...] = blob
            self.net.forward(end=self.stage_one_end if stage == 1 else None)
            for output, part in parts.items():
                part.append(self.net.blobs[output].data.reshape(len(blob), -1).copy())
        return {output: np.concatenate(part) for output, part in parts.items()}
