"""AgeLoss: the mixed Gaussian and Euclidean loss of the age tower (eq. 6)."""

import json

import numpy as np

from allinone.pycaffe import caffe
from allinone.tasks import AGE_GAUSSIAN_WEIGHT, AGE_SIGMA
from python_layers.counted import add_counter, count


def age_loss(predicted, age, sigma, gaussian, weight=AGE_GAUSSIAN_WEIGHT):
    """Return loss and gradient of each sample (eq. 6).

    L = (1 - lambda) / 2 (y - a)^2 + lambda w (1 - exp(-(y - a)^2 / (2 sigma^2))); `gaussian` is
    lambda, `weight` w, which is 1 in the paper; predicted, age, sigma: (n,) years. A sigma of 0 or
    less means "not given" and becomes AGE_SIGMA. A sample whose age is below 0 or NaN is ignored:
    loss 0, gradient 0.
    """
    known = age >= 0
    off = np.where(known, predicted - age, 0)
    variance = np.where(sigma > 0, sigma, AGE_SIGMA) ** 2
    bell, share = np.exp(-(off**2) / (2 * variance)), gaussian * weight
    loss = (1 - gaussian) * off**2 / 2 + share * np.where(known, 1 - bell, 0)
    return loss, (1 - gaussian) * off + share * bell * off / variance


def gaussian_share(iteration, switch, ramp=0):
    """Return lambda of eq. 6: 0 before iteration `switch`, then 1.

    With a ramp it rises evenly to 1 over that many iterations.
    """
    return float(np.clip((iteration - switch + 1) / max(ramp, 1), 0, 1))


class AgeLoss(caffe.Layer):
    """Bottoms: age (n, 1), label (n,), sigma (n,), in years. Top: mean loss of labelled samples.

    param_str: {"switch": iteration at which lambda goes from 0 to 1, "ramp": iterations that this
    takes (0: at once), "iter_size": the solver's, since the layer counts forward passes, "weight":
    of the Gaussian term}.
    """

    def setup(self, bottom, top):
        """Read the settings."""
        settings = json.loads(self.param_str)
        self.switch = int(settings.get("switch", 0))
        self.ramp = int(settings.get("ramp", 0))
        self.iter_size = int(settings.get("iter_size", 1))
        self.weight = float(settings.get("weight", AGE_GAUSSIAN_WEIGHT))
        if self.iter_size < 1 or self.ramp < 0 or not self.weight > 0:
            raise ValueError("AgeLoss: iter_size must be 1 or more, ramp 0 or more, weight above 0")
        add_counter(self)

    def reshape(self, bottom, top):
        """Set the top's shape."""
        if bottom[0].count != bottom[1].count or bottom[1].count != bottom[2].count:
            raise ValueError("AgeLoss: age, label and sigma must hold one number a sample each")
        top[0].reshape(1)

    def forward(self, bottom, top):
        """Compute the mean loss, and keep the gradient."""
        gaussian = gaussian_share(count(self) // self.iter_size, self.switch, self.ramp)
        predicted, age, sigma = [bottom[i].data.reshape(-1).astype(np.float64) for i in range(3)]
        loss, gradient = age_loss(predicted, age, sigma, gaussian, self.weight)
        used = max(int((age >= 0).sum()), 1)
        self.gradient = gradient / used
        top[0].data[0] = loss.sum() / used

    def backward(self, top, propagate_down, bottom):
        """Write the gradient by the age."""
        if propagate_down[0]:
            bottom[0].diff[...] = (top[0].diff[0] * self.gradient).reshape(bottom[0].data.shape)
