"""The nets and weights of a model, checked as one thing before an engine gets them."""

from __future__ import annotations

import math

from allinone import nets, weights_file, windows
from allinone.errors import InputError
from allinone.model import ABOUT, DENSE, PROPOSAL, SCREEN, Model
from allinone.nets import Net
from allinone.tasks import PROPOSAL_TASKS, TASKS
from allinone.weights_file import Weights

TOGETHER = 64  # pictures that go through a net at once, at most
# Of the fully convolutional net: pixels between its windows (conv1, pool1, pool2 and the fusion's
# last step), and, our choice, the windows a side of the largest piece of a picture.
DENSE_STRIDE, TILE = 32, 24
PROPOSAL_TILE = 256  # our choice: the same of the proposal net, whose stride is windows.STRIDE


def open_net(model: Model, names: tuple[str, str]) -> tuple[Net, Weights]:
    """Return the net of a model, of allinone.model.NETS, with its weights.

    InputError where they do not fit each other or model.json, have anything that the kit does not
    write, or would need more memory than a net may have.
    """
    net = nets.read(model.path(names[0]))
    weights = weights_file.check(model.path(names[1]), net)
    if names in (PROPOSAL, SCREEN):
        _check_windows(net, windows.SIDE if names == PROPOSAL else windows.CLOSE)
        return net, weights
    if net.shape[1] != model.input_size:
        raise InputError(
            f"{net.path}: takes pictures of {net.shape[1]} pixels, {ABOUT} beside it says "
            f"{model.input_size}; fuse again"
        )
    if names == DENSE:
        largest = net.shape[1] + (TILE - 1) * DENSE_STRIDE
        net.refuse_large(1, largest)
        _check_outputs(net, {"detection": "detection"}, largest, (TILE, TILE))
    else:
        net.refuse_large(TOGETHER)
        for blobs in model.about.stages.values():
            _check_outputs(net, blobs)
    return net, weights


def _check_windows(net: Net, side: int) -> None:
    """Raise InputError where a net does not look at windows of `side` pixels."""
    if net.shape[1] != side:
        raise InputError(
            f"{net.path}: takes pictures of {net.shape[1]} pixels, its windows have {side}; fuse "
            "again"
        )
    blobs = {task.output: task.output for task in PROPOSAL_TASKS}
    if side == windows.CLOSE:
        net.refuse_large(TOGETHER)
        _check_outputs(net, blobs)
        return
    largest = windows.SIDE + (PROPOSAL_TILE - 1) * windows.STRIDE
    net.refuse_large(1, largest)
    _check_outputs(net, blobs, largest, (PROPOSAL_TILE, PROPOSAL_TILE))


def _check_outputs(
    net: Net, blobs: dict[str, str], side: int | None = None, maps: tuple[int, ...] = ()
) -> None:
    """Raise InputError where a net has not the blobs {output of a task: blob}.

    side: of a picture, default the net's own; maps: (rows, columns) of the answers, () for one.
    """
    sizes = {task.output: task.size for task in (*TASKS, *PROPOSAL_TASKS)}
    shapes = net.shapes(side).blobs
    for output in (one for one in blobs if one in sizes):
        shape = shapes.get(blobs[output])  # () is the shape of a single number
        wanted = sizes[output] * math.prod(maps)
        if shape is None or math.prod(shape) != wanted or (maps and shape[1:] != maps):
            raise InputError(
                f"{net.path}: gives no '{blobs[output]}' of {sizes[output]} numbers, the answer "
                f"'{output}'; fuse again"
            )
