"""A net, weights or an ONNX file of a model's folder that is not the kit's is refused in words.

Each with a model.json whose hashes are right: only what the files say can betray them.
"""

import json
import os
import shutil
import subprocess
import sys

import caffe_nets
import numpy as np
import onnx
import pytest
from conftest import ROOT

from allinone import (
    checked,
    engines,
    files,
    model,
    net_text,
    nets,
    profiles,
    snapshots,
    surgery,
    tasks,
    weights_file,
)
from allinone.backend import Backend
from allinone.errors import InputError
from allinone.pycaffe import caffe_pb2, text_format
from prototxt import deploy
from tools import exporting

SHIPPED = os.path.join(ROOT, model.SHIPPED)


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """The shipped model with its ONNX forms."""
    folder = tmp_path_factory.mktemp("exported") / "model"
    shutil.copytree(SHIPPED, folder)
    for names, free_sides in ((model.FUSED, False), (model.DENSE, True)):
        exporting.export(str(folder), names, free_sides)
    return folder


@pytest.fixture
def copy(exported, tmp_path):
    shutil.copytree(exported, tmp_path / "model")
    return tmp_path / "model"


def seal(folder):
    """Write the hashes of the files as they are now into model.json."""
    told = json.loads((folder / model.ABOUT).read_text())
    told["files"] = {name: files.sha256(str(folder / name)) for name in told["files"]}
    (folder / model.ABOUT).write_text(json.dumps(told))


def refused(folder, engine, *parts):
    """Open a model that must be refused, its dense net too; return the sentence."""
    seal(folder)
    with pytest.raises(InputError) as error:
        backend = Backend(str(folder), engine)
        backend.scores(np.zeros((115, 115, 3), np.uint8))
    sentence = str(error.value)
    assert "\n" not in sentence and all(part in sentence for part in parts), sentence
    return sentence


def layer(text, name):
    """Return the text of a layer of a net."""
    start = text.index(f'layer {{\n  name: "{name}"\n')
    return text[start : text.index("\n}\n", start) + 3]


def changed(name, old, new):
    """Return what replaces a part of the text of one layer."""

    def change(text):
        before = layer(text, name)
        assert old in before
        return text.replace(before, before.replace(old, new))

    return change


def added(name, line):
    """Return what adds a line at the end of the settings of a layer."""
    return changed(name, "weight_filler", f"{line} weight_filler")


PYTHON = """layer { name: "spy" type: "Python" bottom: "data" top: "spy"
  python_param { module: "spy" layer: "Spy" } }
"""
# {what: (change of deploy.prototxt, part of the sentence)}
NETS = {
    "runs code": (lambda text: text + PYTHON, "'spy' is of the type Python"),
    "writes a file": (
        lambda text: text + PYTHON.replace("Python", "HDF5Output"),
        "of the type HDF5Output",
    ),
    "empty": (lambda text: "", "no layers"),
    "not text": (lambda text: "\x00\x01" + text, "line 1"),
    "cut off": (lambda text: text[: len(text) // 2], "line"),
    "a bracket too many": (lambda text: text + "}", "without '{'"),
    "nested": (lambda text: text + "layer {" * 10_000, "messages in one another"),
    "nested and closed": (lambda text: text + "a {" * 9 + "}" * 9, "messages in one another"),
    "a field of another kit": (lambda text: text + "force_backward: true", "force_backward"),
    "a large batch": (changed("data", "dim: 1\n", "dim: 1000000\n"), "has the shape"),
    "large pictures": (lambda text: text.replace("dim: 115", "dim: 40000"), "GiB"),
    "negative pictures": (lambda text: text.replace("dim: 115", "dim: -1"), "has the shape"),
    "no colours": (changed("data", "dim: 3", "dim: 4"), "has the shape"),
    "many maps": (changed("conv2", "num_output: 64", "num_output: 9999999"), "GiB"),
    "many units": (changed("fc_full", "num_output: 512", "num_output: 16000000"), "GiB"),
    "too many units": (changed("fc_full", "num_output: 512", "num_output: 4000000000"), "range"),
    "a large border": (changed("conv4", "pad: 1", "pad: 50000"), "GiB"),
    "a large kernel": (changed("conv4", "kernel_size: 3", "kernel_size: 1000"), "larger than"),
    "no step": (changed("conv4", "stride: 1", "stride: 0"), "stride 0 is out of range"),
    "groups": (added("conv4", "group: 7"), "group 7 does not divide"),
    "holes": (added("conv4", "dilation: 2"), "dilation is none of the kit's"),
    "weights drawn by code": (changed("conv4", '"msra"', '"Python"'), "weight_filler is none"),
    "no name": (changed("conv4", 'name: "conv4"\n', "\n"), "has the names ()"),
    "no type": (changed("conv4", 'type: "Convolution"', ""), "the types ()"),
    "no kernel": (changed("conv4", "kernel_size: 3\n", "\n"), "kernel_size is missing"),
    "two kernels": (added("conv4", "kernel_size: 5"), "given 2 times"),
    "text for a number": (changed("conv4", "pad: 1", 'pad: "1"'), "out of range"),
    "half a number": (changed("conv4", "pad: 1", "pad: 1.5"), "out of range"),
    "an endless number": (changed("age", "scale: ", "scale: 1e999 #"), "out of range"),
    "a number of many digits": (changed("conv4", "pad: 1", "pad: " + "9" * 400), "line"),
    "other pooling": (changed("pool5", "pool: MAX", "pool: STOCHASTIC"), "otherwise than by MAX"),
    "two of one name": (lambda text: text + layer(text, "conv1"), "two layers are called 'conv1'"),
    "twice the same blob": (changed("conv2", 'top: "conv2"', 'top: "data"'), "overwrites 'data'"),
    "reads nothing": (changed("conv2", '  bottom: "pool1"\n', ""), "reads nothing"),
    "reads what is not there": (changed("conv2", '"pool1"', '"pool9"'), "no layer before it"),
    "a quote in a name": (changed("conv2", 'name: "conv2"', 'name: "con\\"v2"'), "line"),
    "without its answer": (lambda text: text.replace(layer(text, "gender"), ""), "gender"),
    "another answer": (
        lambda text: (
            text.replace('"smile"', '"x"').replace('"age"', '"smile"').replace('"x"', '"age"')
        ),
        "'smile'",
    ),
}


@pytest.mark.parametrize("what", NETS)
def test_a_net_that_is_not_the_kits_is_refused_before_any_engine_sees_it(copy, what):
    change, part = NETS[what]
    path = copy / model.FUSED[0]
    path.write_text(change(path.read_text()))
    sentences = {refused(copy, engine, str(path), part) for engine in engines.ENGINES}
    assert len(sentences) == 1


@pytest.mark.parametrize("what", ["runs code", "large pictures", "a large border", "empty"])
def test_a_dense_net_that_is_not_the_kits_is_refused(copy, what):
    change, part = NETS[what]
    path = copy / model.DENSE[0]
    path.write_text(change(path.read_text()))
    for engine in engines.ENGINES:
        refused(copy, engine, str(path), part)


@pytest.mark.parametrize("output", ["age", "gender"])
def test_an_answer_that_the_net_does_not_give_is_refused(copy, output):
    """Of a single number too, whose blob may have any shape of one number."""
    told = json.loads((copy / model.ABOUT).read_text())
    told["stages"]["2"][output] = "nothing"
    (copy / model.ABOUT).write_text(json.dumps(told))
    for engine in engines.ENGINES[:2]:
        refused(copy, engine, str(copy / model.FUSED[0]), "gives no 'nothing'", output)


def test_a_dense_net_of_other_windows_is_refused(copy):
    path = copy / model.DENSE[0]
    path.write_text(changed("conv1a", "stride: 4", "stride: 2")(path.read_text()))
    refused(copy, "opencv", str(path))


def test_a_net_that_is_not_utf8_or_endless_is_refused(copy):
    path = copy / model.FUSED[0]
    path.write_bytes(path.read_bytes() + b"# caf\xe9\n")
    refused(copy, "opencv", str(path), "utf-8")
    path.write_bytes(b" " * (net_text.LARGEST + 1))
    refused(copy, "opencv", str(path), "larger than")


@pytest.mark.parametrize("engine", engines.ENGINES)
def test_nothing_of_the_working_directory_is_imported_for_a_model(copy, tmp_path, engine):
    """By the command, started where the module lies that the net names."""
    for name in (model.FUSED[0], model.DENSE[0]):
        with open(copy / name, "a") as stream:
            stream.write(PYTHON)
    seal(copy)
    (tmp_path / "spy.py").write_text("open('ran', 'w').close()\nclass Spy: pass\n")
    picture = os.path.join(ROOT, "docs", "pose.jpg")
    options = ["--model", copy, "--engine", engine, "--out", tmp_path / "out"]
    done = subprocess.run(
        [sys.executable, "-m", "tools.analyze", picture, *map(str, options)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": ROOT},
        text=True,
        capture_output=True,
    )
    assert done.returncode == 2 and "'spy' is of the type Python" in done.stderr, done.stderr
    assert "Traceback" not in done.stderr and not (tmp_path / "ran").exists()


def test_a_model_that_names_python_code_is_not_fused_exported_or_started_from(
    copy, tmp_path, expect_refusal
):
    with open(copy / model.FUSED[0], "a") as stream:
        stream.write(PYTHON)
    seal(copy)
    expect_refusal("tools.export_onnx", ["--model", copy], "'spy' is of the type Python")
    arguments = ["--run", copy, "--tower", "det", "--out", tmp_path / "out"]
    expect_refusal("tools.fuse", arguments, "'spy' is of the type Python")
    with pytest.raises(InputError, match="'spy' is of the type Python"):
        snapshots.parameters(snapshots.weights_of(str(copy)))


def change_weights(folder, name, change):
    """Change the weights of a caffemodel, {layer: its blobs}, by Caffe's own protobuf."""
    weights = surgery.read_weights(str(folder / name))
    change({one.name: one.blobs for one in weights.layer})
    (folder / name).write_bytes(weights.SerializeToString())


def with_a(value):
    """Return what makes a weight of conv3 a value."""

    def change(blobs):
        blobs["conv3"][0].data[7] = value

    return change


def of_another_shape(blobs):
    blobs["conv3"][0].shape.dim[:] = list(blobs["conv3"][0].shape.dim)[::-1]


def of_fewer_numbers(blobs):
    del blobs["conv3"][0].data[3:]


def without_biases(blobs):
    del blobs["conv3"][1]


WEIGHTS = {
    "NaN": (with_a(np.nan), "weights of 'conv3' are no numbers"),
    "infinite": (with_a(np.inf), "weights of 'conv3' are no numbers"),
    "another shape": (of_another_shape, "layer 'conv3' has weights of the shapes"),
    "fewer numbers": (of_fewer_numbers, "an array of 3 numbers"),
    "no biases": (without_biases, "layer 'conv3' has weights of the shapes"),
}


@pytest.mark.parametrize("name", [model.FUSED[1], model.DENSE[1]])
@pytest.mark.parametrize("what", WEIGHTS)
def test_weights_that_do_not_fit_or_are_no_numbers_are_refused_by_name(copy, name, what):
    change, part = WEIGHTS[what]
    change_weights(copy, name, change)
    for engine in engines.ENGINES:
        refused(copy, engine, str(copy / name), part)


def test_a_caffemodel_that_is_none_is_refused(copy):
    for data in (b"", b"\x0a\xff", b"\x00" * 50, os.urandom(1000)):
        (copy / model.FUSED[1]).write_bytes(data)
        refused(copy, "opencv", model.FUSED[1])


def test_weights_are_those_that_protobuf_reads(copy):
    ours = weights_file.read(str(copy / model.FUSED[1]))
    theirs = surgery.read_weights(str(copy / model.FUSED[1]))
    assert set(ours) == {one.name for one in theirs.layer if one.blobs}
    for one in theirs.layer:
        for array, blob in zip(ours.get(one.name, []), one.blobs):
            np.testing.assert_array_equal(array, surgery.blob_array(blob))


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


def a_function(graph):
    graph.node[3].domain = "somebody.else"


FORMS = {
    "a constant of 6 GB": edit(a_constant),
    "a file outside": edit(an_outer_file),
    "a large border": edit(a_large_border),
    "NaN": edit(no_number),
    "zeros": edit(zeroed),
    "another's operation": edit(a_function),
    "a node less": edit(lambda graph: graph.node.pop(5)),
    "nothing": lambda path: path.write_bytes(b""),
    "noise": lambda path: path.write_bytes(os.urandom(500)),
    "half": lambda path: path.write_bytes(path.read_bytes()[:100_000]),
}


@pytest.mark.parametrize("name", ["allinone.onnx", "allinone.fp16.onnx", "dense.onnx"])
@pytest.mark.parametrize("what", FORMS)
def test_an_onnx_file_that_is_not_the_nets_own_form_is_refused(copy, what, name):
    FORMS[what](copy / name)
    refused(copy, "onnxruntime-fp16" if "fp16" in name else "onnxruntime", str(copy / name))


def test_the_form_in_half_precision_does_not_stand_for_the_whole_one(copy):
    shutil.copy(copy / "allinone.fp16.onnx", copy / "allinone.onnx")
    refused(copy, "onnxruntime", "half precision")


@pytest.mark.parametrize("profile", profiles.PROFILES)
def test_all_nets_that_the_kit_writes_are_known_and_shapes_are_caffes(profile, tmp_path):
    sizes = profiles.PROFILES[profile]
    made = [deploy.deploy_net(sizes), deploy.dense_net(sizes)]
    made += [deploy.bare_net(sizes, (tower,)) for tower in (*tasks.TOWERS, tasks.HYPERFACE)]
    for number, definition in enumerate(made):
        path = tmp_path / f"{number}.prototxt"
        path.write_text(str(definition))
        net = nets.read(str(path))
        net.refuse_large(checked.TOGETHER)
        again = text_format.Parse(net.text(), caffe_pb2.NetParameter())
        assert [one.name for one in again.layer] == [one.name for one in definition.layer]
        if profile == "tiny":
            theirs, shapes = caffe_nets.net(net.text()), net.shapes()
            for layer, wanted in shapes.parameters.items():
                assert [blob.data.shape for blob in theirs.params[layer]] == wanted
            for blob, shape in shapes.blobs.items():
                assert theirs.blobs[blob].data.shape[1:] == shape
