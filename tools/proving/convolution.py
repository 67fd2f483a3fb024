"""Time of a training net's convolutions: what another way to convolve could save at most."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Sequence

from allinone.pycaffe import caffe
from tools.caffe_build import build
from tools.proving.job import Found
from tools.timing.clock import median_seconds

ROUNDS = 5  # passes over all convolutions that are timed


def measure(found: Found, net, iteration: float, on_gpu: bool) -> None:
    """Add a row of what the convolutions of a net take of an iteration of so many seconds."""
    places = [place for place, layer in enumerate(net.layers) if layer.type == "Convolution"]
    forward = seconds(net._forward, places)
    backward = seconds(net._backward, places[::-1])
    flops = sum(flops_of(net, place) for place in places)
    cudnn = on_gpu and build.about(os.path.dirname(caffe.__file__)).get("cudnn", False)
    report(found, forward, backward, iteration, flops, "cuDNN" if cudnn else "lowering")


def seconds(step: Callable[[int, int], None], places: Sequence[int]) -> float:
    """Return the median seconds of a pass over some layers of a net, each by itself."""
    return median_seconds(functools.partial(run_each, step, places), ROUNDS)


def run_each(step: Callable[[int, int], None], places: Sequence[int]) -> float:
    """Run layers, and wait until the device has done them; return Caffe's own time, ms."""
    timer = caffe.Timer()
    timer.start()
    for place in places:
        step(place, place)
    timer.stop()
    return timer.ms  # a call for a GPU returns before it is done; this one waits


def flops_of(net, place: int) -> int:
    """Return the FLOPs of a convolution's forward pass; a multiplication and addition are two."""
    (top,) = net.top_names[net._layer_names[place]]
    pictures, _, height, width = net.blobs[top].shape
    return 2 * net.layers[place].blobs[0].count * pictures * height * width


def report(
    found: Found, forward: float, backward: float, iteration: float, flops: int, way: str
) -> None:
    """Add the row; times in seconds, FLOPs of the forward pass."""
    share, speed = (forward + backward) / iteration, flops / forward
    beside = f"forward {forward * 1e3:.1f} ms, {speed / 1e12:.3g} TFLOP/s; by {way}"
    found.add("convolution", f"{share:.0%} of an iteration without data layers", beside)
    found.figures["convolution"] = dict(
        seconds_forward=forward,
        seconds_backward=backward,
        share_of_iteration=share,
        flops_a_second=speed,
        way=way,
    )
