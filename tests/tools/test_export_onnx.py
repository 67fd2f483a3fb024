"""Models as ONNX, by the command: beside a model, into a folder of its own, and what is refused."""

import shutil

import onnxruntime
from conftest import run_well

from allinone import model

COMMAND = "tools.export_onnx"
NAMES = {"allinone.onnx", "allinone.fp16.onnx", "dense.onnx", "dense.fp16.onnx"}


def test_the_forms_become_a_part_of_a_model(chain, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(chain / "model", folder)
    said = run_well(COMMAND, "--model", folder).stdout
    assert said.count("largest difference from caffe") > len(NAMES)
    opened = model.open_model(str(folder))  # their hashes are its own
    for name in NAMES:
        assert opened.has(name) and str(folder / name) in said


def test_the_forms_of_the_shipped_model_into_a_folder_of_their_own(tmp_path, expect_refusal):
    out = tmp_path / "onnx"
    run_well("allinone", "export", "--out", out)
    own = {"proposal.onnx", "proposal.fp16.onnx", "screen.onnx", "screen.fp16.onnx"}
    names = {*NAMES, *own}
    assert {path.name for path in out.iterdir()} == {*names, ".allinone"}
    form = onnxruntime.InferenceSession(str(out / "dense.onnx"))
    assert "detection" in [one.name for one in form.get_outputs()]
    run_well("allinone", "export", "--out", out)  # its own files are written again
    other = tmp_path / "other"
    other.mkdir()
    (other / "dense.onnx").write_text("mine")
    expect_refusal("allinone", ["export", "--out", other], other / "dense.onnx", "another folder")
    assert (other / "dense.onnx").read_text() == "mine"


def test_what_is_missing_is_said(expect_refusal, tmp_path):
    expect_refusal(COMMAND, ["--model", tmp_path], tmp_path, "make fuse")
    expect_refusal(COMMAND, [], "--model", "--out")
