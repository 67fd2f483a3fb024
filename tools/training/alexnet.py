"""AlexNet's convolutions as HyperFace's start (section I: HyperFace starts from AlexNet).

The files are those that Caffe's authors publish: bvlc_reference_caffenet.caffemodel, whose layers
HyperFace has one by one, and bvlc_alexnet.caffemodel, which normalizes before it pools.

Caffe's nets read grey levels less a mean; ours divides these by 58 (allinone.blob.SCALE). Weights
of conv1 that are 58 times larger would make up for it and give AlexNet's own maps, with values in
the tens; but the layers that start anew expect values near 1. So all maps are AlexNet's divided by
58: weights stay, biases are divided by 58, and normalization, which alone does not pass a factor on
as convolution, ReLU and pooling do, has its alpha times 58^2 (prototxt.hyperface.NORM_ALPHA). That
is the same net.
"""

from __future__ import annotations

import numpy as np

from allinone import surgery
from allinone.blob import SCALE
from allinone.errors import InputError
from allinone.tasks import HYPERFACE

LAYERS = tuple(f"conv{number}" for number in range(1, 6))
FILES = "bvlc_reference_caffenet.caffemodel or bvlc_alexnet.caffemodel"


def convolutions(path: str) -> dict[str, list[np.ndarray]]:
    """Return {layer name: arrays} of LAYERS of a caffemodel, also in Caffe's format of 2014.

    InputError where it is missing, cut off or not one.
    """
    weights = surgery.parse_weights(path, f"give the path of {FILES}", "download it again")
    found = {}
    for layer in (*weights.layer, *weights.layers):
        if layer.name in LAYERS:
            found[layer.name] = [surgery.array_of(blob, layer.name, path) for blob in layer.blobs]
    return found


def parameters(path: str) -> surgery.Parameters:
    """Return {parameter name of the baseline: array} of AlexNet's five convolutions.

    The file is recognised by its layers' names; fully connected ones are left, as in HyperFace.
    InputError where it is another net's.
    """
    stored = convolutions(path)
    missing = [name for name in LAYERS if len(stored.get(name, ())) != 2]
    if missing:
        raise InputError(
            f"{path}: neither a snapshot of the kit with its net beside it nor AlexNet, since it "
            f"has no weights and biases of {', '.join(missing)}; give a run, a model or {FILES}"
        )
    found = {}
    for name in LAYERS:
        weights, biases = stored[name]
        found[f"{HYPERFACE}/{name}/w"] = weights
        found[f"{HYPERFACE}/{name}/b"] = biases.reshape(-1) * np.float32(SCALE)
    return found
