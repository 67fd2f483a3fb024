"""TeacherLoss: how far faces stand from each other as another net, the teacher, has it."""

import numpy as np

from allinone.pycaffe import caffe

LEAST = 1e-8  # length below which a deviation has no direction


def deviations(rows):
    """Return (directions (n, k) of rows from their mean, lengths (n, 1)); no length: direction 0.

    rows: (n, k).
    """
    off = np.asarray(rows, np.float64)
    off = off - off.mean(axis=0)
    lengths = np.maximum(np.linalg.norm(off, axis=1, keepdims=True), LEAST)
    return off / lengths, lengths


def teacher_loss(predicted, known):
    """Return loss and its gradient by the prediction (n, k), of descriptors (n, k) that are known.

    The loss is the mean of 1 - cos, where cos is that of the angle between the two deviations from
    their means over the mini-batch: 0 where all deviate alike, 1 by chance, 2 at most. Neither the
    scales nor the means of the two matter, nor how long the descriptors are.
    """
    direction, lengths = deviations(predicted)
    wanted, _ = deviations(known)
    cosines = (direction * wanted).sum(axis=1, keepdims=True)
    gradient = (cosines * direction - wanted) / lengths / len(wanted)
    return float((1 - cosines).mean()), gradient - gradient.mean(axis=0)


class TeacherLoss(caffe.Layer):
    """Top: the loss of `teacher_loss`. Bottoms: prediction and descriptor, both (n, k)."""

    def setup(self, bottom, top):
        """Do nothing: there are no settings."""

    def reshape(self, bottom, top):
        """Set the top's shape."""
        if bottom[0].data.shape != bottom[1].data.shape or len(bottom[0].data) < 2:
            raise ValueError(
                "TeacherLoss: prediction and descriptor must have the same shape, of two faces at "
                "least"
            )
        top[0].reshape(1)

    def forward(self, bottom, top):
        """Compute the loss, and keep the gradient."""
        top[0].data[0], self.gradient = teacher_loss(bottom[0].data, bottom[1].data)

    def backward(self, top, propagate_down, bottom):
        """Write the gradient by the prediction."""
        if propagate_down[0]:
            bottom[0].diff[...] = top[0].diff[0] * self.gradient
