"""What runs a deploy net: Caffe, the reference; OpenCV and onnxruntime, which are faster on a CPU.

All three give the same numbers. An engine is made of a `Model`, the file names of a net and its
weights, and a GPU number as text ("": the CPU). run(batch, outputs) takes a float32 batch
(n, 3, h, w) and returns {output: array}; it computes no layer that none of the outputs needs.
InputError where a file is missing or broken, or where a GPU is asked for that the engine has not:
none falls back to the CPU in silence. Only the engine that is used is imported.
"""

from __future__ import annotations

import cv2
import numpy as np

from allinone.errors import InputError
from allinone.model import Model, onnx_name

ENGINES = ("caffe", "opencv", "onnxruntime")


def make(name: str, model: Model, names: tuple[str, str], gpu: str = ""):
    """Return an engine by its name; InputError where it does not exist or cannot run the model."""
    if name not in ENGINES:
        raise InputError(f"engine '{name}': there are {', '.join(ENGINES)}")
    if name not in model.engines():
        raise InputError(
            f"engine {name}: {model.folder} runs on {', '.join(model.engines())}; write its ONNX "
            f"form with make export MODEL={model.folder}"
        )
    if name == "caffe":
        from allinone.caffe_engine import CaffeEngine  # imports Caffe

        return CaffeEngine(model, names)
    if name == "opencv":
        return OpencvEngine(model, names, gpu)
    return OnnxEngine(model, names, gpu)


class OpencvEngine:
    """cv2.dnn, which reads Caffe's two files itself."""

    def __init__(self, model: Model, names: tuple[str, str], gpu: str) -> None:
        """Read the net."""
        paths = [model.path(name) for name in names]
        if gpu and not cv2.cuda.getCudaEnabledDeviceCount():
            raise InputError(
                f"GPU={gpu}: this OpenCV is built without CUDA; use engine caffe, or none"
            )
        try:
            self.net = cv2.dnn.readNetFromCaffe(*paths)
        except cv2.error as error:
            reason = str(error).strip().splitlines()[-1]
            raise InputError(
                f"{paths[1]}: OpenCV cannot read it with {paths[0]} ({reason}); fuse again"
            ) from None
        if gpu:
            cv2.cuda.setDevice(int(gpu))
            self.net.setPreferableBackend(cv2.dnn.DNN_BACKEND_CUDA)
            self.net.setPreferableTarget(cv2.dnn.DNN_TARGET_CUDA)

    def run(self, batch: np.ndarray, outputs: list[str]) -> dict[str, np.ndarray]:
        """See the module."""
        self.net.setInput(batch)
        return dict(zip(outputs, self.net.forward(list(outputs))))


class OnnxEngine:
    """onnxruntime, on the file that tools.export_onnx writes beside the two."""

    def __init__(self, model: Model, names: tuple[str, str], gpu: str) -> None:
        """Read the net."""
        try:
            import onnxruntime  # the only engine that needs it
        except ImportError as error:
            raise InputError(f"engine onnxruntime: {error}; pip install onnxruntime") from None
        path = model.path(onnx_name(names[1]))
        if gpu and "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
            raise InputError(
                f"GPU={gpu}: this onnxruntime has no CUDA; install onnxruntime-gpu, or use "
                "engine caffe"
            )
        providers: list = ["CPUExecutionProvider"]
        if gpu:
            providers = [("CUDAExecutionProvider", {"device_id": int(gpu)})]
        try:
            self.session = onnxruntime.InferenceSession(path, providers=providers)
        except Exception as error:  # onnxruntime's own kinds, which have no stable home
            raise InputError(
                f"{path}: onnxruntime cannot read it ({error}); write it again with "
                f"make export MODEL={model.folder}"
            ) from None
        self.options = onnxruntime.RunOptions()
        self.options.only_execute_path_to_fetches = True
        self.input = self.session.get_inputs()[0].name

    def run(self, batch: np.ndarray, outputs: list[str]) -> dict[str, np.ndarray]:
        """See the module."""
        feed = {self.input: np.ascontiguousarray(batch)}
        return dict(zip(outputs, self.session.run(list(outputs), feed, self.options)))
