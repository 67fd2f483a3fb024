"""What the machine is made of, and a forward pass on each card."""

from __future__ import annotations

import glob
import hashlib
import importlib.metadata
import os

import cv2

from allinone import device, files
from allinone.errors import InputError
from tools.proving import card
from tools.proving.job import NO_GPU, Found, Job


def caffe_build() -> dict:
    """Return version, folder, NCCL and the hash of the Caffe that is used."""
    from allinone.pycaffe import caffe  # where it is missing, that is a sentence

    folder = os.path.dirname(caffe.__file__)
    digest = hashlib.sha256()
    for path in sorted(glob.glob(os.path.join(folder, "*.so*"))):
        digest.update(files.sha256(path).encode())
    return dict(
        version=caffe.__version__,
        folder=folder,
        nccl=bool(getattr(caffe, "has_nccl", bool)()),
        sha256=digest.hexdigest(),
    )


def onnxruntime_build() -> dict:
    """Return version and providers of onnxruntime; {} where there is none."""
    try:
        import onnxruntime  # analysis alone needs it
    except ImportError:
        return {}
    return dict(version=onnxruntime.__version__, providers=onnxruntime.get_available_providers())


def describe(found: Found, job: Job) -> None:
    """Add what the machine is made of."""
    found.add("machine", device.machine(job.used))
    try:
        build = caffe_build()
        found.add("Caffe", build["version"], f"{build['folder']}, NCCL: {build['nccl']}")
    except InputError as error:
        build = {}
        found.judge("Caffe", False, "none", str(error))
    runtime = onnxruntime_build()
    if runtime:
        found.add("onnxruntime", runtime["version"], ", ".join(runtime["providers"]))
    found.add("OpenCV", cv2.__version__, f"CUDA devices: {cv2.cuda.getCudaEnabledDeviceCount()}")
    cudnn = [
        f"{one.metadata['Name']} {one.version}"
        for one in importlib.metadata.distributions()
        if (one.metadata["Name"] or "").startswith("nvidia-cudnn")
    ]
    found.figures.update(
        caffe=build,
        onnxruntime=runtime,
        opencv=cv2.__version__,
        cudnn=sorted(cudnn),
        cores=os.cpu_count(),
        cards=[card.about(number) for number in job.cards],
    )


def step(job: Job) -> Found:
    """Describe the machine, and try a forward pass on each card."""
    found = Found()
    describe(found, job)
    for number, about in zip(job.cards, found.figures["cards"]):
        name = about.get("name", "a card that the driver does not name")
        reason = device.probe_gpu(number)
        figure = (
            f"{name}, {about['memory_gib']} GiB, compute capability {about['capability']}, driver "
            f"for CUDA {about['driver_cuda']}"
            if about
            else name
        )
        found.judge(f"a forward pass on GPU {number}", not reason, figure, reason or "right")
    if not job.cards:
        found.leave_out("a forward pass on a GPU", NO_GPU)
    return found
