"""MaskedEuclidean: squared error of what is known (HyperFace, losses of landmarks, visibility and pose)."""

import json

import numpy as np

from allinone.pycaffe import caffe


class MaskedEuclidean(caffe.Layer):
    """Top: factor * sum(mask * (prediction - label)^2) / (rows with any mask above 0); 0 where there is none.

    Bottoms: prediction, label, mask, each (n, k). param_str: {"factor": 1/42 for landmarks, 1/21, 1/3}.
    """

    def setup(self, bottom, top):
        self.factor = float(json.loads(self.param_str)["factor"])

    def reshape(self, bottom, top):
        if not bottom[0].data.shape == bottom[1].data.shape == bottom[2].data.shape:
            raise ValueError("MaskedEuclidean: prediction, label and mask must have the same shape")
        top[0].reshape(1)

    def forward(self, bottom, top):
        mask = bottom[2].data
        rows = max(int((mask > 0).any(axis=1).sum()), 1)
        off = bottom[0].data - bottom[1].data
        self.gradient = (2 * self.factor / rows) * mask * off
        top[0].data[0] = self.factor / rows * float((mask * off.astype(np.float64) ** 2).sum())

    def backward(self, top, propagate_down, bottom):
        if propagate_down[0]:
            bottom[0].diff[...] = top[0].diff[0] * self.gradient
