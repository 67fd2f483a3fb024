"""The nets without data and losses: the fused one, its dense form, bare sub-networks."""

from allinone import tasks
from allinone.pycaffe import L, NetSpec
from prototxt import network, proposal
from prototxt.blocks import Tower
from prototxt.towers import heads_of, make_tower, named, side_of


def deploy_net(profile):
    """Return the fused net: input `data`, an output blob for each task.

    Stage 1 comes first, so that a pass that ends there computes nothing that only stage 2 needs.
    """
    net = NetSpec()
    t = Tower(net)
    data = t.put("data", picture(profile.input_size))
    add_answers(t, network.heads(t, data, profile, tasks.TASKS))
    return named(net, profile, "deploy")


def dense_net(profile):
    """Return stage 1 of the fused net as convolutions alone.

    It takes pictures of input_size + 32 n pixels a side. Outputs are maps (n, size, rows, columns)
    with a window of input_size pixels every 32 pixels. At input_size they are the deploy net's
    numbers; in larger pictures a window sees its surroundings where its crop would see padding.
    """
    net = NetSpec()
    t = Tower(net, dense=True)
    data = t.put("data", picture(profile.input_size))
    add_answers(t, network.heads(t, data, profile, tasks.of_stage(1)))
    return named(net, profile, "dense")


def proposal_net(profile):
    """Return the proposal net as convolutions alone.

    It takes pictures of SIDE + STRIDE n pixels a side (allinone.windows). Outputs are maps (n,
    size, rows, columns) with a window every STRIDE pixels.
    """
    return _net_of_windows(profile, tasks.PROPOSAL, dense=True)


def screen_net(profile):
    """Return the screening net, for windows of CLOSE pixels; outputs (n, size)."""
    return _net_of_windows(profile, tasks.SCREEN)


def _net_of_windows(profile, name, dense=False):
    net = NetSpec()
    t = Tower(net, namespace=f"{name}/", dense=dense)
    data = t.put("data", picture(side_of(name, profile)))
    add_answers(t, proposal.heads(t, name, data))
    return named(net, profile, name)


def bare_net(profile, names=tasks.TOWERS):
    """Return sub-networks with inputs `<tower>/input` and answers, without data and losses.

    Layers are called as in the training nets, so that Caffe itself loads a snapshot into it. That
    is what a fused net is compared with, and HyperFace needs no other deploy net.
    """
    net = NetSpec()
    for name in names:
        t = make_tower(net, name)
        side = side_of(name, profile)
        data = t.put("input", picture(side))  # "data" is a layer with a counter in a snapshot
        add_answers(t, heads_of(t, name, data, profile))
    return named(net, profile, names[0] if len(names) == 1 else "towers")


def picture(side):
    """Return an input layer for one picture of `side` pixels a side."""
    return L.Input(shape=dict(dim=[1, 3, side, side]))


def add_answers(t, heads):
    """Add the answer of each head as it is made: the order of the layers is that of the tasks."""
    for task, raw in heads:
        network.answer(t, task, raw)
