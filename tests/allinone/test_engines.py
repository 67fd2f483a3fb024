"""All engines say what Caffe says, on noise and on faces; what an engine lacks is said."""

import shutil

import cv2
import numpy as np
import pytest
from conftest import run_well
from skimage import data

from allinone import FaceAnalyzer, align, engines, record, tasks
from allinone.backend import Backend
from allinone.blob import crop
from allinone.errors import InputError
from allinone.model import DENSE, FUSED, open_model


@pytest.fixture(scope="module")
def model(chain, tmp_path_factory):
    """The chain's model with its ONNX forms."""
    folder = tmp_path_factory.mktemp("exported") / "model"
    shutil.copytree(chain / "model", folder)
    run_well("tools.export_onnx", "--model", folder)
    return str(folder)


def crops(chain):
    """Noise, aligned faces, and regions of a photograph."""
    photo = data.astronaut()[..., ::-1]
    faces = [crop(photo, box, 115) for box in ((170, 60, 280, 190), (0, 200, 300, 500))]
    for face in list(record.read(str(chain / "faces" / "records.jsonl")))[:5]:
        faces.append(
            align.warp(cv2.imread(str(chain / "faces" / face.image)), face.landmark_array(), 115)
        )
    return [*np.random.default_rng(0).integers(0, 255, (4, 115, 115, 3)).astype(np.uint8), *faces]


@pytest.mark.parametrize("engine", ["opencv", "onnxruntime"])
def test_all_outputs_are_caffes(chain, model, engine):
    images, caffe_, other = crops(chain), Backend(model), Backend(model, engine)
    seen = set()
    for stage in (1, 2):
        found = other(images, stage)
        for output, values in caffe_(images, stage).items():
            np.testing.assert_allclose(found[output], values, atol=1e-4, err_msg=output)
            seen.add(output)
    assert seen == {task.output for task in tasks.TASKS}
    picture = cv2.resize(images[5], (115 + 5 * 32, 115 + 3 * 32))
    np.testing.assert_allclose(other.scores(picture), caffe_.scores(picture), atol=1e-4)


@pytest.mark.parametrize("engine", ["opencv", "onnxruntime"])
def test_the_batch_is_free(model, engine):
    images = np.random.default_rng(1).integers(0, 255, (5, 115, 115, 3)).astype(np.uint8)
    one, five = Backend(model, engine, batch=1), Backend(model, engine, batch=5)
    for output, values in one(images, 2).items():
        np.testing.assert_allclose(five(images, 2)[output], values, atol=1e-4)


@pytest.mark.parametrize("engine", ["opencv", "onnxruntime"])
def test_a_picture_is_analyzed_alike(chain, model, engine):
    image = cv2.imread(str(chain / "scenes" / "images" / "000002.jpg"))
    ours, theirs = [
        FaceAnalyzer(model, engine=one).analyze(image, score=0.3) for one in ("caffe", engine)
    ]
    assert len(ours) == len(theirs)
    for one, other in zip(ours, theirs):
        np.testing.assert_allclose(other.landmarks, one.landmarks, atol=0.05)
        np.testing.assert_allclose(other.descriptor, one.descriptor, atol=1e-2)


def test_onnx_computes_only_what_is_asked_for(model):
    """What only stage 2 needs is not computed for stage 1."""
    import onnx

    graph = onnx.load(f"{model}/allinone.onnx")
    assert {output.name for output in graph.graph.output} == {task.output for task in tasks.TASKS}
    assert graph.graph.input[0].type.tensor_type.shape.dim[0].dim_param == "batch"
    engine = engines.make("onnxruntime", open_model(model), FUSED)
    assert engine.options.only_execute_path_to_fetches


def test_what_is_missing_is_said(chain, model, tmp_path):
    with pytest.raises(InputError, match="make export"):
        Backend(str(chain / "model"), "onnxruntime")
    with pytest.raises(InputError, match="engine 'tensorflow': there are caffe, opencv, onnx"):
        Backend(model, "tensorflow")
    for engine in ("opencv", "onnxruntime"):
        with pytest.raises(InputError, match="CUDA"):
            Backend(model, engine, gpu="0")
    broken = tmp_path / "broken"
    shutil.copytree(model, broken)
    (broken / "allinone.onnx").write_bytes(b"no model")
    with pytest.raises(InputError, match="allinone.onnx"):
        Backend(str(broken), "onnxruntime")
    (broken / FUSED[1]).write_bytes(b"\x0a\xff")
    with pytest.raises(InputError, match="allinone.caffemodel"):
        Backend(str(broken), "opencv")
    (broken / DENSE[0]).unlink()
    (broken / FUSED[1]).write_bytes(open(f"{model}/{FUSED[1]}", "rb").read())
    shutil.copy(f"{model}/allinone.onnx", broken)
    with pytest.raises(InputError, match="dense.prototxt"):
        Backend(str(broken))
