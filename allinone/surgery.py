"""Parameters by name: the name of a parameter is its identity in every net of the kit.

Caffe's own copy_from goes by layer name, and a net without a matching layer stays as it was, in silence. Here every
blob is accounted for.
"""

import os
from dataclasses import dataclass

import numpy as np
from google.protobuf import text_format

from allinone.errors import InputError
from allinone.pycaffe import caffe, caffe_pb2


def read_net(path):
    """Return the NetParameter of a prototxt; InputError where it is missing or not one (Caffe would abort)."""
    try:
        with open(path, encoding="utf-8") as stream:
            return text_format.Parse(stream.read(), caffe_pb2.NetParameter())
    except OSError:
        raise InputError(
            f"{path}: no such prototxt; `make nets` writes the nets of the kit"
        ) from None
    except (text_format.ParseError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path}: not a net in Caffe's text format ({error}); write it again"
        ) from None


def read_weights(path):
    """Return the NetParameter of a caffemodel; InputError where it is missing, cut off or not one."""
    if not os.path.isfile(path):
        raise InputError(f"{path}: no such caffemodel; train first, or give the path of a snapshot")
    weights = caffe_pb2.NetParameter()
    try:
        with open(path, "rb") as stream:
            weights.ParseFromString(stream.read())
    except Exception as error:  # protobuf's DecodeError has no stable home over its versions
        raise InputError(
            f"{path}: not a caffemodel, or cut off ({error}); use another snapshot"
        ) from None
    if not any(layer.blobs for layer in weights.layer):
        raise InputError(f"{path}: a caffemodel without any weights; use another snapshot")
    return weights


def parameter_names(net):
    """Return {layer name: [parameter names]} of a NetParameter's definition in training; unnamed ones are ''."""
    return {
        layer.name: [param.name for param in layer.param]
        for layer in net.layer
        if layer.param and not any(rule.phase == caffe.TEST for rule in layer.include)
    }


def blob_array(blob):
    """Return a BlobProto as a float32 array."""
    shape = tuple(blob.shape.dim) or (blob.num, blob.channels, blob.height, blob.width)
    return np.array(blob.data, np.float32).reshape(shape)


def by_name(net, weights, source):
    """Collect {parameter name: [(layer, array), ...]} of a caffemodel, every copy of it, by the net that it was trained as."""
    stored = {layer.name: layer.blobs for layer in weights.layer if layer.blobs}
    collected = {}
    for layer, names in parameter_names(net).items():
        if len(stored.get(layer, ())) != len(names):
            raise InputError(
                f"{source}: layer '{layer}' has {len(stored.get(layer, ()))} blobs, the net expects {len(names)}; "
                "the caffemodel belongs to another net or profile"
            )
        for name, blob in zip(names, stored[layer]):
            collected.setdefault(name, []).append((layer, blob_array(blob)))
    return collected


def one_of_each(collected, source, tolerance=0.0):
    """Return {parameter name: array} after checking that all copies of a shared weight agree."""
    for name, copies in collected.items():
        first_layer, first = copies[0]
        for layer, array in copies[1:]:
            if array.shape != first.shape or np.abs(array - first).max() > tolerance:
                raise InputError(
                    f"{source}: the copies of '{name}' in '{first_layer}' and '{layer}' differ; "
                    "the towers were not trained as one net"
                )
    return {name: copies[0][1] for name, copies in collected.items()}


TRUNK = tuple(f"conv{number}/w" for number in range(1, 6))  # what every net of the kit has
COUNTER = "/count"  # ends the names of iteration counts, which belong to a run and are no weights


@dataclass
class Report:
    """What a transplant did: parameter names."""

    matched: list  # written
    missing: list  # of the net, kept as they were
    unused: list  # of the source, with no place in the net


def transplant(net, definition, parameters, source, partial=False, cast=False):
    """Write arrays by parameter name into a caffe.Net; return a Report.

    definition: the net's NetParameter (text), which knows the parameters' names. partial: parameters that the source lacks
    keep their values, as long as the trunk is there. cast: a fully connected layer's weights may go into the convolution
    that it is (rows become kernels). InputError where a parameter is missing or of another shape.
    """
    matched, missing = set(), set()
    for layer, names in parameter_names(definition).items():
        for blob, name in zip(net.params[layer], names):
            if name.endswith(COUNTER):
                continue
            if name not in parameters:
                if not partial or name in TRUNK:
                    raise InputError(
                        f"{source}: the parameter '{name}' of layer '{layer}' is missing; the weights belong to another net"
                    )
                missing.add(name)
                continue
            array = parameters[name]
            if (
                cast
                and array.ndim == 2
                and blob.data.ndim == 4
                and array.shape == (blob.data.shape[0], blob.data[0].size)
            ):
                array = array.reshape(blob.data.shape)
            if blob.data.shape != array.shape:
                raise InputError(
                    f"{source}: '{name}' has the shape {array.shape}, the net needs "
                    f"{blob.data.shape}; the weights belong to another net or profile"
                )
            blob.data[...] = array
            matched.add(name)
    return Report(
        sorted(matched),
        sorted(missing),
        sorted(name for name in set(parameters) - matched if not name.endswith(COUNTER)),
    )


def load_net(net_path, weights_path):
    """Return (caffe.Net for testing, its NetParameter) with the weights of a caffemodel of that very net.

    InputError where they do not fit: Caffe would abort, or keep random weights and say nothing.
    """
    definition = read_net(net_path)
    parameters = one_of_each(
        by_name(definition, read_weights(weights_path), weights_path), weights_path
    )
    net = caffe.Net(net_path, caffe.TEST)
    transplant(net, definition, parameters, weights_path)
    return net, definition
