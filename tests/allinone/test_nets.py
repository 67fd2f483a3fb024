"""A net of a model's folder that is not the kit's is refused in words before an engine sees it.

Each with a model.json whose hashes are right: only what the net says can betray it.
"""

import os
import subprocess
import sys

import caffe_nets
import pytest
from conftest import ROOT
from model_copies import refused, seal

from allinone import (
    FaceAnalyzer,
    checked,
    engines,
    model,
    model_writing,
    net_text,
    nets,
    profiles,
    snapshots,
    tasks,
)
from allinone.errors import InputError
from allinone.pycaffe import caffe_pb2, text_format
from prototxt import deploy


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
def test_a_net_that_is_not_the_kits_is_refused_before_any_engine_sees_it(model_copy, what):
    change, part = NETS[what]
    path = model_copy / model.FUSED[0]
    path.write_text(change(path.read_text()))
    sentences = {refused(model_copy, engine, str(path), part) for engine in engines.ENGINES}
    assert len(sentences) == 1


@pytest.mark.parametrize("what", ["runs code", "large pictures", "a large border", "empty"])
def test_a_dense_net_that_is_not_the_kits_is_refused(model_copy, what):
    change, part = NETS[what]
    path = model_copy / model.DENSE[0]
    path.write_text(change(path.read_text()))
    for engine in engines.ENGINES:
        refused(model_copy, engine, str(path), part)


def test_a_bad_dense_net_is_an_error_of_the_model_where_it_proposes(model_copy, expect_refusal):
    """And no error of each picture."""
    with open(model_copy / model.DENSE[0], "a") as stream:
        stream.write(PYTHON)
    seal(model_copy)
    for engine in engines.ENGINES:
        with pytest.raises(InputError, match="dense.prototxt: layer 'spy' is of the type Python"):
            FaceAnalyzer(str(model_copy), engine, proposals="dense")
        FaceAnalyzer(str(model_copy), engine, proposals="selective-search")
    out = model_copy.parent / "out"
    given = [os.path.join(ROOT, "docs", "pose.jpg"), "--model", model_copy, "--out", out]
    given += ["--proposals", "dense"]
    done = expect_refusal("tools.analyze", given, "dense.prototxt: layer 'spy'")
    assert "pose.jpg" not in done.stderr and not (out / "faces.jsonl").exists()


@pytest.mark.parametrize("output", ["age", "gender"])
def test_an_answer_that_the_net_does_not_give_is_refused(model_copy, output):
    """Of a single number too, whose blob may have any shape of one number."""
    about = model.read_about(str(model_copy))
    about.stages["2"][output] = "nothing"
    model_writing.write_about(str(model_copy), about)
    for engine in engines.ENGINES[:2]:
        refused(model_copy, engine, str(model_copy / model.FUSED[0]), "gives no 'nothing'", output)


def test_a_dense_net_of_other_windows_is_refused(model_copy):
    path = model_copy / model.DENSE[0]
    path.write_text(changed("conv1a", "stride: 4", "stride: 2")(path.read_text()))
    refused(model_copy, "opencv", str(path))


def test_a_net_that_is_not_utf8_or_endless_is_refused(model_copy):
    path = model_copy / model.FUSED[0]
    path.write_bytes(path.read_bytes() + b"# caf\xe9\n")
    refused(model_copy, "opencv", str(path), "utf-8")
    path.write_bytes(b" " * (net_text.LARGEST + 1))
    refused(model_copy, "opencv", str(path), "larger than")


@pytest.mark.parametrize("engine", engines.ENGINES)
def test_nothing_of_the_working_directory_is_imported_for_a_model(model_copy, tmp_path, engine):
    """By the command, started where the module lies that the net names."""
    for name in (model.FUSED[0], model.DENSE[0]):
        with open(model_copy / name, "a") as stream:
            stream.write(PYTHON)
    seal(model_copy)
    (tmp_path / "spy.py").write_text("open('ran', 'w').close()\nclass Spy: pass\n")
    picture = os.path.join(ROOT, "docs", "pose.jpg")
    options = ["--model", model_copy, "--engine", engine, "--out", tmp_path / "out"]
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
    model_copy, tmp_path, expect_refusal
):
    with open(model_copy / model.FUSED[0], "a") as stream:
        stream.write(PYTHON)
    seal(model_copy)
    expect_refusal("tools.export_onnx", ["--model", model_copy], "'spy' is of the type Python")
    arguments = ["--run", model_copy, "--tower", "det", "--out", tmp_path / "out"]
    expect_refusal("tools.fuse", arguments, "'spy' is of the type Python")
    with pytest.raises(InputError, match="'spy' is of the type Python"):
        snapshots.parameters(snapshots.weights_of(str(model_copy)))


@pytest.mark.parametrize("profile", profiles.PROFILES)
def test_all_nets_that_the_kit_writes_are_known_and_shapes_are_caffes(profile, tmp_path):
    sizes = profiles.PROFILES[profile]
    made = [deploy.deploy_net(sizes), deploy.dense_net(sizes), deploy.proposal_net(sizes)]
    made.append(deploy.screen_net(sizes))
    alone = (*tasks.TOWERS, tasks.HYPERFACE, *tasks.WINDOW_NETS)
    made += [deploy.bare_net(sizes, (tower,)) for tower in alone]
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


@pytest.mark.parametrize("names, side", [(model.PROPOSAL, 24), (model.SCREEN, 48)])
def test_a_net_of_windows_that_is_not_the_kits_is_refused_where_it_looks(
    names, side, model_copy, expect_refusal
):
    """Of other windows, of other answers, with code of its own: an error of the model."""
    path = model_copy / names[0]
    whole = path.read_text()
    for bad, words in (
        (
            whole.replace(f"dim: {side}", f"dim: {side + 1}"),
            f"{side + 1} pixels, its windows have {side}",
        ),
        (whole.replace('top: "face"', 'top: "nothing"'), "gives no 'face' of 2 numbers"),
        (whole.replace('top: "offsets"', 'top: "nothing"'), "gives no 'offsets' of 4 numbers"),
        (whole + PYTHON, "layer 'spy' is of the type Python"),
    ):
        assert bad != whole
        path.write_text(bad)
        seal(model_copy)
        for engine in engines.ENGINES[:2]:
            with pytest.raises(InputError, match=f"{names[0]}: .*{words}"):
                FaceAnalyzer(str(model_copy), engine)
    FaceAnalyzer(str(model_copy), "opencv", proposals="dense")
    given = [os.path.join(ROOT, "docs", "pose.jpg"), "--model", model_copy]
    done = expect_refusal("tools.analyze", [*given, "--out", model_copy.parent / "out"], "'spy'")
    assert "pose.jpg" not in done.stderr


def test_maps_of_another_stride_are_refused(model_copy):
    """The proposal net's windows stand 4 pixels apart."""
    path = model_copy / model.PROPOSAL[0]
    path.write_text(changed("conv1", "stride: 2", "stride: 1")(path.read_text()))
    seal(model_copy)
    with pytest.raises(InputError, match="proposal.prototxt: gives no 'face' of 2 numbers"):
        FaceAnalyzer(str(model_copy), "opencv")
