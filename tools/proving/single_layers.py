"""Nets of one layer: every different layer of the kit's nets by itself, with made-up inputs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from allinone import schedules, tasks
from allinone.profiles import Profile
from allinone.pycaffe import caffe, caffe_pb2
from prototxt import deploy, towers
from tools import layers
from tools.timing.training import dummy_twin

ROWS = 2  # our choice: pictures in a mini-batch, since one would hide how they are laid out
INPUTS = ("Input", "DummyData")
FORWARD_ONLY = ("Accuracy",)  # Caffe has no backward pass of it, and aborts
Arrays = dict[str, np.ndarray]


@dataclass
class Case:
    """A layer by itself: its net, and what its inputs and its weights hold."""

    kind: str  # Caffe's type, of a Python layer its class
    name: str  # of the first layer of this form
    net: caffe_pb2.NetParameter
    phase: int
    inputs: Arrays  # {blob: values}


def nets_of(profile: Profile) -> Iterator[tuple[caffe_pb2.NetParameter, int]]:
    """Yield (definition, phase) of nets that have all layers of a profile, without its data."""
    for name in ("joint", tasks.DISTILL, tasks.HYPERFACE):
        job = schedules.JOBS[profile.name][name]
        job = replace(job, batch=dict.fromkeys(job.towers, ROWS))
        training = towers.train_net(profile, job, "", profile.identities, validation=1)
        for phase in (caffe.TRAIN, caffe.TEST):
            yield dummy_twin(towers.of_phase(training, phase)), phase
    for net in (deploy.deploy_net(profile), deploy.dense_net(profile)):
        yield net, caffe.TEST


def cases(profile: Profile) -> Iterator[Case]:
    """Yield each different layer of a profile's nets once: another type, setting or shape."""
    seen = set()
    for definition, phase in nets_of(profile):
        net = layers.load(definition, phase)
        shapes = {name: tuple(blob.shape) for name, blob in net.blobs.items()}
        for layer in [*definition.layer, *splits(net)]:
            if layer.type in INPUTS:
                continue
            sides = [shapes[blob] for blob in layer.bottom]
            alone = by_itself(layer, sides)
            key = str(alone), phase if layer.type == "Dropout" else None
            if key not in seen:
                seen.add(key)
                kind = layer.python_param.layer or layer.type
                inputs = made_up(kind, sides, np.random.default_rng(len(seen)))
                yield Case(kind, f"{definition.name}, {layer.name}", alone, phase, inputs)


def splits(net) -> list[caffe_pb2.LayerParameter]:
    """Return a layer of the type that Caffe puts in where several layers read a blob."""
    for name, layer in zip(net._layer_names, net.layers):
        if layer.type == "Split":
            blob = net.bottom_names[name][0]
            split = caffe_pb2.LayerParameter(name=name, type="Split", bottom=[blob])
            split.top.extend([f"{blob}_0", f"{blob}_1"])
            return [split]
    return []


def by_itself(layer, shapes) -> caffe_pb2.NetParameter:
    """Return a net of one layer whose inputs are called in0, in1 and so on, outputs out0, out1."""
    net = caffe_pb2.NetParameter(name="alone", force_backward=True)
    names = {}
    for place, (blob, shape) in enumerate(zip(layer.bottom, shapes)):
        names[blob] = f"in{place}"
        source = net.layer.add(name=names[blob], type="Input", top=[names[blob]])
        source.input_param.shape.add(dim=shape)
    alone = net.layer.add()
    alone.CopyFrom(layer)
    alone.name = "layer"
    alone.bottom[:] = [names[blob] for blob in layer.bottom]
    alone.top[:] = [names.get(blob, f"out{place}") for place, blob in enumerate(layer.top)]
    for param in alone.param:
        param.ClearField("name")
    return net


def made_up(kind: str, shapes, rng) -> Arrays:
    """Return inputs {in0: values, ...} that mean something to a kind of layer."""
    found = {f"in{place}": rng.normal(size=shape) for place, shape in enumerate(shapes)}
    if kind in ("SoftmaxWithLoss", "Accuracy"):  # classes, the last label unknown
        found["in1"] = rng.integers(0, shapes[0][1], shapes[1])
        found["in1"].flat[-1] = -1
    elif kind == "MaskedEuclidean":
        found["in2"] = rng.integers(0, 2, shapes[2])
    elif kind == "AgeLoss":  # years
        found = {name: 40 + 10 * values for name, values in found.items()}
        found["in2"] = rng.uniform(1, 5, shapes[2])
    return {name: np.float32(values) for name, values in found.items()}


def fill_weights(net, rng) -> None:
    """Write weights into a net of one layer: matrices that keep a signal's size, small vectors."""
    for blob in net.params.get("layer", ()):
        shape = tuple(blob.shape)
        if blob.count > 1:  # one number alone is a Python layer's counter
            scale = 1 / np.sqrt(np.prod(shape[1:])) if len(shape) > 1 else 0.2
            blob.data[...] = rng.normal(scale=scale, size=shape)


def run(case: Case) -> Arrays:
    """Return what a case gives on the device that Caffe is set to: outputs and gradients."""
    net = layers.load(case.net, case.phase)
    rng = np.random.default_rng(0)
    fill_weights(net, rng)
    for name, values in case.inputs.items():
        net.blobs[name].data[...] = values
    net.forward()
    tops = list(case.net.layer[-1].top)
    found = {f"output {name}": net.blobs[name].data.copy() for name in tops}
    if case.kind in FORWARD_ONLY:
        return found
    if not case.net.layer[-1].loss_weight and "Loss" not in case.kind:
        for name in tops:
            net.blobs[name].diff[...] = rng.normal(size=tuple(net.blobs[name].shape))
    net.backward()
    for name in case.inputs:
        found[f"gradient {name}"] = net.blobs[name].diff.copy()
    for place, blob in enumerate(net.params.get("layer", ())):
        found[f"gradient of weights {place}"] = blob.diff.copy()
    return found
