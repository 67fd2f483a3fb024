"""A wider net that gives a narrower one's answers, by parameter name.

Net2WiderNet (Chen, Goodfellow and Shlens 2016, section 2.3).
"""

from __future__ import annotations

import numpy as np

from allinone.errors import InputError
from allinone.surgery import Parameters


def widened(parameters: Parameters, net, definition, source: str, seed: int = 1) -> Parameters:
    """Return {parameter name: array} for a wider net of the same layers.

    parameters: those of the narrow net, from `source`; net, definition: the wide caffe.Net and its
    NetParameter. Maps and units are repeated; what reads them gets its weights in random shares
    that add up to the old ones, so that training makes repeated ones differ. Parameters that the
    wide net lacks, or that fit, stay. InputError where a width is no multiple of the old.
    """
    rng = np.random.default_rng([seed, 16])
    inputs = {}
    for layer, blobs in _inputs(definition).items():
        inputs[layer] = [net.blobs[blob].shape[1] for blob in blobs]
    result = dict(parameters)
    for layer in definition.layer:
        for blob, param in zip(net.params.get(layer.name, ()), layer.param):
            old, shape = parameters.get(param.name), tuple(blob.data.shape)
            if old is None or result[param.name].shape == shape:
                continue
            if not _divides(old.shape, shape):
                raise InputError(
                    f"{source}: '{param.name}' has the shape {old.shape}, which cannot be widened "
                    f"to {shape}; start from a net of the same layers whose widths divide these"
                )
            array = np.tile(old, (shape[0] // old.shape[0],) + (1,) * (old.ndim - 1))
            if old.ndim > 1 and shape[1] > old.shape[1]:
                array = _split(rng, array, shape[1] // old.shape[1], inputs[layer.name])
            result[param.name] = array.astype(np.float32)
    return result


def _divides(old, shape):
    """Return whether a shape has the old one's kernels and multiples of its widths."""
    if len(old) != len(shape) or old[2:] != shape[2:]:
        return False
    return not any(new % was for new, was in zip(shape, old))


def _inputs(definition):
    """Return {layer: the blobs that it reads, those of a Concat one by one}."""
    joined, inputs = {}, {}
    for layer in definition.layer:
        if layer.type == "Concat":
            joined[layer.top[0]] = list(layer.bottom)
    for layer in definition.layer:
        if layer.bottom:
            inputs[layer.name] = joined.get(layer.bottom[0], [layer.bottom[0]])
    return inputs


def _split(rng, array, times, blocks):
    """Return weights (out, in * times, ...) whose repeated inputs share the old weights.

    blocks: wide maps of each blob that is read.
    """
    # (..., times), each adding up to 1
    shares = rng.dirichlet(np.ones(times), size=array.shape).astype(np.float32)
    copies = np.moveaxis(array[..., None] * shares, -1, 0)  # (times, out, in, ...)
    per_map = array.shape[1] * times / sum(blocks)  # units of each map that a layer reads
    ends = np.cumsum([round(block * per_map / times) for block in blocks])[:-1]
    parts = []
    for block in zip(*(np.split(copy, ends, axis=1) for copy in copies)):
        parts.extend(block)
    return np.concatenate(parts, axis=1)
