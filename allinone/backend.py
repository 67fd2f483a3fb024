"""The deploy net as one function: images in, named arrays out, stage by stage, on any of the engines."""
import os

import numpy as np

from allinone import files, surgery, tasks
from allinone.blob import to_blob
from allinone.engines import ENGINES
from allinone.errors import InputError
from allinone.snapshots import DENSE, FUSED, PROVENANCE


class Backend:
    """A fused model, or the net of one tower that has stage 1 (det, hyperface), whose blobs carry the tower's name.

    engine: one of ENGINES; gpu: number as text, "" for the CPU; batch: images that go through the net together.
    """

    def __init__(self, model_dir, engine="caffe", gpu="", batch=16):
        if engine not in ENGINES:
            raise InputError(f"engine '{engine}': there are {', '.join(ENGINES)}")
        self.folder, self.engine, self.gpu, self.batch = model_dir, engine, gpu, batch
        self.path = os.path.join(model_dir, FUSED[0])
        definition = surgery.read_net(self.path)
        self.input = definition.layer[0].top[0]
        self.input_size = definition.layer[0].input_param.shape[0].dim[2]
        prefix = self.input[:self.input.rfind("/") + 1]
        self.outputs = {stage: {task.output: prefix + task.output for task in tasks.TASKS if task.stage == stage} for stage in (1, 2)}
        self.blobs = {top for layer in definition.layer for top in layer.top}
        self._check(1)
        self.told = provenance(model_dir)
        self.net, self.dense_net = ENGINES[engine](model_dir, FUSED, gpu), None

    def _check(self, stage):
        missing = [blob for blob in self.outputs[stage].values() if blob not in self.blobs]
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
            found = self.net.run(blob, list(self.outputs[stage].values()))
            for output, part in parts.items():
                part.append(found[self.outputs[stage][output]].reshape(len(blob), -1))
        return {output: np.concatenate(part) for output, part in parts.items()}

    def scores(self, image):
        """Return the detection score (rows, columns) of the windows of input_size pixels, DENSE_STRIDE apart, of a BGR uint8 image.

        By the fully convolutional net; the image's sides must be input_size + n * DENSE_STRIDE.
        """
        if self.dense_net is None:
            self.dense_net = ENGINES[self.engine](self.folder, DENSE, self.gpu)
        return self.dense_net.run(to_blob([image]), ["detection"])["detection"][0, 1]


def provenance(folder):
    """Return what a model's provenance.json holds, {} where there is none; InputError where the model's files are not those that it was written with."""
    path = os.path.join(folder, PROVENANCE)
    if not os.path.isfile(path):
        return {}
    told = files.read_json(path, "fuse again, or get the model again")
    for name, key in zip(FUSED, ("deploy_sha256", "model_sha256")):
        file = os.path.join(folder, name)
        if key in told and os.path.isfile(file) and files.sha256(file) != told[key]:
            raise InputError(f"{file}: is not the file that {PROVENANCE} beside it was written with (its sha256 differs): damaged or changed; get it again, or fuse again")
    return told


DENSE_STRIDE = 32        # pixels between the windows of the fully convolutional net: conv1, pool1, pool2 and the fusion's last step
