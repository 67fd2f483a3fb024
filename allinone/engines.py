"""What runs a deploy net: Caffe, the reference; OpenCV and onnxruntime, which need no Caffe.

All give the same numbers, onnxruntime-fp16 to half precision. An engine is made of a `Model`, the
file names of a net and its weights, and GPU numbers as text ("0", or "0,1", of which the first is
used; "": the CPU). run(batch, outputs) takes a float32 batch (n, 3, h, w) and returns {output:
float32 array}; it computes no layer that none of the outputs needs. InputError where a file is
missing or broken, or where a GPU is asked for that the engine has not: none falls back to the CPU
in silence. Nets and weights are checked before an engine gets them (allinone.checked). Only the
engine that is used is imported.
"""

from __future__ import annotations

import functools
import importlib.util
import threading

import cv2
import numpy as np

from allinone import checked, onnx_form, onnx_half
from allinone.device import parse_gpus
from allinone.errors import InputError
from allinone.model import Model
from allinone.nets import Net
from allinone.weights_file import Weights

CAFFE, OPENCV, ONNX, ONNX_FP16 = "caffe", "opencv", "onnxruntime", "onnxruntime-fp16"
ENGINES = (CAFFE, OPENCV, ONNX, ONNX_FP16)
CUDA = "CUDAExecutionProvider"
SPINNING = "session.intra_op.allow_spinning"  # of onnxruntime: threads without work wait busily
# our choice: pictures of a mini-batch on a GPU. A session of onnxruntime plans its convolutions
# anew whenever the number changes: 18 ms on an H100 for a net that then takes 2.
MINI_BATCHES = (1, 8, 64)


def fastest(gpu: str = "") -> str:
    """Return the name of the fastest engine that is installed; gpu: as for an engine.

    The order is that of measurements (docs/results.md#speed); OpenCV is always there. On a GPU it
    is Caffe where onnxruntime has no CUDA, since OpenCV of PyPI has none either.
    """
    providers = onnxruntime_providers()
    if parse_gpus(gpu) and CUDA not in providers:
        if importlib.util.find_spec("caffe") is None:
            raise InputError(
                f"GPU={gpu}: no engine that is installed can use one; pip install "
                "onnxruntime-gpu, or leave the GPU out"
            )
        return CAFFE
    return ONNX if providers else OPENCV


def onnxruntime_providers() -> list[str]:
    """Return what onnxruntime can run on; [] where it is not installed."""
    try:
        import onnxruntime
    except ImportError:
        return []
    return onnxruntime.get_available_providers()


def usual_on_cpu() -> list[str]:
    """Return the engines for a CPU without Caffe that are installed."""
    return [OPENCV, *([ONNX] if onnxruntime_providers() else [])]


def make(name: str, model: Model, names: tuple[str, str], gpu: str = ""):
    """Return an engine by its name; InputError where it does not exist or cannot run the model."""
    if name not in ENGINES:
        raise InputError(f"engine '{name}': there are {', '.join(ENGINES)}")
    net, weights = checked.open_net(model, names)
    if name == CAFFE:
        from allinone.caffe_engine import CaffeEngine  # imports Caffe

        return CaffeEngine(net, weights)
    numbers = parse_gpus(gpu)
    card = numbers[0] if numbers else None
    if name == OPENCV:
        return OpencvEngine(net, model.path(names[1]), card)
    return OnnxEngine(net, weights, card, half=name == ONNX_FP16)


class OpencvEngine:
    """cv2.dnn, which reads Caffe's formats itself."""

    def __init__(self, net: Net, weights: str, card: int | None) -> None:
        """Take a net, read its weights' file; card: number of a GPU, None for the CPU."""
        self.lock = threading.Lock()  # the net keeps what a call is given
        if card is not None and not cv2.cuda.getCudaEnabledDeviceCount():
            raise InputError(
                f"GPU={card}: this OpenCV is built without CUDA; use engine caffe or onnxruntime, "
                "or leave the GPU out"
            )
        try:
            text = np.frombuffer(net.text().encode(), np.uint8)
            self.net = cv2.dnn.readNetFromCaffe(text, np.fromfile(weights, np.uint8))
        except cv2.error as error:
            reason = str(error).strip().splitlines()[-1]
            raise InputError(
                f"{weights}: OpenCV cannot read it with {net.path} ({reason}); fuse again"
            ) from None
        if card is not None:
            cv2.cuda.setDevice(card)
            self.net.setPreferableBackend(cv2.dnn.DNN_BACKEND_CUDA)
            self.net.setPreferableTarget(cv2.dnn.DNN_TARGET_CUDA)

    def run(self, batch: np.ndarray, outputs: list[str]) -> dict[str, np.ndarray]:
        """See the module."""
        with self.lock:
            self.net.setInput(batch)
            return dict(zip(outputs, self.net.forward(list(outputs))))


class OnnxEngine:
    """onnxruntime, on the ONNX form of a net, which is made here and never read from a file."""

    def __init__(self, net: Net, weights: Weights, card: int | None, half: bool = False) -> None:
        """Take a net and its weights; card: number of a GPU, None for the CPU; half: fp16."""
        try:
            import onnxruntime  # the only engine that needs it
        except ImportError as error:
            raise InputError(f"engine onnxruntime: {error}; pip install onnxruntime") from None
        graph = onnx_form.graph(net, weights)
        if half:
            graph = onnx_half.halved(graph, net.path)
        self.net, form = net, onnx_form.file_of(graph)
        self.options = onnxruntime.RunOptions()
        self.options.only_execute_path_to_fetches = True
        self.lock, self.for_batches = threading.Lock(), {}  # {mini-batch: its session}, on a GPU
        self.open_another = None
        if card is None:
            self.session = self._open(onnxruntime, form, ["CPUExecutionProvider"])
        else:
            self.open_another = functools.partial(self._open_on_gpu, onnxruntime, form, card)
            self.session = self.open_another()

    def _open(self, onnxruntime, form, providers):
        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads = cv2.getNumThreads()  # one in a process of many
        # A model's nets have threads each: those that spin take the cores from the others'.
        settings.add_session_config_entry(SPINNING, "0")
        try:
            return onnxruntime.InferenceSession(form, settings, providers=providers)
        except Exception as error:  # onnxruntime's own kinds, which have no stable home
            raise InputError(
                f"{self.net.path}: onnxruntime cannot run it ({error}); use the engine opencv"
            ) from None

    def _open_on_gpu(self, onnxruntime, form, card):
        """Return a session on a GPU; InputError where onnxruntime would go on without it."""
        version = onnxruntime.__version__
        if CUDA not in onnxruntime.get_available_providers():
            raise InputError(
                f"GPU={card}: this onnxruntime {version} has no CUDA; pip uninstall onnxruntime, "
                "then pip install onnxruntime-gpu (docs/setup.md), or use engine caffe"
            )
        if hasattr(onnxruntime, "preload_dlls"):  # from 1.21 on: CUDA's libraries of PyPI
            onnxruntime.preload_dlls()
        settings = dict(
            device_id=card,
            use_tf32=0,  # else products have 10 bits, and are not Caffe's to 1e-4
            # The default times every algorithm for each new size of a picture.
            cudnn_conv_algo_search="HEURISTIC",
        )
        session = self._open(onnxruntime, form, [(CUDA, settings)])
        # Where CUDA's libraries are missing, onnxruntime warns and takes the CPU.
        if session.get_providers()[0] != CUDA:
            raise InputError(
                f"GPU={card}: onnxruntime {version} cannot use it, its message stands above; "
                "docs/setup.md says which CUDA and cuDNN it needs"
            )
        return session

    def run(self, batch: np.ndarray, outputs: list[str]) -> dict[str, np.ndarray]:
        """See the module."""
        if not self.open_another or batch.shape[1:] != self.net.shape or not len(batch):
            return dict(zip(outputs, self._ask(self.session, batch, outputs)))
        most = MINI_BATCHES[-1]
        parts = [batch[start : start + most] for start in range(0, len(batch), most)]
        found = [self._ask_in_a_planned_size(part, outputs) for part in parts]
        return dict(zip(outputs, map(np.concatenate, zip(*found))))

    def _ask_in_a_planned_size(self, part, outputs):
        """Fill a part up to the next of MINI_BATCHES, and ask the session that sees no other."""
        size = min(one for one in MINI_BATCHES if one >= len(part))
        with self.lock:
            if size not in self.for_batches:
                self.for_batches[size] = self.open_another() if self.for_batches else self.session
        filled = np.zeros((size, *self.net.shape), np.float32)
        filled[: len(part)] = part
        found = self._ask(self.for_batches[size], filled, outputs)
        return [values[: len(part)] for values in found]

    def _ask(self, session, batch, outputs):
        feed = {self.net.input: np.ascontiguousarray(batch)}
        return session.run(list(outputs), feed, self.options)
