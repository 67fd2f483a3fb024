"""The nets of a model's folder, read and checked before an engine sees them.

Caffe aborts the process at a net that is not as it should be, loads any Python module that one
names, and takes all memory that one asks for. So a net has only layers that the kit writes, its
shapes are computed here, and memory beyond MOST_MEMORY is refused. No Caffe is needed.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from allinone import net_text
from allinone.errors import InputError
from allinone.model import AGAIN
from allinone.net_layers import KINDS, Settings, Shape, fit, settings_of

GIB = 1 << 30
MOST_MEMORY = 4 * GIB  # our choice: bytes; the paper's net needs 0.9 with 64 pictures at once
NUMBER = 4  # bytes
NAME = re.compile(r"[A-Za-z0-9_][\w/.-]{0,99}")
IN_LAYER = ("name", "type", "bottom", "top", "param")
IN_PARAMETER = ("name", "lr_mult", "decay_mult")  # the last two count in training alone


@dataclass(frozen=True)
class Layer:
    """A layer that reads blobs and writes one."""

    name: str
    type: str
    bottoms: tuple[str, ...]
    top: str
    parameters: tuple[str, ...]  # their names
    settings: Settings


@dataclass(frozen=True)
class Shapes:
    """What a net needs for pictures of one size."""

    blobs: dict[str, Shape]  # of one picture
    parameters: dict[str, list[Shape]]  # of each layer that has some
    weights: int  # numbers
    picture: int  # numbers of all blobs for one picture
    scratch: int  # further numbers, whatever the number of pictures

    def memory(self, pictures: int) -> int:
        """Return the bytes that the net needs for some pictures at once."""
        return NUMBER * (self.weights + pictures * self.picture + self.scratch)


@dataclass(frozen=True)
class Net:
    """A net whose layers are all known."""

    path: str
    name: str
    input: str  # the blob of the pictures
    shape: tuple[int, int, int]  # of one picture: maps, rows, columns
    layers: tuple[Layer, ...]

    def outputs(self) -> list[str]:
        """Return the blobs that no layer reads but in place, sorted."""
        read = {blob for layer in self.layers for blob in layer.bottoms if blob != layer.top}
        return sorted({layer.top for layer in self.layers} - read)

    def shapes(self, side: int | None = None) -> Shapes:
        """Return the shapes for pictures of `side` pixels, default its own.

        InputError where a layer does not fit what it reads, or where memory for one picture would
        be more than MOST_MEMORY.
        """
        blobs = {self.input: (self.shape[0], side, side) if side else self.shape}
        parameters, picture, weights, scratch = {}, math.prod(blobs[self.input]), 0, 0
        for layer in self.layers:
            try:
                made = KINDS[layer.type].make(
                    layer.settings, [blobs[blob] for blob in layer.bottoms]
                )
                fit(len(made.parameters) == len(layer.parameters), "has not the usual parameters")
                weights += sum(map(math.prod, made.parameters))
                picture, scratch = picture + math.prod(made.top), scratch + made.scratch
                self._refuse_large(NUMBER * (weights + picture + scratch), 1)
            except ValueError as error:
                raise InputError(_broken(self.path, f"layer '{layer.name}' {error}")) from None
            blobs[layer.top] = made.top
            if made.parameters:
                parameters[layer.name] = made.parameters
        return Shapes(blobs, parameters, weights, picture, scratch)

    def refuse_large(self, pictures: int, side: int | None = None) -> None:
        """Raise InputError where pictures at once need more than MOST_MEMORY."""
        self._refuse_large(self.shapes(side).memory(pictures), pictures)

    def _refuse_large(self, needed, pictures):
        if needed > MOST_MEMORY:
            raise InputError(
                f"{self.path}: needs {needed / GIB:.1f} GiB of memory for {pictures} pictures, "
                f"more than the {MOST_MEMORY // GIB} that a net may have; fuse again"
            )

    def text(self) -> str:
        """Return it in Caffe's text format: what was read and checked, and nothing else."""
        quoted = net_text.Text
        dims = dict(dim=[1, *self.shape])
        source = dict(
            name=[quoted(self.input)],
            type=[quoted("Input")],
            top=[quoted(self.input)],
            input_param=[dict(shape=[dims])],
        )
        layers = [source]
        for layer in self.layers:
            message = dict(
                name=[quoted(layer.name)],
                type=[quoted(layer.type)],
                bottom=[quoted(blob) for blob in layer.bottoms],
                top=[quoted(layer.top)],
                param=[dict(name=[quoted(name)]) for name in layer.parameters],
            )
            if layer.settings:
                settings = {name: [value] for name, value in layer.settings.items()}
                message[KINDS[layer.type].field] = [settings]
            layers.append(message)
        return net_text.written(dict(name=[quoted(self.name)], layer=layers))


def _broken(path, what):
    return f"{path}: {what}; this is no net of the kit, {AGAIN}"


def read(path: str) -> Net:
    """Return the net of a prototxt of a model's folder.

    InputError where it is not in Caffe's text format, or has anything that the kit does not write.
    """
    return of_message(net_text.read(path), path)


def of_message(message: dict[str, list], path: str) -> Net:
    """Return the net of a message of `net_text`; path: what an InputError calls it."""
    try:
        strange = sorted(set(message) - {"name", "layer"})
        fit(not strange, f"the field '{strange[:1]}' is none of the kit's")
        layers = message.get("layer", [])
        fit(len(layers) > 1 and all(isinstance(one, dict) for one in layers), "it has no layers")
        name = message.get("name", ["net"])[0]
        return _net(path, str(name) if NAME.fullmatch(str(name)) else "net", layers)
    except ValueError as error:
        raise InputError(_broken(path, error)) from None


def _net(path, name, messages):
    """Return the net of the messages of its layers; ValueError where one is unfit."""
    source, *others = messages
    blob, shape = _input(source)
    layers, names, written, read = [], {blob}, {blob}, set()
    for message in others:
        layer = _layer(message)
        fit(layer.name not in names, f"two layers are called '{layer.name}'")
        unknown = [one for one in layer.bottoms if one not in written]
        fit(
            not unknown,
            f"layer '{layer.name}' reads '{unknown[:1]}', which no layer before it writes",
        )
        if layer.top in written:
            in_place = KINDS[layer.type].in_place and layer.bottoms == (layer.top,)
            fit(
                in_place and layer.top not in read and layer.top != blob,
                f"layer '{layer.name}' overwrites '{layer.top}'",
            )
        else:
            read.update(layer.bottoms)
        names.add(layer.name)
        written.add(layer.top)
        layers.append(layer)
    parameters = [one for layer in layers for one in layer.parameters]
    fit(len(set(parameters)) == len(parameters), "two layers have a parameter of one name")
    return Net(path, name, blob, shape, tuple(layers))


def _input(message):
    """Return (blob, shape of one picture) of the layer Input."""
    strange = set(message) - {"name", "type", "top", "input_param"}
    fit(_texts(message, "type") == ("Input",) and not strange, "its first layer is not its input")
    tops, names = _texts(message, "top"), _texts(message, "name")
    fit(len(tops) == 1 and names == tops, "its input has not one blob of its own name")
    try:
        (param,) = message["input_param"]
        (shape,) = param["shape"]
        pictures, *picture = shape["dim"]
    except (KeyError, TypeError, ValueError):
        raise ValueError("its input has not one shape") from None
    sizes = [pictures, *picture]
    fit(all(isinstance(size, int) for size in sizes), "the shape of its input is not of numbers")
    fit(
        len(sizes) == 4 and sizes[:2] == [1, 3] and 0 < sizes[2] == sizes[3] <= 1 << 16,
        f"its input has the shape {sizes}, not one square picture of three colours",
    )
    return tops[0], tuple(picture)


def _layer(message):
    """Return the layer of a message; ValueError where it is none of the kit's."""
    names, kinds = (_texts(message, field) for field in ("name", "type"))
    fit(len(names) == len(kinds) == 1, f"a layer has the names {names} and the types {kinds}")
    name, kind = names[0], kinds[0]
    fit(
        kind in KINDS,
        f"layer '{name}' is of the type {kind}, which no model of the kit has",
    )
    field = KINDS[kind].field
    strange = sorted(set(message) - {*IN_LAYER, field})
    fit(
        not strange,
        f"layer '{name}' has the field '{''.join(strange[:1])}', which is none of the kit's",
    )
    given = message.get(field, [{}]) if field else [{}]
    fit(len(given) == 1 and isinstance(given[0], dict), f"layer '{name}': {field} is malformed")
    bottoms, tops = _texts(message, "bottom"), _texts(message, "top")
    fit(bool(bottoms) and len(tops) == 1, f"layer '{name}' reads nothing, or writes not one blob")
    parameters = []
    for one in message.get("param", []):
        fit(
            isinstance(one, dict) and not set(one) - set(IN_PARAMETER),
            f"layer '{name}': a parameter is malformed",
        )
        parameters += _texts(one, "name")
    try:
        settings = settings_of(KINDS[kind], given[0])
    except ValueError as error:
        raise ValueError(f"layer '{name}': {error}") from None
    return Layer(name, kind, bottoms, tops[0], tuple(parameters), settings)


def _texts(message, field):
    """Return the quoted names of a field."""
    values = message.get(field, [])
    for value in values:
        fit(
            isinstance(value, net_text.Text) and NAME.fullmatch(value) is not None,
            f"{field} {str(value)[:40]!r} is no name",
        )
    return tuple(map(str, values))
