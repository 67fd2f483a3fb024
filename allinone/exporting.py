"""Write the ONNX forms of a fused model, and compare what engines say of the same pictures."""

from __future__ import annotations

import os

import numpy as np

from allinone import checked, engines, files, folders, onnx_form, onnx_half
from allinone.errors import InputError
from allinone.model import NETS, Model, fp16_name, onnx_name
from allinone.model_writing import replacing_file

TOLERANCE = 1e-4  # largest difference of two engines
# our choice: the same of onnxruntime-fp16, as a share of an output's largest value where that is
# above 1. fp16 has 11 bits, 5e-4; models/small was up to 4e-4 off on faces, on the CPU.
FP16_SHARE = 5e-3
KIND = folders.Kind(
    "ONNX export",
    holds=[name(weights) for _, weights in NETS for name in (onnx_name, fp16_name)],
    is_marked=True,
)

Values = dict[str, np.ndarray]


def export(model: Model, names: tuple[str, str], out: str | None = None) -> dict[str, str]:
    """Write the ONNX forms of a net of a model; return {engine that runs it: path}.

    names: of the net and its weights; out: a folder, default the model's, of which they become a
    part. InputError where a weight has no such form.
    """
    net, weights = checked.open_net(model, names)
    form = onnx_form.graph(net, weights)
    forms = {
        engines.ONNX: (onnx_name(names[1]), form),
        engines.ONNX_FP16: (fp16_name(names[1]), onnx_half.halved(form, net.path)),
    }
    for name, graph in forms.values():
        if out:
            _write(os.path.join(out, name), graph)
        else:
            with replacing_file(model.folder, name) as made:
                _write(made, graph)
    return {engine: os.path.join(out or model.folder, name) for engine, (name, _) in forms.items()}


def _write(path: str, graph: onnx_form.Graph) -> None:
    with files.replacing(path, "wb") as stream:
        stream.write(onnx_form.file_of(graph))


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
    """Return how far an engine may be from an output's values by the reference."""
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
                f"{path}: {engine} differs by {difference:.1e} at {output}, more than "
                f"{limit:.1e}; do not use it"
            )
    return different
