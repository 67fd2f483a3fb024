"""The embedding of a model: a linear map of descriptors, after which cosines tell people apart.

evaluate.tpe learns it. Its file, tpe.h5, is a part of the model.
"""

from __future__ import annotations

import numbers
from typing import Optional

import numpy as np

from allinone import hdf5
from allinone.errors import InputError
from allinone.model import TPE, Model

OF_MODEL = "descriptor"  # name of a model's own embedding in its file
PLAIN = "threshold_without"  # attribute: the threshold of the descriptors themselves


def unit_length(descriptors):
    """Return descriptors (..., d) scaled to Euclidean length 1."""
    return descriptors / np.maximum(np.linalg.norm(descriptors, axis=-1, keepdims=True), 1e-12)


def apply(weights, descriptors):
    """Return descriptors (..., d) at length 1, mapped by W, at length 1 (..., size)."""
    return unit_length(unit_length(np.asarray(descriptors)) @ weights.T)


def save(path, maps, **about):
    """Write {name: W} as HDF5 with attributes."""
    with hdf5.replacing(path) as data:
        for name, weights in maps.items():
            data[name] = weights
        data.attrs.update(about)


def load(path):
    """Return ({name: W}, attributes) of a file that `save` wrote.

    InputError where it is none, or where a number of W is not finite.
    """
    mend = "make tpe-ijba, or evaluate.learn_tpe, writes it"
    with hdf5.opened(path, mend) as data:
        wanted = {name: hdf5.Array("f", (None, None)) for name in data}
    maps, about = hdf5.read(path, wanted, mend, of_one_length=False)
    for name, weights in maps.items():
        if not np.isfinite(weights).all():
            raise InputError(f"{path}: '{name}' holds NaN or infinite numbers; {mend}")
    return maps, about


def of_model(model: Model) -> Optional[tuple[np.ndarray, float]]:
    """Return a model's own embedding, or None where it has none.

    It is (W, the cosine from which on two faces are one person's). InputError where it belongs to
    other weights.
    """
    if not model.has(TPE):
        return None
    maps, about = load(model.path(TPE))
    if OF_MODEL not in maps or "threshold" not in about or about.get("model") != model.sha256:
        raise InputError(
            f"{model.path(TPE)}: was learnt from other weights than those beside it, or has no "
            "threshold; learn it again (python -m evaluate.learn_tpe --help)"
        )
    return maps[OF_MODEL], _number(model, about, "threshold")


def plain_threshold(model: Model) -> Optional[float]:
    """Return the cosine of a model's descriptors from which on two faces are one person's.

    It is measured with the embedding, and stands in its file; None where nobody has measured it.
    """
    if not model.has(TPE):
        return None
    _, about = load(model.path(TPE))
    if PLAIN not in about or about.get("model") != model.sha256:
        return None
    return _number(model, about, PLAIN)


def _number(model, about, name):
    """Return a number of an embedding's attributes; InputError where it is none, or not finite."""
    value = about[name]
    if not isinstance(value, numbers.Real) or not np.isfinite(value):
        raise InputError(f"{model.path(TPE)}: its {name} is no finite number; learn it again")
    return float(value)
