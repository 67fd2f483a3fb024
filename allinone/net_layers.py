"""The layers that nets of a model's folder may have: their settings, and the shapes that they make.

They are those that the kit itself writes. A shape is that of one picture: (maps, rows, columns), or
(units,). Caffe aborts where a shape does not fit; here that is a ValueError.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple, Union

Shape = tuple[int, ...]
Settings = dict[str, Union[int, float, str]]

LARGE = 1 << 24  # more than any number of maps, units or pixels


class Made(NamedTuple):
    """What a layer makes of what it reads."""

    top: Shape
    parameters: list[Shape]
    scratch: int = 0  # further numbers that Caffe keeps for one picture


class Range(NamedTuple):
    """What a setting may be."""

    default: float | None  # None: it must be given
    least: float
    most: float = LARGE
    is_whole: bool = True


class Kind(NamedTuple):
    """A type of layers."""

    make: Callable[[Settings, list[Shape]], Made]
    field: str = ""  # of the message with its settings
    ranges: dict[str, Range] = {}
    in_place: bool = False


def fit(holds: bool, what: str) -> None:
    """Raise ValueError where something does not hold."""
    if not holds:
        raise ValueError(what)


def _one(shapes: list[Shape], maps: bool = False) -> Shape:
    fit(len(shapes) == 1, "reads not one blob")
    fit(not maps or len(shapes[0]) == 3, "reads no maps")
    return shapes[0]


def _convolution(settings, shapes):
    maps, *sides = _one(shapes, maps=True)
    size, kernel, group = (settings[name] for name in ("num_output", "kernel_size", "group"))
    fit(maps % group == 0 and size % group == 0, f"group {group} does not divide its maps")
    room = [side + 2 * settings["pad"] for side in sides]
    fit(min(room) >= kernel, f"kernel_size {kernel} is larger than the maps that it reads")
    rows, columns = ((side - kernel) // settings["stride"] + 1 for side in room)
    weights = size, maps // group, kernel, kernel
    return Made((size, rows, columns), [weights, (size,)], maps * kernel**2 * rows * columns)


def _pooling(settings, shapes):
    fit(settings["pool"] == "MAX", "pools otherwise than by MAX")
    maps, *sides = _one(shapes, maps=True)
    kernel, stride = settings["kernel_size"], settings["stride"]
    fit(kernel <= min(sides), f"kernel_size {kernel} is larger than the maps that it reads")
    fit(stride <= kernel, f"stride {stride} leaves out what lies between two kernels")
    rows, columns = (-(-(side - kernel) // stride) + 1 for side in sides)
    top = maps, rows, columns
    return Made(top, [], math.prod(top))  # which number was the largest


def _inner_product(settings, shapes):
    size = settings["num_output"]
    return Made((size,), [(size, math.prod(_one(shapes))), (size,)])


def _prelu(settings, shapes):
    return Made(_one(shapes), [shapes[0][:1]])


def _same(settings, shapes):
    return Made(_one(shapes), [])


def _norm(settings, shapes):
    fit(settings["local_size"] % 2 == 1, "local_size is even")
    top = _one(shapes, maps=True)
    return Made(top, [], 3 * math.prod(top))


def _concat(settings, shapes):
    fit(len({shape[1:] for shape in shapes}) == 1, "joins maps of different sizes")
    return Made((sum(shape[0] for shape in shapes), *shapes[0][1:]), [])


FILLERS, DRAWN = ("weight_filler", "bias_filler"), ("msra", "gaussian", "constant")
SIZE = Range(None, 1)
NUMBER = dict(least=-1e9, most=1e9, is_whole=False)
KINDS = {
    "Convolution": Kind(
        _convolution,
        "convolution_param",
        dict(
            num_output=SIZE,
            kernel_size=SIZE,
            stride=Range(1, 1),
            pad=Range(0, 0),
            group=Range(1, 1),
        ),
    ),
    "Pooling": Kind(_pooling, "pooling_param", dict(kernel_size=SIZE, stride=Range(1, 1))),
    "InnerProduct": Kind(_inner_product, "inner_product_param", dict(num_output=SIZE)),
    "PReLU": Kind(_prelu, in_place=True),
    "ReLU": Kind(_same, in_place=True),
    "LRN": Kind(
        _norm,
        "lrn_param",
        dict(local_size=Range(5, 1, 99), alpha=Range(1, **NUMBER), beta=Range(0.75, **NUMBER)),
    ),
    "Concat": Kind(_concat),
    "Softmax": Kind(_same),
    "Power": Kind(_same, "power_param", dict(scale=Range(1, **NUMBER), shift=Range(0, **NUMBER))),
}


def settings_of(kind: Kind, message: dict[str, list]) -> Settings:
    """Return the settings of a layer of its message; ValueError where one is none of the kit's.

    How weights were drawn is no setting of a net that has them.
    """
    found: Settings = {name: rule.default for name, rule in kind.ranges.items()}
    for name, values in message.items():
        fit(len(values) == 1, f"{name} is given {len(values)} times")
        value, rule = values[0], kind.ranges.get(name)
        if name in FILLERS:
            drawn = value.get("type") if isinstance(value, dict) else None
            fit(drawn and drawn[0] in DRAWN, f"{name} is none of the kit's")
            continue
        if name == "pool":
            found[name] = value
            continue
        fit(rule is not None, f"the setting {name} is none of the kit's")
        is_number = isinstance(value, int) or not rule.is_whole and isinstance(value, float)
        fit(is_number and rule.least <= value <= rule.most, f"{name} {value!r} is out of range")
        found[name] = value
    if kind.make is _pooling:
        found.setdefault("pool", "MAX")
    for name, value in found.items():
        fit(value is not None, f"{name} is missing")
    return found
