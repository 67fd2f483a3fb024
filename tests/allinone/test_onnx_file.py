"""An ONNX file of a model's folder that is not its net's own form is refused in words."""

import shutil

import numpy as np
import onnx
import pytest
from model_copies import refused


def edit(change):
    """Return what changes the graph of an ONNX file by the package onnx."""

    def to(path):
        form = onnx.load(str(path), load_external_data=False)
        change(form.graph)
        path.write_bytes(form.SerializeToString())

    return to


def a_constant(graph):
    """Ask for 40,000 times 40,000 numbers."""
    shape = onnx.numpy_helper.from_array(np.array([40000, 40000]), "large")
    graph.initializer.append(shape)
    graph.node.append(onnx.helper.make_node("ConstantOfShape", ["large"], ["endless"]))


def an_outer_file(graph):
    tensor = graph.initializer[0]
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../../etc/hostname")


def a_large_border(graph):
    conv = next(one for one in graph.node if one.op_type == "Conv")
    (pads,) = [one for one in conv.attribute if one.name == "pads"]
    pads.ints[:] = [20000] * 4


def no_number(graph):
    values = np.array(onnx.numpy_helper.to_array(graph.initializer[0]))
    values.ravel()[0] = np.nan
    graph.initializer[0].CopyFrom(onnx.numpy_helper.from_array(values, graph.initializer[0].name))


def zeroed(graph):
    for tensor in graph.initializer:
        tensor.raw_data = bytes(len(tensor.raw_data))


def a_negative_shape(graph):
    """Of no numbers: 0 is the product of -1 and 0."""
    graph.initializer[0].dims[:] = [-1, 0]
    graph.initializer[0].raw_data = b""


def a_setting_twice(graph):
    """Of which it is not said which one counts."""
    conv = next(one for one in graph.node if one.op_type == "Conv")
    (pads,) = [one for one in conv.attribute if one.name == "pads"]
    conv.attribute.insert(0, pads)
    conv.attribute[0].ints[:] = [20000] * 4


def a_function(graph):
    graph.node[3].domain = "somebody.else"


FORMS = {
    "a constant of 6 GB": edit(a_constant),
    "a file outside": edit(an_outer_file),
    "a large border": edit(a_large_border),
    "a negative shape": edit(a_negative_shape),
    "a setting twice": edit(a_setting_twice),
    "NaN": edit(no_number),
    "zeros": edit(zeroed),
    "another's operation": edit(a_function),
    "a node less": edit(lambda graph: graph.node.pop(5)),
    "nothing": lambda path: path.write_bytes(b""),
    "noise": lambda path: path.write_bytes(np.random.default_rng(0).bytes(500)),
    "half": lambda path: path.write_bytes(path.read_bytes()[:100_000]),
}


@pytest.mark.parametrize("name", ["allinone.onnx", "allinone.fp16.onnx", "dense.onnx"])
@pytest.mark.parametrize("what", FORMS)
def test_an_onnx_file_that_is_not_the_nets_own_form_is_refused(model_copy, what, name):
    FORMS[what](model_copy / name)
    refused(
        model_copy, "onnxruntime-fp16" if "fp16" in name else "onnxruntime", str(model_copy / name)
    )


def test_the_form_in_half_precision_does_not_stand_for_the_whole_one(model_copy):
    shutil.copy(model_copy / "allinone.fp16.onnx", model_copy / "allinone.onnx")
    refused(model_copy, "onnxruntime", "half precision")
