"""Fusing on the device, and what every engine says of the same pictures."""

from __future__ import annotations

import os

import cv2
import numpy as np

from allinone import device, engines, exporting, model, reading, store
from allinone.blob import to_blob
from allinone.errors import InputError
from tools.proving import commands
from tools.proving.data_step import database
from tools.proving.job import Found, Job, apart

FACES = 8  # drawn faces that engines are asked for, beside noise


def fuse(job: Job) -> Found:
    """Fuse a run; the command proves each output equal to its sub-network's, on the device."""
    found, name = Found(), job.profile_name
    folder = job.path(name, "model")
    command = ["tools.fuse", "--run", job.path(name, "run"), "--out", folder, "--gpu", job.card]
    commands.run(name, *command)
    history = reading.read_json(os.path.join(folder, model.PROVENANCE), "fuse again", dict)
    limit = history["tolerance"]
    for what, kind in (("the towers", ""), ("its dense form", "_dense")):
        worst = max(history[f"largest_difference{kind}"].values())
        most = f"at most {limit:g}"
        found.judge(f"the fused net and {what}", worst <= limit, apart(worst), most)
        found.figures[f"difference{kind}"] = worst
    return found


def shipped(job: Job) -> Found:
    """Compare the engines on the model that comes with the kit."""
    return compare_engines(job, model.shipped(), job.profiles[0])


def fused(job: Job) -> Found:
    """Compare the engines on a profile's fused model."""
    return compare_engines(job, job.path(job.profile_name, "model"), job.profile_name)


def compare_engines(job: Job, folder: str, profile: str) -> Found:
    """Compare every engine with Caffe on the CPU, on a model."""
    found = Found()
    batch = pictures(job, profile, model.open_model(folder).input_size)
    reference = commands.in_process(bool(job.cards), answers, folder, engines.CAFFE, "", batch)
    for engine in engines.ENGINES:
        for gpu in ("", job.card) if job.cards else ("",):
            if engine == engines.CAFFE and not gpu:
                continue
            what = f"{engine} on the {f'GPU {gpu}' if gpu else 'CPU'}"
            why = lacking(engine, gpu)
            if why:
                found.leave_out(what, f"not run: {why}")
                continue
            try:
                values = commands.in_process(bool(gpu), answers, folder, engine, gpu, batch)
            except InputError as error:
                found.judge(what, False, "no answer", str(error))
                continue
            compare(found, what, engine, reference, values)
    if not job.cards:
        found.leave_out("the same engines on a GPU")
    return found


def compare(found: Found, what: str, engine: str, reference, values) -> None:
    """Add a row: the output of an engine that is furthest from the reference, by its limit."""
    different, limits = exporting.differences(reference, values), {}
    share = exporting.FP16_SHARE if engine == engines.ONNX_FP16 else exporting.TOLERANCE
    for name, one in reference.items():  # a share: an age of 80 years has fewer digits left
        limits[name] = share * max(1.0, float(np.abs(one).max()))
    shares = {name: different[name] / limits[name] for name in different}
    worst = max(shares, key=lambda name: np.nan_to_num(shares[name], nan=np.inf))
    figure = f"{apart(different[worst])} at {worst}"
    found.judge(what, shares[worst] <= 1, figure, f"at most {limits[worst]:.0e}")
    found.figures[what] = different


def lacking(engine: str, gpu: str) -> str:
    """Return what this machine lacks to try an engine at all, "" where nothing."""
    if engine == engines.OPENCV and gpu and not cv2.cuda.getCudaEnabledDeviceCount():
        return "this OpenCV is built without CUDA"
    if engine.startswith(engines.ONNX):
        providers = engines.onnxruntime_providers()
        if not providers:
            return "there is no onnxruntime here"
        if gpu and engines.CUDA not in providers:
            return "this onnxruntime has no CUDA (docs/setup.md says which has)"
    return ""


def opened_net(folder: str, engine: str, gpu: str):
    """Return (model, its fused net on a device, the blobs of all its outputs)."""
    if engine == engines.CAFFE:
        device.use(gpu)
    opened = model.open_model(folder)
    blobs = [blob for stage in opened.about.stages.values() for blob in stage.values()]
    return opened, engines.make(engine, opened, model.FUSED, gpu), blobs


def answers(folder: str, engine: str, gpu: str, batch: np.ndarray) -> dict[str, np.ndarray]:
    """Return {output: values} of a model on a batch."""
    _, net, blobs = opened_net(folder, engine, gpu)
    return net.run(batch, blobs)


def pictures(job: Job, profile: str, side: int) -> np.ndarray:
    """Return drawn faces and noise as a net takes them, (n, 3, side, side)."""
    reader = store.Reader(os.path.join(database(job, profile), "smile"))
    faces = [reader.image(reader.datum(number)) for number in range(FACES)]
    same = to_blob([cv2.resize(face, (side, side)) for face in faces])
    return np.concatenate([same, exporting.noise(side)])
