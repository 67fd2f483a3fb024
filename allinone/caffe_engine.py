"""The reference engine: pycaffe, on the device that allinone.device.use has chosen."""

from __future__ import annotations

import tempfile
import threading

import numpy as np

from allinone import device
from allinone.nets import Net
from allinone.pycaffe import caffe
from allinone.weights_file import Weights


class CaffeEngine:
    """A deploy net in Caffe; see allinone.engines."""

    def __init__(self, net: Net, weights: Weights) -> None:
        """Make a net that has been checked, with its weights."""
        with tempfile.NamedTemporaryFile("w", suffix=".prototxt", encoding="utf-8") as stream:
            stream.write(net.text())
            stream.flush()
            self.net = caffe.Net(stream.name, caffe.TEST)
        for layer, arrays in weights.items():
            for blob, array in zip(self.net.params[layer], arrays):
                blob.data[...] = array
        self.layers = [layer.name for layer in net.layers]
        self.input = net.input
        self.order = {layer.top: place for place, layer in enumerate(net.layers)}
        self.lock = threading.Lock()  # the net keeps what a call is given and what it finds

    def run(self, batch: np.ndarray, outputs: list[str]) -> dict[str, np.ndarray]:
        """See allinone.engines."""
        last = max(self.order[output] for output in outputs)
        with self.lock:
            device.follow()
            self.net.blobs[self.input].reshape(*batch.shape)
            self.net.blobs[self.input].data[...] = batch
            self.net.forward(end=self.layers[last])
            return {output: self.net.blobs[output].data.copy() for output in outputs}
