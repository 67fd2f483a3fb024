"""Write the ONNX forms of a fused model, and compare what engines say of the same pictures."""

from __future__ import annotations

import os

import numpy as np

from allinone import checked, engines, files, surgery
from allinone.errors import InputError
from allinone.model import fp16_name, onnx_name, open_model, replacing_file
from tools import onnx_form, onnx_half

TOLERANCE = 1e-4  # largest difference of two engines
# our choice: the same of onnxruntime-fp16, as a share of an output's largest value where that is
# above 1. fp16 has 11 bits, 5e-4; models/small was up to 4e-4 off on faces, on the CPU.
FP16_SHARE = 5e-3

Values = dict[str, np.ndarray]


def export(folder: str, names: tuple[str, str], free_sides: bool) -> tuple[dict[str, str], list]:
    """Write the ONNX forms of a net of a model: {engine that runs it: path}, final blobs.

    names: of the net and its weights; free_sides: pictures may have any size. InputError where a
    layer or a weight has no such form.
    """
    model = open_model(folder)
    checked.open_net(model, names)
    definition, weights = surgery.read_net(model.path(names[0])), model.path(names[1])
    collected = surgery.by_name(definition, surgery.read_weights(weights), weights)
    parameters = surgery.one_of_each(collected, weights)
    outputs = onnx_form.final_blobs(definition)
    form = onnx_form.convert(definition, parameters, outputs, free_sides)
    paths = {
        engines.ONNX: os.path.join(folder, onnx_name(names[1])),
        engines.ONNX_FP16: os.path.join(folder, fp16_name(names[1])),
    }
    forms = {engines.ONNX: form, engines.ONNX_FP16: onnx_half.halved(form, weights)}
    for engine, path in paths.items():
        with replacing_file(folder, os.path.basename(path)) as made:
            with files.replacing(made, "wb") as stream:
                stream.write(forms[engine].SerializeToString())
    return paths, outputs


def noise(side: int, count: int = 3) -> np.ndarray:
    """Return random pictures (count, 3, side, side) as a net takes them."""
    shape = count, 3, side, side
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def differences(reference: Values, found: Values) -> dict[str, float]:
    """Return {output: largest difference} of two engines."""
    return {
        output: float(np.abs(values - found[output].reshape(values.shape)).max())
        for output, values in reference.items()
    }


def allowed(engine: str, values: np.ndarray) -> float:
    """Return how far an engine may be from an output's values by Caffe."""
    if engine == engines.ONNX_FP16:
        return FP16_SHARE * max(1.0, float(np.abs(values).max()))
    return TOLERANCE


def check(engine: str, path: str, reference: Values, found: Values) -> dict[str, float]:
    """Return the differences; InputError where an output is too far from the reference's."""
    different = differences(reference, found)
    for output, difference in different.items():
        limit = allowed(engine, reference[output])
        if not difference <= limit:
            raise InputError(
                f"{path}: {engine} differs from Caffe by {difference:.1e} at {output}, more than "
                f"{limit:.1e}; do not use it"
            )
    return different
