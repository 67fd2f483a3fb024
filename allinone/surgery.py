"""Weights by parameter name, which says in every net of the kit which weight it is.

Caffe's own copy_from goes by layer name and leaves a net without a matching layer as it was, in
silence. Here every blob is accounted for.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from allinone import files, net_text, packed, reading
from allinone.errors import InputError
from allinone.pycaffe import caffe, caffe_pb2, text_format

LARGEST = 2**31 - 1  # bytes of a caffemodel, as protobuf has it
Parameters = dict[str, np.ndarray]
SPARE = 1 << 18  # bytes that the names and shapes of a net take at most
Copies = dict[str, list[tuple[str, np.ndarray]]]  # {parameter name: [(layer, array), ...]}


def read_net(path: str) -> caffe_pb2.NetParameter:
    """Return the NetParameter of a prototxt.

    InputError where it is missing or not one; Caffe itself would abort.
    """
    mend = "`make nets` writes the nets of the kit"
    data = reading.read_bytes(path, mend, net_text.LARGEST)
    try:
        return text_format.Parse(data.decode("utf-8"), caffe_pb2.NetParameter())
    except (text_format.ParseError, ValueError, RecursionError) as error:
        raise InputError(
            f"{path}: not a net in Caffe's text format ({error}); write it again"
        ) from None


def parse_weights(path: str, if_missing: str, if_broken: str) -> packed.NetParameter:
    """Return the NetParameter of any caffemodel; blob_array reads its blobs.

    InputError where it is missing, no plain file, too large (if_missing: what to do then), cut off
    or not one (if_broken).
    """
    weights, data = packed.NetParameter(), reading.read_bytes(path, if_missing, LARGEST)
    try:
        weights.ParseFromString(data)
    except Exception as error:  # which one depends on protobuf's version
        raise InputError(f"{path}: not a caffemodel, or cut off ({error}); {if_broken}") from None
    return weights


def read_weights(path: str) -> packed.NetParameter:
    """Return the NetParameter of a caffemodel; InputError where it is missing, cut or not one."""
    weights = parse_weights(
        path, "train first, or give the path of a snapshot", "use another snapshot"
    )
    if not any(layer.blobs for layer in weights.layer):
        raise InputError(f"{path}: a caffemodel without any weights; use another snapshot")
    return weights


def size_of(net) -> int:
    """Return the bytes of the weights of a caffe.Net."""
    return sum(blob.data.nbytes for blobs in net.params.values() for blob in blobs)


def save(net, path: str) -> None:
    """Write the weights of a caffe.Net; InputError where there is no room: Caffe would abort."""
    files.refuse_without_room(path, size_of(net) + SPARE)
    net.save(path)


def parameter_names(net: caffe_pb2.NetParameter) -> dict[str, list[str]]:
    """Return {layer name: [parameter names]} of a net in training; unnamed parameters are ''."""
    names = {}
    for layer in net.layer:
        only_test = any(rule.phase == caffe.TEST for rule in layer.include)
        if layer.param and not only_test:
            names[layer.name] = [param.name for param in layer.param]
    return names


def blob_array(blob) -> np.ndarray:
    """Return a BlobProto of a caffemodel as a float32 array; ValueError where it is malformed."""
    shape = tuple(blob.shape.dim) or (blob.num, blob.channels, blob.height, blob.width)
    return np.frombuffer(blob.data, "<f4").astype(np.float32).reshape(shape)


def array_of(blob, layer, source):
    """Return a BlobProto as an array; InputError where it is malformed or not all are numbers."""
    try:
        array = blob_array(blob)
    except ValueError as error:
        raise InputError(
            f"{source}: weights of '{layer}' are malformed ({error}); use another snapshot"
        ) from None
    if not np.isfinite(array).all():
        raise InputError(
            f"{source}: weights of '{layer}' are no numbers (NaN or infinite); use another "
            "snapshot, or train again with a lower base_lr"
        )
    return array


def by_name(net: caffe_pb2.NetParameter, weights: packed.NetParameter, source: str) -> Copies:
    """Return every copy of each parameter of a caffemodel, by the net that it was trained as.

    source: what an error calls the caffemodel. InputError where it does not belong to the net.
    """
    stored = {layer.name: layer.blobs for layer in weights.layer if layer.blobs}
    collected = {}
    for layer, names in parameter_names(net).items():
        count = len(stored.get(layer, ()))
        if count != len(names):
            raise InputError(
                f"{source}: layer '{layer}' has {count} blobs, the net expects {len(names)}; the "
                "caffemodel belongs to another net or profile"
            )
        for name, blob in zip(names, stored[layer]):
            collected.setdefault(name, []).append((layer, array_of(blob, layer, source)))
    return collected


def one_of_each(collected: Copies, source: str, tolerance: float = 0.0) -> Parameters:
    """Return {parameter name: array}; InputError where copies of a shared weight differ."""
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
CLASSIFIER = "fc8"  # over the people of the training set; only training nets have it
TO_TEACHER = "to_teacher"  # from the descriptor to a teacher's; only training nets have it
COUNTER = "/count"  # ends the names of iteration counts, which belong to a run and are no weights


@dataclass
class Report:
    """What a transplant did, by parameter name."""

    matched: list[str]  # written
    missing: list[str]  # of the net, kept as they were
    unused: list[str]  # of the source, with no place in the net


def transplant(
    net,
    definition: caffe_pb2.NetParameter,
    parameters: Parameters,
    source: str,
    partial: bool = False,
    cast: bool = False,
) -> Report:
    """Write arrays by parameter name into a caffe.Net; return a Report.

    definition: the net's NetParameter, which has the parameters' names; source: what an error calls
    the weights. partial: parameters that the source lacks keep their values; the trunk must
    exist. cast: a fully connected layer's weights may go into the convolution that it is (rows
    become kernels). InputError where a parameter is missing or of another shape.
    """
    matched, missing = set(), set()
    for layer, names in parameter_names(definition).items():
        for blob, name in zip(net.params[layer], names):
            if name.endswith(COUNTER):
                continue
            if name not in parameters:
                if not partial or _is_of_trunk(name):
                    raise InputError(
                        f"{source}: the parameter '{name}' of layer '{layer}' is missing; the "
                        "weights belong to another net"
                    )
                missing.add(name)
                continue
            array = parameters[name]
            if cast and _is_fully_connected_of(array, blob.data):
                array = array.reshape(blob.data.shape)
            if blob.data.shape != array.shape:
                raise InputError(
                    f"{source}: '{name}' has the shape {array.shape}, the net needs "
                    f"{blob.data.shape}; the weights belong to another net or profile"
                )
            blob.data[...] = array
            matched.add(name)
    unused = {name for name in set(parameters) - matched if not name.endswith(COUNTER)}
    return Report(sorted(matched), sorted(missing), sorted(unused))


def _is_of_trunk(name):
    """Return whether a parameter is one of TRUNK, or the baseline's of that layer."""
    return "/".join(name.split("/")[-2:]) in TRUNK


def _is_fully_connected_of(array, kernels):
    """Return whether an array holds the weights of a convolution as a fully connected layer's."""
    return (
        array.ndim == 2 and kernels.ndim == 4 and array.shape == (kernels.shape[0], kernels[0].size)
    )
