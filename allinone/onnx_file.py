"""The ONNX form of a net, checked against the net itself before onnxruntime sees it.

An ONNX file may ask for any operation, any memory and other files. So each of its nodes, its
attributes and its weights must be what tools.export_onnx writes for the net beside it. It is read
without the package onnx, which analysis does not need.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from allinone import reading, wire
from allinone.errors import InputError
from allinone.net_layers import fit
from allinone.nets import MOST_MEMORY, Layer, Net
from allinone.weights_file import Weights, refuse_not_finite

GRAPH, OF_MODEL = 7, {1, 2, 3, 4, 5, 6, 7, 8}  # fields of ModelProto: no functions, no training
NODE, INITIALIZER, OUTPUT, OUTPUT_NAME = 1, 5, 12, 1  # of GraphProto and ValueInfoProto,
OF_GRAPH = {NODE, 2, INITIALIZER, 10, 11, OUTPUT, 13}  # without sparse weights
INPUTS, OUTPUTS, OPERATION, ATTRIBUTE = 1, 2, 4, 5  # of NodeProto,
OF_NODE = {INPUTS, OUTPUTS, 3, OPERATION, ATTRIBUTE, 6}  # of ONNX's own operations alone
ATTRIBUTE_NAME, INTEGER, INTEGERS, OF_ATTRIBUTE = 1, 3, 8, {1, 3, 8, 13, 20}
DIMS, KIND, TENSOR_NAME, RAW, OF_TENSOR = 1, 2, 8, 9, {1, 2, 8, 9, 12}  # all inside the file
FLOAT, HALF = 1, 10  # kinds of a tensor,
KINDS = {FLOAT: "<f4", HALF: "<f2"}  # as NumPy has them
CAST, TO = "Cast", ({"to": FLOAT}, {"to": HALF})  # a node of half precision, and its settings


class Node(NamedTuple):
    """A node of the graph."""

    operation: str
    inputs: tuple[str, ...]
    output: str
    attributes: dict[str, Any]  # of integers and lists of them


class Graph(NamedTuple):
    """What stands in the file."""

    nodes: list[Node]
    weights: dict[str, np.ndarray]
    outputs: dict[str, str]  # {name: the array that it is, behind any casts}


def check(path: str, net: Net, weights: Weights, half: bool) -> None:
    """Raise InputError where a file is not the ONNX form of a net with these weights.

    half: in half precision, where arrays are cast between the two.
    """
    mend = f"write it again with make export MODEL={os.path.dirname(path) or '.'}"
    data = memoryview(reading.read_bytes(path, mend, MOST_MEMORY))
    try:
        graph = _graph(data)
        for name, array in graph.weights.items():
            refuse_not_finite([array], path, name)
        if half:
            graph = _without_casts(graph)
        else:
            whole = all(array.dtype == np.float32 for array in graph.weights.values())
            fit(whole, "its weights are of half precision")
        nodes, now, shapes = iter(graph.nodes), {net.input: net.input}, net.shapes().blobs
        for layer in net.layers:
            arrays, flat = weights.get(layer.name, []), len(shapes[layer.top]) == 1
            _follow(layer, nodes, now, graph.weights, arrays, flat)
        fit(next(nodes, None) is None, "it has more nodes than the net has layers")
        for blob in net.outputs():
            fit(graph.outputs.get(blob) == now[blob], f"it does not give '{blob}'")
    except ValueError as error:
        raise InputError(f"{path}: is not the ONNX form of {net.path} ({error}); {mend}") from None


def _without_casts(graph: Graph) -> Graph:
    """Return a graph of half precision as if all of it were of one kind."""
    source: dict[str, str] = {}  # {what a Cast gives: what it reads}

    def name(one: str) -> str:
        return source.get(one, one)

    nodes = []
    for node in graph.nodes:
        inputs = tuple(name(one) for one in node.inputs)
        if node.operation == CAST:
            fit(len(inputs) == 1 and node.attributes in TO, "a Cast that is none of the kit's")
            source[node.output] = inputs[0]
        else:
            nodes.append(node._replace(inputs=inputs))
    return Graph(nodes, graph.weights, {one: name(one) for one in graph.outputs})


def _follow(
    layer: Layer, nodes: Iterator[Node], now: dict[str, str], stored: dict, arrays: list, flat: bool
) -> None:
    """Check the nodes of a layer.

    now: {blob: its name in the graph}; stored: the file's weights; arrays: the layer's own; flat:
    it gives a vector and no maps.
    """
    inputs, what = [now[blob] for blob in layer.bottoms], f"layer '{layer.name}'"
    for operation, attributes, own in _form(layer, arrays, flat):
        node = next(nodes, None)
        fit(node is not None and node.operation == operation, f"{what} is no {operation} there")
        fit(node.attributes == attributes, f"{what} has other settings there")
        count = len(inputs)
        fit(list(node.inputs[:count]) == inputs, f"{what} reads something else there")
        found = [stored.get(name) for name in node.inputs[count:]]
        fit(len(found) == len(own), f"{what} has not its weights there")
        for one, other in zip(found, own):
            same = one is not None and np.array_equal(one, other.astype(one.dtype))
            fit(same, f"{what} has other weights there")
        inputs = [node.output]
    now[layer.top] = inputs[0]


def _form(layer: Layer, arrays: list, flat: bool) -> list[tuple[str, dict, list]]:
    """Return (operation, attributes, weights) of the nodes of a layer; see tools.onnx_form."""
    of = layer.settings
    if layer.type in ("Convolution", "Pooling"):
        sides = dict(
            kernel_shape=[of["kernel_size"]] * 2,
            strides=[of["stride"]] * 2,
            pads=[of.get("pad", 0)] * 4,
        )
        if layer.type == "Pooling":
            return [("MaxPool", dict(sides, ceil_mode=1), [])]
        return [("Conv", dict(sides, group=of["group"]), arrays)]
    if layer.type == "InnerProduct":
        return [("Flatten", dict(axis=1), []), ("Gemm", dict(transB=1), arrays)]
    if layer.type == "PReLU":
        return [("PRelu", {}, [arrays[0].reshape(-1) if flat else arrays[0].reshape(-1, 1, 1)])]
    if layer.type == "Power":
        scale, shift = np.float32([of["scale"]]), np.float32([of["shift"]])
        return [("Mul", {}, [scale]), ("Add", {}, [shift])]
    if layer.type == "ReLU":
        return [("Relu", {}, [])]
    fit(layer.type in ("Concat", "Softmax"), f"layer '{layer.name}': no form for {layer.type}")
    return [(layer.type, dict(axis=1), [])]


def _by_number(data: memoryview, known: set[int]) -> dict[int, list[wire.Value]]:
    """Return {number: values} of the fields of a message; ValueError where one is not known."""
    found: dict[int, list[wire.Value]] = {number: [] for number in known}
    for number, value in wire.fields(data):
        fit(number in known, f"the field {number} of a message is none of the kit's")
        found[number].append(value)
    return found


def _text(values: list[wire.Value]) -> str:
    """Return the text of a field that is given once at most; "" where it is not given."""
    return wire.text(values[-1]) if values else ""


def _graph(data: memoryview) -> Graph:
    graphs = _by_number(data, OF_MODEL)[GRAPH]
    fit(len(graphs) == 1, "it has not one graph")
    found = _by_number(wire.content(graphs[0]), OF_GRAPH)
    weights = [_tensor(wire.content(value)) for value in found[INITIALIZER]]
    fit(len(dict(weights)) == len(weights), "two of its weights have one name")
    outputs = [dict(wire.fields(wire.content(value))) for value in found[OUTPUT]]
    names = [wire.text(output.get(OUTPUT_NAME, 0)) for output in outputs]
    nodes = [_node(wire.content(value)) for value in found[NODE]]
    return Graph(nodes, dict(weights), {name: name for name in names})


def _node(data: memoryview) -> Node:
    found = _by_number(data, OF_NODE)
    operation, outputs = _text(found[OPERATION]), found[OUTPUTS]
    attributes = [_attribute(wire.content(value)) for value in found[ATTRIBUTE]]
    fit(len(outputs) == 1, f"a {operation} that gives {len(outputs)} arrays")
    fit(len(dict(attributes)) == len(attributes), f"a {operation} that has a setting twice")
    inputs = tuple(wire.text(value) for value in found[INPUTS])
    return Node(operation, inputs, wire.text(outputs[0]), dict(attributes))


def _attribute(data: memoryview) -> tuple[str, Any]:
    found = _by_number(data, OF_ATTRIBUTE)
    integers = [one for value in found[INTEGERS] for one in wire.numbers(value)]
    return _text(found[ATTRIBUTE_NAME]), integers or (found[INTEGER] or [None])[-1]


def _tensor(data: memoryview) -> tuple[str, np.ndarray]:
    found = _by_number(data, OF_TENSOR)
    name, kind = _text(found[TENSOR_NAME]), (found[KIND] or [0])[-1]
    fit(kind in KINDS, f"the array '{name}' is not of floats")
    dims = [one for value in found[DIMS] for one in wire.numbers(value)]
    return name, wire.array((found[RAW] or [b""])[-1], dims, KINDS[kind])
