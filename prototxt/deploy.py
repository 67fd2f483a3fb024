"""The nets without data and losses: the fused one, its fully convolutional form, HyperFace's, and the bare towers."""

from allinone import tasks
from allinone.pycaffe import L, NetSpec
from prototxt import backbone, heads
from prototxt.blocks import Tower
from prototxt.towers import add_outputs, make_tower, named


def bare_net(profile, names=tasks.TOWERS):
    """Return towers with their inputs and final outputs, no data and no loss: the truth that a fused net must meet.

    Layers are named as in the training nets, so that Caffe itself loads a snapshot into it: HyperFace needs no other
    deploy net.
    """
    net = NetSpec()
    for name in names:
        tower = make_tower(net, name, f"{name}/")
        data = tower.put(
            "input", _input(profile)
        )  # not "data": that layer of the training net holds a counter
        for task, top in add_outputs(tower, name, data, profile).items():
            _final(tower, tasks.BY_NAME[task], top)
    return named(net, f"AllInOneFace_{profile.name}_{names[0] if len(names) == 1 else 'towers'}")


def deploy_net(profile):
    """Return the fused net: stage 1 first, so that `forward(end=<stage_one_end>)` computes nothing that only stage 2 needs."""
    net = NetSpec()
    tower = Tower(net)
    tower.put("data", _input(profile))
    backbone.trunk(tower, tower["data"], profile, upto=5)
    fc_full = heads.fusion(tower, profile)
    for stage in (1, 2):
        for task in tasks.TASKS:
            if task.tower in ("det", "smile") and task.stage == stage:
                _final(tower, task, heads.independent(tower, task, fc_full, profile))
    conv6 = tower.conv("conv6", tower.active("conv5"), profile.conv[5], kernel=3, pad=1)
    pooled = tower.max_pool("pool6", conv6)
    for name in ("gender", "age"):
        _final(
            tower, tasks.BY_NAME[name], heads.attribute(tower, tasks.BY_NAME[name], pooled, profile)
        )
    _final(tower, tasks.BY_NAME["identity"], heads.descriptor(tower, profile))
    return named(net, f"AllInOneFace_{profile.name}_deploy")


def dense_net(profile):
    """Return stage 1 of the fused net as convolutions alone: it takes pictures of input_size + 32 n pixels a side.

    Outputs are maps (n, size, rows, columns), a window of input_size pixels every 32 pixels. At input_size they
    are the deploy net's numbers; in larger pictures a window sees its surroundings where its crop would see zero padding.
    """
    net = NetSpec()
    tower = Tower(net, dense=True)
    tower.put("data", _input(profile))
    backbone.trunk(tower, tower["data"], profile, upto=5)
    fc_full = heads.fusion(tower, profile)
    for task in tasks.tasks_of("det"):
        _final(tower, task, heads.independent(tower, task, fc_full, profile))
    return named(net, f"AllInOneFace_{profile.name}_dense")


def _input(profile):
    return L.Input(shape=dict(dim=[1, 3, profile.input_size, profile.input_size]))


def _final(tower, task, top):
    """Add what turns a raw output into the deploy net's output blob."""
    if task.loss == "softmax" and task.name != "identity":
        tower.put(task.output, L.Softmax(top))
    elif task.loss == "age":
        heads.age_years(tower, top)
    elif task.name == "identity":
        tower.put(
            task.output, L.Power(top)
        )  # a copy under its own name: fc7 itself is not an output blob
