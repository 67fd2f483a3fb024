"""Write a fused model as ONNX beside its two Caffe files, and prove that onnxruntime says the same as Caffe.

    python -m tools.export_onnx --model out/demo/model

Our own exporter: the nets of the kit have nine kinds of layers, and the batch (of the fully convolutional net, the sides too) stays free.
"""

import argparse
import os
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from allinone import engines, files, surgery
from allinone.errors import InputError, command
from allinone.model import DENSE, FUSED

OPSET, IR = 13, 8  # what onnxruntime 1.10 and newer read
TOLERANCE = 1e-4  # largest difference between the engines


def pair(values, single, default):
    """Return [vertical, horizontal] of a repeated or single-valued field of Caffe's."""
    return (
        [int(value) for value in (list(values) * 2)[:2]] if len(values) else [single or default] * 2
    )


def convolution(layer, inputs, output, weights):
    """Return the nodes of a Convolution."""
    p = layer.convolution_param
    kernel, stride, pad = pair(p.kernel_size, 0, 1), pair(p.stride, 0, 1), pair(p.pad, 0, 0)
    return [
        helper.make_node(
            "Conv",
            [*inputs, *weights],
            [output],
            kernel_shape=kernel,
            strides=stride,
            pads=pad * 2,
            group=p.group,
        )
    ]


def pooling(layer, inputs, output, weights):
    """Return the nodes of a max Pooling; Caffe rounds the size of its result up."""
    p = layer.pooling_param
    return [
        helper.make_node(
            "MaxPool",
            inputs,
            [output],
            kernel_shape=[p.kernel_size] * 2,
            strides=[p.stride] * 2,
            pads=[p.pad] * 4,
            ceil_mode=1,
        )
    ]


def inner_product(layer, inputs, output, weights):
    """Return the nodes of an InnerProduct, which flattens what it reads."""
    flat = f"{output}/flat"
    return [
        helper.make_node("Flatten", inputs, [flat], axis=1),
        helper.make_node("Gemm", [flat, *weights], [output], transB=1),
    ]


def simple(kind, **settings):
    """Return a function that gives the one node of a layer without weights, or with its weights as further inputs."""
    return lambda layer, inputs, output, weights: [
        helper.make_node(kind, [*inputs, *weights], [output], **settings)
    ]


def power(layer, inputs, output, weights):
    """Return the nodes of a Power of exponent 1: shift + scale x; its numbers are weights."""
    return [
        helper.make_node("Mul", [*inputs, weights[0]], [f"{output}/scaled"]),
        helper.make_node("Add", [f"{output}/scaled", weights[1]], [output]),
    ]


NODES = dict(
    Convolution=convolution,
    Pooling=pooling,
    InnerProduct=inner_product,
    PReLU=simple("PRelu"),
    ReLU=simple("Relu"),
    Concat=simple("Concat", axis=1),
    Softmax=simple("Softmax", axis=1),
    Power=power,
)


def constants(layer, blobs, flat):
    """Return the arrays that a layer's nodes need: its blobs, slopes in the shape that spreads over the maps, the numbers of a Power."""
    if layer.type == "PReLU":
        return [blobs[0].reshape(-1, *(() if flat else (1, 1)))]
    if layer.type == "Power":
        if layer.power_param.power != 1:
            raise InputError(
                f"layer '{layer.name}': a Power of exponent {layer.power_param.power} has no form here"
            )
        return [np.float32(layer.power_param.scale), np.float32(layer.power_param.shift)]
    return blobs


def convert(definition, parameters, outputs, free_sides):
    """Return the ONNX model of a NetParameter with parameters {name: array}, giving some of its blobs; layers that none needs stay out."""
    names, nodes, initializers, now, flat = surgery.parameter_names(definition), [], [], {}, set()
    wanted = _needed(definition, outputs)
    for layer in definition.layer:
        if layer.type == "Input":
            now[layer.top[0]] = layer.top[0]
            sides = ["height", "width"] if free_sides else list(layer.input_param.shape[0].dim[2:])
            source = helper.make_tensor_value_info(
                layer.top[0], TensorProto.FLOAT, ["batch", 3, *sides]
            )
            continue
        if layer.name not in wanted or layer.type == "Dropout":
            continue
        if layer.type not in NODES:
            raise InputError(f"layer '{layer.name}': no form for the type {layer.type}")
        blobs = [parameters[name] for name in names.get(layer.name, ())]
        weights = []
        for place, array in enumerate(constants(layer, blobs, layer.bottom[0] in flat)):
            weights.append(f"{layer.name}/{place}")
            initializers.append(numpy_helper.from_array(np.ascontiguousarray(array), weights[-1]))
        inputs, top = [now[blob] for blob in layer.bottom], layer.top[0]
        output = (
            f"{top}/{layer.name}" if top in layer.bottom else top
        )  # in Caffe an activation may overwrite what it reads
        nodes += NODES[layer.type](layer, inputs, output, weights)
        now[top] = output
        if layer.type == "InnerProduct" or layer.bottom[0] in flat:
            flat.add(top)
    ends = [
        helper.make_tensor_value_info(
            now[blob],
            TensorProto.FLOAT,
            ["batch", None, "rows", "columns"] if free_sides else ["batch", None],
        )
        for blob in outputs
    ]
    model = helper.make_model(
        helper.make_graph(nodes, definition.name, [source], ends, initializers),
        producer_name="allinone",
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR,
    )
    onnx.checker.check_model(model)
    return model


def _needed(definition, outputs):
    """Return the names of the layers that some blobs depend on."""
    needed, blobs = set(), set(outputs)
    for layer in reversed(definition.layer):
        if blobs & set(layer.top):
            needed.add(layer.name)
            blobs |= set(layer.bottom)
    return needed


def export(folder, names, free_sides=False):
    """Write the ONNX form of a net in a folder; return {output: largest difference from Caffe on random pictures}."""
    definition = surgery.read_net(os.path.join(folder, names[0]))
    weights = os.path.join(folder, names[1])
    parameters = surgery.one_of_each(
        surgery.by_name(definition, surgery.read_weights(weights), weights), weights
    )
    read = {
        blob
        for layer in definition.layer
        for blob in layer.bottom
        if list(layer.bottom) != list(layer.top)
    }
    outputs = sorted({layer.top[0] for layer in definition.layer} - read)
    path = os.path.join(folder, engines.onnx_name(names[1]))
    with files.replacing(path, "wb") as stream:
        stream.write(convert(definition, parameters, outputs, free_sides).SerializeToString())
    side = definition.layer[0].input_param.shape[0].dim[2]
    batch = np.random.default_rng(0).normal(size=(3, 3, side, side)).astype(np.float32)
    caffe_, onnx_ = [
        engine(folder, names, "").run(batch, outputs)
        for engine in (engines.CaffeEngine, engines.OnnxEngine)
    ]
    return path, {
        output: float(np.abs(caffe_[output] - onnx_[output].reshape(caffe_[output].shape)).max())
        for output in outputs
    }


@command
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, help="folder of a fused model")
    args = parser.parse_args(argv)
    for names, free_sides in ((FUSED, False), (DENSE, True)):
        if names == FUSED or os.path.isfile(os.path.join(args.model, names[0])):
            path, differences = export(args.model, names, free_sides)
            print(path)
            for output, difference in differences.items():
                print(f"  {output:<12} largest difference from Caffe {difference:.1e}")
                if not difference <= TOLERANCE:
                    raise InputError(
                        f"{path}: differs from Caffe by {difference:.1e} at {output}, more than {TOLERANCE:g}; do not use it"
                    )


if __name__ == "__main__":
    sys.exit(main())
