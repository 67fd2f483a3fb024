"""Small Caffe nets from text, and a numeric gradient of their loss."""

import os
import tempfile

import numpy as np

from allinone.pycaffe import caffe

SOLVER = (
    'net: "{net}" base_lr: 0.1 lr_policy: "fixed" momentum: 0.9 max_iter: 100 display: 0 '
    'snapshot_prefix: "{prefix}" random_seed: 1 '
)


def net(text, phase=caffe.TRAIN):
    """Return a caffe.Net of a prototxt's text."""
    with tempfile.NamedTemporaryFile("w", suffix=".prototxt") as stream:
        stream.write(text)
        stream.flush()
        return caffe.Net(stream.name, phase)


def solver(text, folder, more=""):
    """Return an SGD solver (momentum 0.9) for a prototxt's text, with its files in a folder.

    more: further settings.
    """
    net_path, path = [os.path.join(str(folder), name) for name in ("net.prototxt", "solver")]
    settings = SOLVER.format(net=net_path, prefix=os.path.join(str(folder), "snap")) + more
    for place, content in ((net_path, text), (path, settings)):
        with open(place, "w", encoding="utf-8") as stream:
            stream.write(content)
    return caffe.SGDSolver(path)


def inputs(**shapes):
    """Return the text of Input layers: inputs(x=(4, 2), label=(4,))."""
    layers = []
    for name, shape in shapes.items():
        dims = " ".join(f"dim: {size}" for size in shape)
        layers.append(
            f'layer {{ name: "{name}" type: "Input" top: "{name}" '
            f"input_param {{ shape {{ {dims} }} }} }}\n"
        )
    return "".join(layers)


def numeric_gradient(loss_of, array, step):
    """Return the central-difference gradient of `loss_of()` by every entry of its array."""
    gradient = np.zeros(array.shape)
    for index in np.ndindex(*array.shape):
        kept = array[index]
        array[index] = kept + step
        above = loss_of()
        array[index] = kept - step
        gradient[index] = (above - loss_of()) / (2 * step)
        array[index] = kept
    return gradient
