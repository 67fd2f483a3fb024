"""The folder of a fused model: every file is the one that it was written with, or it is refused."""

import json
import os
import shutil

import pytest
from conftest import ROOT

from allinone import FaceAnalyzer, model, model_writing, tasks
from allinone.errors import InputError

SHIPPED = os.path.join(ROOT, model.SHIPPED)


@pytest.fixture
def copy(tmp_path):
    shutil.copytree(SHIPPED, tmp_path / "model")
    return tmp_path / "model"


def test_the_shipped_model_is_opened_without_a_name():
    opened = model.open_model()
    assert os.path.samefile(opened.folder, SHIPPED) and opened.profile == "small"
    assert opened.input_size == 115 and 0.5 < opened.score < 1
    for stage in (1, 2):
        answered = set(opened.outputs(stage))
        assert answered <= {task.output for task in tasks.of_stage(stage)} and len(answered) >= 4


STAGE1 = [task.output for task in tasks.of_stage(1)]


@pytest.mark.parametrize(
    "stage, outputs, first, second",
    [
        ("1", STAGE1, STAGE1, None),  # tower det
        ("1", [*STAGE1, "gender"], [*STAGE1, "gender"], None),  # HyperFace
        ("2", ["descriptor"], None, ["descriptor"]),  # tower id
        ("2", ["age"], None, ["age"]),
        ("1", STAGE1[:2], None, None),
    ],
)
def test_the_net_of_one_tower_has_one_stage(copy, stage, outputs, first, second):
    told = json.loads((copy / model.ABOUT).read_text())
    told["stages"] = {stage: {name: f"tower/{name}" for name in outputs}}
    (copy / model.ABOUT).write_text(json.dumps(told))
    opened = model.open_model(str(copy))
    for number, wanted in ((1, first), (2, second)):
        if wanted is None:
            with pytest.raises(InputError, match=f"no output '.*', which stage {number} needs"):
                opened.outputs(number)
        else:
            assert opened.outputs(number) == {name: f"tower/{name}" for name in wanted}


@pytest.mark.parametrize("name", [*model.FUSED, *model.DENSE, model.TPE, model.PROVENANCE])
@pytest.mark.parametrize("damage", ["one byte more", "one bit less", "gone"])
def test_a_file_that_is_not_the_models_own_is_refused(copy, name, damage):
    path = copy / name
    data = bytearray(path.read_bytes())
    if damage == "one byte more":
        path.write_bytes(data + b"\n")
    elif damage == "one bit less":
        data[len(data) // 2] ^= 4
        path.write_bytes(data)
    else:
        path.unlink()
    with pytest.raises(InputError, match=f"{name}: (is not the file|no such file)"):
        model.open_model(str(copy))


@pytest.mark.parametrize(
    "change, says",
    [
        (dict(format=7), "format 7"),
        (dict(files={"../secret": "0"}), "list of files is wrong"),
        (dict(files={}), "list of files is wrong"),
        (dict(score="high"), "broken"),
        (dict(colour="red"), "broken"),
    ],
)
def test_a_wrong_model_json_is_refused(copy, change, says):
    told = json.loads((copy / model.ABOUT).read_text())
    (copy / model.ABOUT).write_text(json.dumps({**told, **change}))
    with pytest.raises(InputError, match=f"model.json: .*{says}"):
        model.open_model(str(copy))


def test_a_folder_that_is_no_model_is_refused(tmp_path):
    with pytest.raises(InputError, match="model.json: no such file; give the folder"):
        model.open_model(str(tmp_path))
    (tmp_path / model.ABOUT).write_bytes(b"\xff{")
    with pytest.raises(InputError, match="broken"):
        model.open_model(str(tmp_path))


@pytest.mark.parametrize("name", [model.ABOUT, model.FUSED[1], model.TPE])
@pytest.mark.parametrize(
    "what", ["/dev/zero", os.path.join(ROOT, "docs")], ids=["device", "folder"]
)
def test_what_is_no_plain_file_is_called_so(copy, name, what):
    (copy / name).unlink()
    (copy / name).symlink_to(what)
    with pytest.raises(InputError, match=f"{name}: no plain file, but a folder, a device or a"):
        model.open_model(str(copy))


def test_a_command_says_that_its_model_is_a_device(tmp_path, expect_refusal):
    (tmp_path / model.ABOUT).symlink_to("/dev/zero")
    given = [os.path.join(ROOT, "docs", "pose.jpg"), "--model", tmp_path, "--out", tmp_path / "out"]
    expect_refusal("tools.analyze", given, tmp_path / model.ABOUT, "no plain file", "make fuse")


@pytest.mark.parametrize("name", [model.ABOUT, model.FUSED[1]])
def test_a_file_that_may_not_be_read_is_called_so(copy, name):
    (copy / name).chmod(0)
    if os.access(copy / name, os.R_OK):
        pytest.skip("this user may read everything")
    with pytest.raises(InputError, match=f"{name}: Permission denied; .*chmod"):
        model.open_model(str(copy))


def test_a_score_and_a_file_that_are_added_are_part_of_the_model(copy):
    model_writing.set_score(str(copy), 0.75, precision=0.98)
    with model_writing.replacing_file(str(copy), "allinone.onnx") as place:
        with open(place, "wb") as stream:
            stream.write(b"onnx")
    opened = model.open_model(str(copy))
    assert opened.score == 0.75 and opened.about.score_from == {"precision": 0.98}
    assert opened.has("allinone.onnx")
    (copy / "allinone.onnx").write_bytes(b"another")
    with pytest.raises(InputError, match="allinone.onnx"):
        model.open_model(str(copy))


def test_a_way_to_propose_regions_may_have_a_score_of_its_own(copy):
    """Without it, it has the model's; a score that is none is refused."""
    model_writing.set_score(str(copy), 0.75, precision=0.98)
    model_writing.set_score(str(copy), 0.85, "fast", precision=0.99)
    opened = model.open_model(str(copy))
    assert (opened.score, opened.score_of("fast"), opened.score_of("dense")) == (0.75, 0.85, 0.75)
    assert opened.about.scores_from["fast"] == {"precision": 0.99}
    assert FaceAnalyzer(str(copy), "opencv").score == 0.85
    assert FaceAnalyzer(str(copy), "opencv", proposals="dense").score == 0.75
    model_writing.set_score(str(copy), 1.5, "fast")
    with pytest.raises(InputError, match="score 1.5 is not from 0 to 1"):
        model.open_model(str(copy))


def test_what_a_model_lacks_is_named_with_the_mend():
    opened = model.open_model()
    with pytest.raises(InputError, match="allinone.onnx: not in this model; write it with make"):
        opened.path("allinone.onnx")
