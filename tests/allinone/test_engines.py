"""All engines say what Caffe says, on noise and on faces; what an engine lacks is said."""

import shutil
import sys
import types
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import onnxruntime
import pytest
from skimage import data

from allinone import FaceAnalyzer, align, engines, record, tasks
from allinone.backend import Backend
from allinone.blob import crop
from allinone.errors import InputError
from allinone.model import DENSE, FUSED, open_model


@pytest.fixture(scope="module")
def model(chain):
    """The chain's model."""
    return str(chain / "model")


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


@pytest.mark.parametrize("engine", ["onnxruntime", "onnxruntime-fp16"])
def test_threads_of_onnxruntime_do_not_take_the_cores_when_they_have_no_work(model, engine):
    settings = engines.make(engine, open_model(model), FUSED).session.get_session_options()
    assert settings.get_session_config_entry("session.intra_op.allow_spinning") == "0"


@pytest.mark.parametrize("engine", engines.ENGINES)
def test_eight_threads_share_an_analyzer_and_each_gets_its_own_answers(chain, model, engine):
    """Each picture is searched and described alone first, then all of them by eight threads."""
    images, boxes = crops(chain)[:8], [[5, 5, 100, 110], [20, 10, 80, 90]]

    def answers(image, analyzer):
        faces = analyzer.analyze(image, boxes=boxes)
        return [analyzer.propose(image), *(face.descriptor for face in faces), faces[1].landmarks]

    shared = FaceAnalyzer(model, engine)
    alone = [answers(image, shared) for image in images]
    with ThreadPoolExecutor(8) as threads:
        together = list(threads.map(answers, images * 3, [shared] * 24))
    for number, found in enumerate(together):
        for one, other in zip(found, alone[number % len(images)]):
            np.testing.assert_allclose(one, other, atol=1e-4)


def test_half_precision_is_near_caffe(chain, model):
    """Half precision keeps 11 bits of a number: 5e-4 of it, and layers add their errors up."""
    images, caffe_, half = crops(chain), Backend(model), Backend(model, "onnxruntime-fp16")
    for stage in (1, 2):
        found = half(images, stage)
        for output, values in caffe_(images, stage).items():
            limit = 5e-3 * max(1, np.abs(values).max())
            np.testing.assert_allclose(found[output], values, atol=limit, err_msg=output)
            assert found[output].dtype == np.float32 and np.isfinite(found[output]).all()
    picture = cv2.resize(images[5], (115 + 5 * 32, 115 + 3 * 32))
    np.testing.assert_allclose(half.scores(picture), caffe_.scores(picture), atol=5e-3)


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
    engine = engines.make("onnxruntime", open_model(model), FUSED)
    assert engine.options.only_execute_path_to_fetches


def test_what_is_missing_is_said(chain, model, tmp_path):
    with pytest.raises(InputError, match="engine 'tensorflow': there are caffe, opencv, onnx"):
        Backend(model, "tensorflow")
    for engine in ("opencv", "onnxruntime", "onnxruntime-fp16"):
        with pytest.raises(InputError, match="CUDA"):
            Backend(model, engine, gpu="0,1")
        with pytest.raises(InputError, match="GPU=one"):
            Backend(model, engine, gpu="one")
    broken = tmp_path / "broken"
    shutil.copytree(model, broken)
    (broken / FUSED[1]).write_bytes(b"\x0a\xff")
    with pytest.raises(InputError, match="allinone.caffemodel"):
        Backend(str(broken), "opencv")
    (broken / DENSE[0]).unlink()
    (broken / FUSED[1]).write_bytes(open(f"{model}/{FUSED[1]}", "rb").read())
    with pytest.raises(InputError, match="dense.prototxt"):
        Backend(str(broken))


class Session:
    """Stands for onnxruntime's session on a GPU that cannot be used: it takes the CPU instead."""

    asked, used = None, ["CPUExecutionProvider"]

    def __init__(self, form, settings, providers):
        """Keep what was asked for."""
        Session.asked = providers

    def get_providers(self):
        """Return what is used."""
        return self.used


@pytest.fixture
def with_cuda(monkeypatch):
    """Put a stand-in of onnxruntime-gpu in its place."""
    providers = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    stand_in = types.SimpleNamespace(
        __version__="1.30.0",
        InferenceSession=Session,
        RunOptions=types.SimpleNamespace,
        SessionOptions=onnxruntime.SessionOptions,
        get_available_providers=lambda: providers,
    )
    monkeypatch.setitem(sys.modules, "onnxruntime", stand_in)
    return providers


def test_a_gpu_that_onnxruntime_leaves_for_the_cpu_is_an_error(model, with_cuda):
    """As it does with a warning where a library of CUDA is missing."""
    with pytest.raises(InputError, match=r"GPU=2: onnxruntime 1\.30\.0 cannot use it"):
        engines.make("onnxruntime", open_model(model), FUSED, "2,3")


def test_onnxruntime_gets_the_first_gpu_and_no_tf32(model, with_cuda, monkeypatch):
    monkeypatch.setattr(Session, "used", with_cuda)
    engines.make("onnxruntime-fp16", open_model(model), FUSED, "2,3")
    ((name, settings),) = Session.asked
    assert name == "CUDAExecutionProvider"
    assert settings["device_id"] == 2 and settings["use_tf32"] == 0


class OnCpu(onnxruntime.InferenceSession):
    """Stands for a session on a GPU: says that it is one, and computes on the CPU."""

    opened = []

    def __init__(self, form, settings, providers):
        """Keep the sizes of the mini-batches that it is given."""
        super().__init__(form, settings, providers=["CPUExecutionProvider"])
        self.sizes = set()
        self.opened.append(self)

    def get_providers(self):
        """Say that it is a GPU's."""
        return ["CUDAExecutionProvider"]

    def run(self, outputs, feed, options=None):
        """Compute."""
        (batch,) = feed.values()
        self.sizes.add(batch.shape)
        return super().run(outputs, feed, options)


def test_on_a_gpu_each_session_of_onnxruntime_sees_one_size_of_mini_batch(
    model, with_cuda, monkeypatch
):
    real = onnxruntime.RunOptions
    plain = Backend(model, "opencv")
    monkeypatch.setattr(OnCpu, "opened", [])
    monkeypatch.setattr(sys.modules["onnxruntime"], "InferenceSession", OnCpu)
    monkeypatch.setattr(sys.modules["onnxruntime"], "RunOptions", real)
    on_gpu = Backend(model, "onnxruntime", gpu="0")
    pictures = np.random.default_rng(1).integers(0, 255, (130, 115, 115, 3)).astype(np.uint8)
    for many in (2, 1, 130, 9, 64, 8, 0, 3):
        found = on_gpu(pictures[:many], 2)
        for output, values in plain(pictures[:many], 2).items():
            assert found[output].shape == values.shape
            np.testing.assert_allclose(found[output], values, atol=1e-4, err_msg=output)
    fused = [one.sizes for one in OnCpu.opened if (8, 3, 115, 115) in one.sizes]
    assert len(fused) == 1 and all(len(one.sizes) <= 1 for one in OnCpu.opened)
    assert {shape[0] for one in OnCpu.opened for shape in one.sizes} == {1, 8, 64}


@pytest.mark.parametrize(
    "installed, gpu, name",
    [
        (("CPUExecutionProvider",), "", "onnxruntime"),
        ((), "", "opencv"),
        (("CUDAExecutionProvider", "CPUExecutionProvider"), "0", "onnxruntime"),
        (("CPUExecutionProvider",), "0", "caffe"),
        ((), "0", "caffe"),
    ],
)
def test_the_fastest_engine_that_is_installed_is_the_default(monkeypatch, installed, gpu, name):
    monkeypatch.setattr(engines, "onnxruntime_providers", lambda: list(installed))
    assert engines.fastest(gpu) == name


def test_without_an_engine_for_a_gpu_the_mend_is_said(monkeypatch):
    monkeypatch.setattr(engines, "onnxruntime_providers", lambda: ["CPUExecutionProvider"])
    monkeypatch.setattr(engines.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match="GPU=0: no engine .* pip install onnxruntime-gpu"):
        engines.fastest("0")


def test_the_engine_is_said(model):
    by_itself, named = FaceAnalyzer(model), FaceAnalyzer(model, "opencv", stage1=model)
    assert by_itself.engine == by_itself.backend.engine == "onnxruntime"
    assert str(by_itself) == f"model {model}, engine onnxruntime on the CPU"
    assert str(named) == f"model {model}, stage 1 by {model}, engine opencv on the CPU"
