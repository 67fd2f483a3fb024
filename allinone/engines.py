"""What runs a deploy net: Caffe, the reference; OpenCV and onnxruntime, which are faster on a CPU. All three give the same numbers.

An engine is made of a folder, the names of its net and weights there, and GPU numbers; run(blob, outputs) takes a float32 batch (n, 3, h, w)
and returns {output: array}, computing no layer that none of the outputs needs. InputError where a file is missing or broken,
or a GPU is asked for that the engine has not: none falls back to the CPU in silence.
"""
import os

import cv2
import numpy as np

from allinone import surgery
from allinone.errors import InputError


class CaffeEngine:
    """pycaffe, on the device that allinone.device.use has chosen."""

    def __init__(self, folder, names, gpu):
        self.net, definition = surgery.load_net(*(os.path.join(folder, name) for name in names))
        self.order = {top: place for place, layer in enumerate(definition.layer) for top in layer.top}
        self.layers, self.input = [layer.name for layer in definition.layer], self.net.inputs[0]

    def run(self, batch, outputs):
        """See the module."""
        self.net.blobs[self.input].reshape(*batch.shape)
        self.net.blobs[self.input].data[...] = batch
        self.net.forward(end=self.layers[max(self.order[output] for output in outputs)])
        return {output: self.net.blobs[output].data.copy() for output in outputs}


class OpencvEngine:
    """cv2.dnn, which reads Caffe's two files itself."""

    def __init__(self, folder, names, gpu):
        paths = [os.path.join(folder, name) for name in names]
        for path in paths:
            if not os.path.isfile(path):
                raise InputError(f"{path}: no such file; give the folder of a fused model (make fuse)")
        if gpu and not cv2.cuda.getCudaEnabledDeviceCount():
            raise InputError(f"GPU={gpu}: this OpenCV is built without CUDA; use engine caffe, or none")
        try:
            self.net = cv2.dnn.readNetFromCaffe(*paths)
        except cv2.error as error:
            raise InputError(f"{paths[1]}: OpenCV cannot read it with {paths[0]} ({str(error).strip().splitlines()[-1]}); fuse again") from None
        if gpu:
            cv2.cuda.setDevice(int(gpu))
            self.net.setPreferableBackend(cv2.dnn.DNN_BACKEND_CUDA)
            self.net.setPreferableTarget(cv2.dnn.DNN_TARGET_CUDA)

    def run(self, batch, outputs):
        """See the module."""
        self.net.setInput(batch)
        return dict(zip(outputs, self.net.forward(list(outputs))))


class OnnxEngine:
    """onnxruntime, on the file that tools.export_onnx writes beside the two."""

    def __init__(self, folder, names, gpu):
        try:
            import onnxruntime                 # late: the only engine that needs it
        except ImportError as error:
            raise InputError(f"engine onnxruntime: {error}; pip install onnxruntime") from None
        path = os.path.join(folder, onnx_name(names[1]))
        if not os.path.isfile(path):
            raise InputError(f"{path}: no such file; write it with make export MODEL={folder}")
        if gpu and "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
            raise InputError(f"GPU={gpu}: this onnxruntime has no CUDA; install onnxruntime-gpu, or use engine caffe")
        providers = [("CUDAExecutionProvider", dict(device_id=int(gpu)))] if gpu else ["CPUExecutionProvider"]
        try:
            self.session = onnxruntime.InferenceSession(path, providers=providers)
        except Exception as error:   # onnxruntime's own kinds, which have no stable home
            raise InputError(f"{path}: onnxruntime cannot read it ({error}); write it again with make export MODEL={folder}") from None
        self.options = onnxruntime.RunOptions()
        self.options.only_execute_path_to_fetches = True
        self.input = self.session.get_inputs()[0].name

    def run(self, batch, outputs):
        """See the module."""
        return dict(zip(outputs, self.session.run(list(outputs), {self.input: np.ascontiguousarray(batch)}, self.options)))


ENGINES = dict(caffe=CaffeEngine, opencv=OpencvEngine, onnxruntime=OnnxEngine)


def onnx_name(weights):
    """Return the file name of the ONNX form of a caffemodel."""
    return f"{os.path.splitext(weights)[0]}.onnx"
