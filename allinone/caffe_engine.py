"""The reference engine: pycaffe, on the device that allinone.device.use has chosen."""

from __future__ import annotations

import threading

import numpy as np

from allinone import device, surgery
from allinone.model import Model


class CaffeEngine:
    """A deploy net in Caffe; see allinone.engines."""

    def __init__(self, model: Model, names: tuple[str, str]) -> None:
        """Read the net and its weights; InputError where they do not fit."""
        self.net, definition = surgery.load_net(*(model.path(name) for name in names))
        self.layers = [layer.name for layer in definition.layer]
        self.input = self.net.inputs[0]
        self.lock = threading.Lock()  # the net keeps what a call is given and what it finds
        self.order = {}  # {blob: place of the last layer that writes it}
        for place, layer in enumerate(definition.layer):
            self.order.update(dict.fromkeys(layer.top, place))

    def run(self, batch: np.ndarray, outputs: list[str]) -> dict[str, np.ndarray]:
        """See allinone.engines."""
        last = max(self.order[output] for output in outputs)
        with self.lock:
            device.follow()
            self.net.blobs[self.input].reshape(*batch.shape)
            self.net.blobs[self.input].data[...] = batch
            self.net.forward(end=self.layers[last])
            return {output: self.net.blobs[output].data.copy() for output in outputs}
