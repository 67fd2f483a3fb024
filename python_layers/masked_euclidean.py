"""MaskedEuclidean: squared error of what is known, of landmarks, visibility, pose (HyperFace)."""

import json

import numpy as np

from allinone.pycaffe import caffe


class MaskedEuclidean(caffe.Layer):
    """Top: factor * sum(mask * (prediction - label)^2) / (rows with any mask above 0), or 0.

    Bottoms: prediction, label, mask, each (n, k). param_str: {"factor": 1/42 for landmarks, 1/21
    for visibility, 1/3 for pose}.
    """

    def setup(self, bottom, top):
        """Read the settings."""
        self.factor = float(json.loads(self.param_str)["factor"])

    def reshape(self, bottom, top):
        """Set the top's shape."""
        if not bottom[0].data.shape == bottom[1].data.shape == bottom[2].data.shape:
            raise ValueError("MaskedEuclidean: prediction, label and mask must have the same shape")
        top[0].reshape(1)

    def forward(self, bottom, top):
        """Compute the loss, and keep the gradient."""
        mask = bottom[2].data
        rows = max(int((mask > 0).any(axis=1).sum()), 1)
        off = bottom[0].data - bottom[1].data
        self.gradient = (2 * self.factor / rows) * mask * off
        top[0].data[0] = self.factor / rows * float((mask * off.astype(np.float64) ** 2).sum())

    def backward(self, top, propagate_down, bottom):
        """Write the gradient by the prediction."""
        if propagate_down[0]:
            bottom[0].diff[...] = top[0].diff[0] * self.gradient
