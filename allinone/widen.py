"""A wider net that says what a narrower one said: Net2WiderNet (Chen, Goodfellow and Shlens 2016, section 2.3), by parameter name."""

import numpy as np

from allinone.errors import InputError


def widened(parameters, net, definition, source, seed=1):
    """Return {parameter name: array} for a wider net of the same layers; parameters that it lacks, or that fit, stay as they are.

    parameters: {name: array} of the narrow net, from `source`; net, definition: the wide caffe.Net and its NetParameter. Maps and units are
    repeated; what reads them gets their weights in random shares that add up to the old ones, so that the repeated ones part in training.
    InputError where a width is no multiple of the old one.
    """
    rng = np.random.default_rng([seed, 16])
    inputs = {
        name: [net.blobs[blob].shape[1] for blob in blobs]
        for name, blobs in _inputs(definition).items()
    }
    result = dict(parameters)
    for layer in definition.layer:
        for blob, param in zip(net.params.get(layer.name, ()), layer.param):
            old, shape = parameters.get(param.name), tuple(blob.data.shape)
            if old is None or result[param.name].shape == shape:
                continue
            if (
                old.ndim != len(shape)
                or any(new % was for new, was in zip(shape, old.shape))
                or old.shape[2:] != shape[2:]
            ):
                raise InputError(
                    f"{source}: '{param.name}' has the shape {old.shape}, which cannot be widened to {shape}; start from a net of the same layers whose widths divide these"
                )
            array = np.tile(old, (shape[0] // old.shape[0],) + (1,) * (old.ndim - 1))
            if old.ndim > 1 and shape[1] > old.shape[1]:
                array = _split(rng, array, shape[1] // old.shape[1], inputs[layer.name])
            result[param.name] = array.astype(np.float32)
    return result


def _inputs(definition):
    """Return {layer: the blobs that it reads, those of a Concat one by one}."""
    joined = {
        layer.top[0]: list(layer.bottom) for layer in definition.layer if layer.type == "Concat"
    }
    return {
        layer.name: joined.get(layer.bottom[0], [layer.bottom[0]])
        for layer in definition.layer
        if layer.bottom
    }


def _split(rng, array, times, blocks):
    """Return weights (out, in * times, ...) whose repeated inputs share the old weights; blocks: wide maps of each blob that is read."""
    shares = rng.dirichlet(np.ones(times), size=array.shape).astype(
        np.float32
    )  # (..., times), each adding up to 1
    copies = np.moveaxis(array[..., None] * shares, -1, 0)  # (times, out, in, ...)
    per_map = (
        array.shape[1] * times / sum(blocks)
    )  # units of each map that a fully connected layer reads
    ends = np.cumsum([round(block * per_map / times) for block in blocks])[:-1]
    return np.concatenate(
        [
            part
            for block in zip(*(np.split(copy, ends, axis=1) for copy in copies))
            for part in block
        ],
        axis=1,
    )
