"""The ONNX form of a deploy net: the layers of the kit's nets as ONNX nodes.

Our own exporter: the nets of the kit have nine kinds of layers, and the batch (of the fully
convolutional net, the sides too) stays free.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from allinone import surgery
from allinone.errors import InputError

OPSET, IR = 13, 8  # what onnxruntime 1.10 and newer read


def pair(values: Sequence[int], default: int) -> list[int]:
    """Return [vertical, horizontal] of a repeated field of Caffe's."""
    return [int(value) for value in (list(values) * 2)[:2]] if len(values) else [default] * 2


def convolution(layer, inputs, output, weights):
    """Return the nodes of a Convolution."""
    param = layer.convolution_param
    settings = dict(
        kernel_shape=pair(param.kernel_size, 1),
        strides=pair(param.stride, 1),
        pads=pair(param.pad, 0) * 2,
        group=param.group,
    )
    return [helper.make_node("Conv", [*inputs, *weights], [output], **settings)]


def pooling(layer, inputs, output, weights):
    """Return the nodes of a max Pooling; Caffe rounds the size of its result up."""
    param = layer.pooling_param
    settings = dict(
        kernel_shape=[param.kernel_size] * 2,
        strides=[param.stride] * 2,
        pads=[param.pad] * 4,
        ceil_mode=1,
    )
    return [helper.make_node("MaxPool", inputs, [output], **settings)]


def inner_product(layer, inputs, output, weights):
    """Return the nodes of an InnerProduct, which flattens what it reads."""
    flat = f"{output}/flat"
    return [
        helper.make_node("Flatten", inputs, [flat], axis=1),
        helper.make_node("Gemm", [flat, *weights], [output], transB=1),
    ]


def prelu(layer, inputs, output, weights):
    """Return the node of a PReLU."""
    return [helper.make_node("PRelu", [*inputs, *weights], [output])]


def relu(layer, inputs, output, weights):
    """Return the node of a ReLU."""
    return [helper.make_node("Relu", inputs, [output])]


def concat(layer, inputs, output, weights):
    """Return the node of a Concat of maps."""
    return [helper.make_node("Concat", inputs, [output], axis=1)]


def softmax(layer, inputs, output, weights):
    """Return the node of a Softmax over classes."""
    return [helper.make_node("Softmax", inputs, [output], axis=1)]


def power(layer, inputs, output, weights):
    """Return the nodes of a Power of exponent 1: shift + scale x; its numbers are weights."""
    return [
        helper.make_node("Mul", [*inputs, weights[0]], [f"{output}/scaled"]),
        helper.make_node("Add", [f"{output}/scaled", weights[1]], [output]),
    ]


NODES = {
    "Convolution": convolution,
    "Pooling": pooling,
    "InnerProduct": inner_product,
    "PReLU": prelu,
    "ReLU": relu,
    "Concat": concat,
    "Softmax": softmax,
    "Power": power,
}


def constants(layer, blobs: list[np.ndarray], flat: bool) -> list[np.ndarray]:
    """Return the arrays that a layer's nodes need.

    These are its blobs, slopes in the shape that spreads over the maps, or the numbers of a Power.
    flat: the layer reads a vector and no maps.
    """
    if layer.type == "PReLU":
        return [blobs[0].reshape(-1) if flat else blobs[0].reshape(-1, 1, 1)]
    if layer.type == "Power":
        exponent = layer.power_param.power
        if exponent != 1:
            raise InputError(
                f"layer '{layer.name}': a Power of exponent {exponent} has no form here"
            )
        return [np.float32(layer.power_param.scale), np.float32(layer.power_param.shift)]
    return blobs


def needed_layers(definition, outputs: Sequence[str]) -> set[str]:
    """Return the names of the layers that some blobs depend on."""
    needed, blobs = set(), set(outputs)
    for layer in reversed(definition.layer):
        if blobs & set(layer.top):
            needed.add(layer.name)
            blobs |= set(layer.bottom)
    return needed


def final_blobs(definition) -> list[str]:
    """Return the blobs of a net that no layer reads but in place, sorted."""
    read = set()
    for layer in definition.layer:
        if list(layer.bottom) != list(layer.top):
            read.update(layer.bottom)
    return sorted({layer.top[0] for layer in definition.layer} - read)


class Graph:
    """The nodes and weights of an ONNX graph in the making, layer by layer."""

    def __init__(self) -> None:
        """Begin without any node."""
        self.nodes, self.initializers = [], []
        self.now = {}  # {blob of Caffe: its latest name here; an activation may overwrite a blob}
        self.flat = set()  # blobs that are vectors

    def add(self, layer, blobs: list[np.ndarray]) -> None:
        """Add a layer with its weights; InputError where its type has no form here."""
        if layer.type not in NODES:
            raise InputError(f"layer '{layer.name}': no form for the type {layer.type}")
        reads_vector, weights = layer.bottom[0] in self.flat, []
        for place, array in enumerate(constants(layer, blobs, reads_vector)):
            weights.append(f"{layer.name}/{place}")
            tensor = numpy_helper.from_array(np.ascontiguousarray(array), weights[-1])
            self.initializers.append(tensor)
        inputs, top = [self.now[blob] for blob in layer.bottom], layer.top[0]
        output = f"{top}/{layer.name}" if top in layer.bottom else top
        self.nodes += NODES[layer.type](layer, inputs, output, weights)
        self.now[top] = output
        if layer.type == "InnerProduct" or reads_vector:
            self.flat.add(top)


def convert(definition, parameters: dict, outputs: Sequence[str], free_sides: bool):
    """Return the ONNX model of a NetParameter.

    parameters: {name: array}; outputs: blobs that it gives, layers that none needs stay out;
    free_sides: pictures may have any size. InputError where a layer has no form in ONNX here.
    """
    names, wanted = surgery.parameter_names(definition), needed_layers(definition, outputs)
    graph, float_ = Graph(), TensorProto.FLOAT
    for layer in definition.layer:
        if layer.type == "Input":
            blob, shape = layer.top[0], list(layer.input_param.shape[0].dim)
            sides = ["height", "width"] if free_sides else shape[2:]
            source = helper.make_tensor_value_info(blob, float_, ["batch", 3, *sides])
            graph.now[blob] = blob
        elif layer.name in wanted and layer.type != "Dropout":
            graph.add(layer, [parameters[name] for name in names.get(layer.name, ())])
    shape = ["batch", None, "rows", "columns"] if free_sides else ["batch", None]
    ends = [helper.make_tensor_value_info(graph.now[blob], float_, shape) for blob in outputs]
    made = helper.make_graph(graph.nodes, definition.name, [source], ends, graph.initializers)
    opset = helper.make_opsetid("", OPSET)
    settings = dict(producer_name="allinone", opset_imports=[opset], ir_version=IR)
    model = helper.make_model(made, **settings)
    onnx.checker.check_model(model)
    return model
