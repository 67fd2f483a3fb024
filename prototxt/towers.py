"""The nets of the kit: joint training net, bare towers, deploy net."""
import json

import allinone  # noqa: F401  (quiets Caffe before it is imported)
from caffe import NetSpec, layers as L

from allinone import tasks
from prototxt import backbone, heads
from prototxt.blocks import Tower

COUNTER = dict(lr_mult=0, decay_mult=0)   # a Python layer's count of iterations is a parameter that never learns


def add_outputs(tower, name, data, profile):
    """Add the layers of tower `name` on a data blob; return {task name: raw output}."""
    mine = [task for task in tasks.TASKS if task.tower == name]
    if name in ("det", "smile"):
        backbone.trunk(tower, data, profile, upto=5)
        fc_full = heads.fusion(tower, profile)
        return {task.name: heads.independent(tower, task, fc_full, profile) for task in mine}
    conv6 = backbone.trunk(tower, data, profile)
    if name == "id":
        return {"identity": heads.descriptor(tower, profile)}
    pooled = tower.max_pool("pool6", conv6)
    return {task.name: heads.attribute(tower, task, pooled, profile) for task in mine}


def train_net(profile, databases, identities, seed=1, iterations=None):
    """Return the joint training net (NetParameter): five towers, one trunk, eq. 8.

    databases: folder that holds one database per tower; identities: classes of fc8. A run of other `iterations` than
    the profile's switches the age loss at the same share of them.
    """
    switch = round(profile.age_switch * (iterations or profile.iterations) / profile.iterations)
    net = NetSpec()
    for name in tasks.TOWERS:
        tower = Tower(net, f"{name}/", profile.dropout)
        labels = _data(tower, name, profile, f"{databases}/{name}", seed)
        outputs = add_outputs(tower, name, tower["data"], profile)
        for task in (task for task in tasks.TASKS if task.tower == name):
            top = outputs[task.name]
            if task.name == "identity":
                top = tower.output("fc8", top, identities)
            _loss(tower, task, top, labels, profile.weight(task), switch)
    return _named(net, f"AllInOneFace_{profile.name}_train")


def _data(tower, name, profile, source, seed):
    """Add the data layer of a tower; return {task: its label blobs}."""
    settings = dict(source=source, batch=profile.batch[name], size=profile.input_size, seed=seed)
    if name == "det":
        tops = ("data", "label", "landmarks_label", "landmarks_mask", "visibility_label", "visibility_mask", "pose_label", "pose_mask")
        module, layer = "python_layers.region_data", "RegionData"
        labels = dict(detection=["label"], landmarks=tops[2:4], visibility=tops[4:6], pose=tops[6:8])
    else:
        tops = ("data", "label", "sigma") if name == "age" else ("data", "label")
        module, layer = "python_layers.face_data", "FaceData"
        labels = {("identity" if name == "id" else name): tops[1:]}
    blobs = L.Python(module=module, layer=layer, param_str=json.dumps(settings), ntop=len(tops),
                     param=[dict(name=f"{name}_data/count", **COUNTER)])
    for top, blob in zip(tops, blobs):
        tower.put(top, blob)
    return {task: [tower[top] for top in names] for task, names in labels.items()}


# What the squared error of a row is multiplied with (HyperFace): 1/(2N), 1/N with N = 21, and 1/3.
EUCLIDEAN_FACTOR = dict(landmarks=1 / 42, visibility=1 / 21, pose=1 / 3)


def _loss(tower, task, top, labels, weight, switch):
    """Add the loss of a task, weighted for eq. 8; its blob is <tower>/loss_<task>."""
    if task.loss == "softmax":
        loss = L.SoftmaxWithLoss(top, *labels[task.name], loss_weight=weight, loss_param=dict(ignore_label=-1))
    elif task.loss == "age":
        loss = L.Python(heads.age_years(tower, top), *labels[task.name], module="python_layers.age_loss", layer="AgeLoss",
                        param_str=json.dumps(dict(switch=switch)), loss_weight=weight,
                        param=[dict(name="age_loss/count", **COUNTER)])
    else:
        factor = round(EUCLIDEAN_FACTOR[task.loss], 8)
        loss = L.Python(top, *labels[task.name], module="python_layers.masked_euclidean", layer="MaskedEuclidean",
                        param_str=json.dumps(dict(factor=factor)), loss_weight=weight)
    tower.put(f"loss_{task.name}", loss)


def bare_net(profile):
    """Return the five towers with their inputs and final outputs, no data and no loss: the truth that a fused net must meet."""
    net = NetSpec()
    for name in tasks.TOWERS:
        tower = Tower(net, f"{name}/")
        data = tower.put("input", _input(profile))   # not "data": that layer of the training net holds a counter
        for task, top in add_outputs(tower, name, data, profile).items():
            _final(tower, tasks.BY_NAME[task], top)
    return _named(net, f"AllInOneFace_{profile.name}_towers")


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
    conv6 = tower.conv("conv6", tower["prelu_conv5"], profile.conv[5], kernel=3, pad=1)
    pooled = tower.max_pool("pool6", conv6)
    for name in ("gender", "age"):
        _final(tower, tasks.BY_NAME[name], heads.attribute(tower, tasks.BY_NAME[name], pooled, profile))
    _final(tower, tasks.BY_NAME["identity"], heads.descriptor(tower, profile))
    return _named(net, f"AllInOneFace_{profile.name}_deploy")


def _input(profile):
    return L.Input(shape=dict(dim=[1, 3, profile.input_size, profile.input_size]))


def _final(tower, task, top):
    """Add what turns a raw output into the deploy net's output blob."""
    if task.loss == "softmax" and task.name != "identity":
        tower.put(task.output, L.Softmax(top))
    elif task.loss == "age":
        heads.age_years(tower, top)
    elif task.name == "identity":
        tower.put(task.output, L.Power(top))   # a copy under its own name: fc7 itself is not an output blob


def _named(net, name):
    proto = net.to_proto()
    proto.name = name
    return proto
