"""The ONNX form of a net: a file that ONNX's own library takes, and answers that are Caffe's."""

import numpy as np
import onnx
import onnxruntime
import pytest
from model_copies import seal

from allinone import model, nets, onnx_form, onnx_half
from allinone.backend import Backend
from allinone.errors import InputError
from allinone.net_layers import KINDS
from allinone.pycaffe import caffe

# A net with every kind of layer of the kit, activations in place and one that overwrites none.
EVERY_KIND = """
layer { name: "data" type: "Input" top: "data"
  input_param { shape { dim: 1 dim: 3 dim: 11 dim: 11 } } }
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
  param { name: "conv/w" } param { name: "conv/b" }
  convolution_param { num_output: 4 kernel_size: 3 stride: 2 pad: 1 group: 1 } }
layer { name: "prelu" type: "PReLU" bottom: "conv" top: "conv" param { name: "conv/a" } }
layer { name: "norm" type: "LRN" bottom: "conv" top: "norm"
  lrn_param { local_size: 3 alpha: 0.5 beta: 0.75 } }
layer { name: "pool" type: "Pooling" bottom: "norm" top: "pool"
  pooling_param { pool: MAX kernel_size: 3 stride: 2 } }
layer { name: "relu" type: "ReLU" bottom: "pool" top: "pool" }
layer { name: "both" type: "Concat" bottom: "pool" bottom: "norm_pool" top: "both" }
layer { name: "fc" type: "InnerProduct" bottom: "both" top: "fc"
  param { name: "fc/w" } param { name: "fc/b" } inner_product_param { num_output: 5 } }
layer { name: "fc_prelu" type: "PReLU" bottom: "fc" top: "fc" param { name: "fc/a" } }
layer { name: "soft" type: "Softmax" bottom: "fc" top: "soft" }
layer { name: "years" type: "Power" bottom: "fc" top: "years" power_param { scale: 3 shift: 7 } }
"""
POOL = """
layer { name: "norm_pool" type: "Pooling" bottom: "norm" top: "norm_pool"
  pooling_param { pool: MAX kernel_size: 3 stride: 2 } }
layer { name: "both\""""


@pytest.fixture
def every_kind(tmp_path, rng):
    """A net of every kind of layer, its weights, and the same in Caffe."""
    path = tmp_path / "net.prototxt"
    path.write_text(EVERY_KIND.replace('\nlayer { name: "both"', POOL))
    net, weights = nets.read(str(path)), {}
    path.write_text(net.text())
    reference = caffe.Net(str(path), caffe.TEST)
    for layer, shapes in net.shapes().parameters.items():
        weights[layer] = [rng.normal(size=shape).astype(np.float32) for shape in shapes]
        for blob, array in zip(reference.params[layer], weights[layer]):
            blob.data[...] = array
    return net, weights, reference


def test_every_kind_of_layer_gives_what_caffe_gives(every_kind, rng):
    net, weights, reference = every_kind
    assert {layer.type for layer in net.layers} == set(KINDS)
    form = onnx_form.file_of(onnx_form.graph(net, weights))
    onnx.checker.check_model(onnx.load_from_string(form), full_check=True)
    batch = rng.normal(size=(3, 3, 11, 11)).astype(np.float32)
    reference.blobs["data"].reshape(*batch.shape)
    reference.blobs["data"].data[...] = batch
    expected, outputs = reference.forward(), net.outputs()
    assert outputs == ["soft", "years"]
    session = onnxruntime.InferenceSession(form, providers=["CPUExecutionProvider"])
    for name, found in zip(outputs, session.run(outputs, {"data": batch})):
        np.testing.assert_allclose(found, expected[name], atol=1e-4, err_msg=name)


def test_the_sides_of_a_net_of_maps_alone_are_free(exported_model):
    whole, dense = (onnx.load(f"{exported_model}/{name}.onnx") for name in ("allinone", "dense"))
    for form in (whole, dense):
        onnx.checker.check_model(form, full_check=True)
    dims = [[one.dim_param or one.dim_value for one in dims_of(form)] for form in (whole, dense)]
    assert dims == [["batch", 3, 115, 115], ["batch", 3, "height", "width"]]
    opened = model.open_model(str(exported_model))
    blobs = {blob for stage in opened.about.stages.values() for blob in stage.values()}
    assert {output.name for output in whole.graph.output} == blobs


def dims_of(form):
    return form.graph.input[0].type.tensor_type.shape.dim


def test_half_precision_is_half_as_large_and_its_answers_are_single(exported_model):
    form, half = (exported_model / f"allinone{kind}.onnx" for kind in ("", ".fp16"))
    assert 1.9 < form.stat().st_size / half.stat().st_size < 2.1
    graph = onnx.load(str(half)).graph
    onnx.checker.check_model(onnx.load(str(half)), full_check=True)
    types = {output.type.tensor_type.elem_type for output in (*graph.output, *graph.input)}
    assert types == {onnx.TensorProto.FLOAT}
    halves = [one for one in graph.initializer if one.data_type == onnx.TensorProto.FLOAT16]
    assert {one.name for one in halves} >= {"conv1/0", "fc_full/0", "prelu_conv1/0"}


def test_a_weight_beyond_half_precision_is_refused(every_kind):
    net, weights, _ = every_kind
    weights["fc"][0][1, 2] = 70000
    with pytest.raises(InputError, match="a weight of 'fc/0' is 70000"):
        onnx_half.halved(onnx_form.graph(net, weights), "net.caffemodel")


def hostile(path):
    """Ask for 40,000 times 40,000 numbers."""
    form = onnx.load(str(path))
    form.graph.initializer.append(onnx.numpy_helper.from_array(np.array([40000] * 2), "large"))
    form.graph.node.append(onnx.helper.make_node("ConstantOfShape", ["large"], ["endless"]))
    path.write_bytes(form.SerializeToString())


def zeroed(path):
    form = onnx.load(str(path))
    for tensor in form.graph.initializer:
        tensor.raw_data = bytes(len(tensor.raw_data))
    path.write_bytes(form.SerializeToString())


@pytest.mark.parametrize("change", [hostile, zeroed, lambda path: path.write_bytes(b"")])
@pytest.mark.parametrize("engine", ["onnxruntime", "onnxruntime-fp16"])
def test_no_engine_reads_an_onnx_file(exported_model, model_copy, change, engine):
    """Whatever it asks for, and whoever has signed it."""
    for path in model_copy.glob("*.onnx"):
        change(path)
    seal(model_copy)
    crop = [np.random.default_rng(0).integers(0, 255, (115, 115, 3)).astype(np.uint8)]
    expected, found = (Backend(str(one), engine)(crop, 2) for one in (exported_model, model_copy))
    for output, values in expected.items():
        np.testing.assert_array_equal(found[output], values)
