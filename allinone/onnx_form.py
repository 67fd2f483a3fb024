"""The ONNX form of a net: its layers as nodes, its weights beside them, and the file of both.

The engine onnxruntime is given this form of a net and weights that were checked, and no file. Our
own writer: the nets of the kit have nine kinds of layers. The number of pictures stays free and,
where no layer reads all of a picture, so do their sides.
"""

from __future__ import annotations

import itertools
from typing import NamedTuple, Union

import numpy as np

from allinone import wire
from allinone.nets import Layer, Net, Shape
from allinone.weights_file import Weights

OPSET, IR = 13, 8  # what onnxruntime 1.10 and newer read
KINDS = {"float32": 1, "float16": 10}  # numbers of the kinds of arrays in ONNX
REAL, WHOLE, WHOLES = 1, 2, 7  # kinds of attributes

Attribute = Union[int, float, list]  # a list: of whole numbers
Dims = list[Union[int, str]]  # a name: any number


class Node(NamedTuple):
    """A node of a graph."""

    operation: str
    inputs: tuple[str, ...]
    output: str
    attributes: dict[str, Attribute]


class Graph(NamedTuple):
    """What an ONNX file holds."""

    name: str
    nodes: list[Node]
    weights: dict[str, np.ndarray]  # float32 or float16
    source: tuple[str, Dims]  # the pictures
    outputs: dict[str, Dims]


class Step(NamedTuple):
    """One of the nodes that a layer becomes, each of which reads the one before."""

    operation: str
    attributes: dict[str, Attribute]
    weights: list[np.ndarray]


def steps(layer: Layer, arrays: list[np.ndarray], is_flat: bool) -> list[Step]:
    """Return what a layer becomes; arrays: its own; is_flat: it gives a vector and no maps."""
    of = layer.settings
    if layer.type in ("Convolution", "Pooling"):
        sides = dict(
            kernel_shape=[of["kernel_size"]] * 2,
            strides=[of["stride"]] * 2,
            pads=[of.get("pad", 0)] * 4,
        )
        if layer.type == "Pooling":  # Caffe rounds the size of its result up
            return [Step("MaxPool", dict(sides, ceil_mode=1), [])]
        return [Step("Conv", dict(sides, group=of["group"]), arrays)]
    if layer.type == "InnerProduct":
        return [Step("Flatten", dict(axis=1), []), Step("Gemm", dict(transB=1), arrays)]
    if layer.type == "PReLU":
        slopes = arrays[0].reshape(-1) if is_flat else arrays[0].reshape(-1, 1, 1)
        return [Step("PRelu", {}, [slopes])]
    if layer.type == "Power":
        scale, shift = np.float32([of["scale"]]), np.float32([of["shift"]])
        return [Step("Mul", {}, [scale]), Step("Add", {}, [shift])]
    if layer.type == "LRN":
        norm = dict(size=of["local_size"], alpha=float(of["alpha"]), beta=float(of["beta"]))
        return [Step("LRN", norm, [])]
    if layer.type == "ReLU":
        return [Step("Relu", {}, [])]
    return [Step(layer.type, dict(axis=1), [])]  # Concat, Softmax: as in ONNX


def graph(net: Net, weights: Weights) -> Graph:
    """Return the graph of a net with its weights."""
    shapes = net.shapes().blobs
    last = {layer.top: layer.name for layer in net.layers}  # a blob may be overwritten
    nodes, stored, now = [], {}, {net.input: net.input}
    for layer in net.layers:
        output = layer.top if last[layer.top] == layer.name else f"{layer.top}/{layer.name}"
        is_flat, arrays = len(shapes[layer.top]) == 1, weights.get(layer.name, [])
        made = steps(layer, arrays, is_flat)
        own = [array for step in made for array in step.weights]
        names = [f"{layer.name}/{place}" for place in range(len(own))]
        stored.update(zip(names, own))
        inputs, unused = [now[blob] for blob in layer.bottoms], iter(names)
        for step in made:
            gives = output if step is made[-1] else f"{output}/{step.operation}"
            inputs += itertools.islice(unused, len(step.weights))
            nodes.append(Node(step.operation, tuple(inputs), gives, step.attributes))
            inputs = [gives]
        now[layer.top] = output
    is_free = all(layer.type != "InnerProduct" for layer in net.layers)
    sides: Dims = ["height", "width"] if is_free else list(net.shape[1:])
    outputs = {blob: _dims(shapes[blob], is_free) for blob in net.outputs()}
    return Graph(net.name, nodes, stored, (net.input, ["batch", net.shape[0], *sides]), outputs)


def _dims(shape: Shape, is_free: bool) -> Dims:
    """Return the dimensions of an output for some pictures."""
    maps, *sides = shape
    return ["batch", maps, *(["rows", "columns"] if is_free and sides else sides)]


def file_of(graph: Graph) -> bytes:
    """Return the bytes of an ONNX file."""
    parts = [wire.written(1, _node(node)) for node in graph.nodes]
    parts.append(wire.written(2, graph.name))
    parts += [wire.written(5, _tensor(name, array)) for name, array in graph.weights.items()]
    parts.append(wire.written(11, _value(*graph.source)))
    parts += [wire.written(12, _value(name, dims)) for name, dims in graph.outputs.items()]
    opset = [*wire.written(1, ""), *wire.written(2, OPSET)]
    head = [*wire.written(1, IR), *wire.written(2, "allinone"), *wire.written(8, opset)]
    return b"".join([*head, *wire.written(7, list(itertools.chain(*parts)))])


def _node(node: Node) -> wire.Pieces:
    """Return the fields of a NodeProto."""
    parts = [wire.written(1, name) for name in node.inputs]
    parts += [wire.written(2, node.output), wire.written(3, node.output)]
    parts.append(wire.written(4, node.operation))
    parts += [wire.written(5, _attribute(name, one)) for name, one in node.attributes.items()]
    return list(itertools.chain(*parts))


def _attribute(name: str, value: Attribute) -> wire.Pieces:
    """Return the fields of an AttributeProto."""
    if isinstance(value, list):
        parts = [wire.written(8, one) for one in value] + [wire.written(20, WHOLES)]
    elif isinstance(value, float):
        parts = [wire.written(2, value), wire.written(20, REAL)]
    else:
        parts = [wire.written(3, value), wire.written(20, WHOLE)]
    return [*wire.written(1, name), *itertools.chain(*parts)]


def _tensor(name: str, array: np.ndarray) -> wire.Pieces:
    """Return the fields of a TensorProto; numbers are little-endian, as the machines we know."""
    dims = [wire.written(1, size) for size in array.shape]
    kind, data = KINDS[array.dtype.name], memoryview(np.ascontiguousarray(array)).cast("B")
    about = [wire.written(2, kind), wire.written(8, name), wire.written(9, [data])]
    return list(itertools.chain(*dims, *about))


def _value(name: str, dims: Dims) -> wire.Pieces:
    """Return the fields of a ValueInfoProto of float32."""
    shape = [wire.written(1, wire.written(2 if isinstance(one, str) else 1, one)) for one in dims]
    tensor = [*wire.written(1, KINDS["float32"]), *wire.written(2, list(itertools.chain(*shape)))]
    return [*wire.written(1, name), *wire.written(2, wire.written(1, tensor))]
