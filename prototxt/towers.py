"""The training nets: any of the five towers in one net, with data and losses; five together are the joint net of eq. 8.

Every net has both phases. Training: the databases' pictures, shifted and mirrored, and a weighted loss per task. Test: the
pictures of the databases under val/, as they are, the same losses, and an accuracy for each softmax but the identity's.
"""

import json

from allinone import tasks
from allinone.pycaffe import L, NetSpec, caffe
from prototxt import backbone, heads, hyperface
from prototxt.blocks import Tower

COUNTER = dict(
    lr_mult=0, decay_mult=0
)  # a Python layer's count of iterations is a parameter that never learns
REGION_TOPS = (
    "data",
    "label",
    "landmarks_label",
    "landmarks_mask",
    "visibility_label",
    "visibility_mask",
    "pose_label",
    "pose_mask",
)
VALIDATION = "val"  # folder, beside the towers' databases, of those for validation


def database_of(name):
    """Return the folder name of a tower's database: HyperFace learns from the detection tower's."""
    return "det" if name == "hyperface" else name


def add_outputs(tower, name, data, profile):
    """Add the layers of tower `name` on a data blob; return {task name: raw output}."""
    if name == "hyperface":
        return hyperface.add_outputs(tower, data, profile)
    if name in ("det", "smile"):
        backbone.trunk(tower, data, profile, upto=5)
        fc_full = heads.fusion(tower, profile)
        return {
            task.name: heads.independent(tower, task, fc_full, profile) for task in tasks.tasks_of(name)
        }
    conv6 = backbone.trunk(tower, data, profile)
    if name == "id":
        return {"identity": heads.descriptor(tower, profile)}
    pooled = tower.max_pool("pool6", conv6)
    return {task.name: heads.attribute(tower, task, pooled, profile) for task in tasks.tasks_of(name)}


def train_net(profile, job, databases, identities, seed=1, iter_size=1, validation=1):
    """Return the training net (NetParameter) of a job: its towers with shared weights, the losses of eq. 4 to 8.

    databases: folder that holds one database per tower, and those for validation under val/; identities: classes of fc8;
    iter_size: forward passes of an iteration, which the age loss has to know; validation: mini-batches of one validation,
    0 where there is no database for it.
    """
    net = NetSpec()
    twins, later = [], []
    for name in job.towers:
        tower = make_tower(
            net, name, f"{name}/", 0.0 if name in job.without_dropout else profile.dropout
        )
        settings = dict(
            batch=job.batch.get(name, profile.batch_of(name)), size=profile.input_size, seed=seed
        )
        erasing = (
            dict(erasing=profile.erasing)
            if profile.erasing and name in tasks.ALIGNED_TOWERS
            else {}
        )
        labels = _data(
            tower, name, dict(settings, source=f"{databases}/{database_of(name)}", **erasing)
        )
        twins.append(
            (
                f"{name}/data",
                dict(
                    settings,
                    source=f"{databases}/{VALIDATION}/{database_of(name)}",
                    cycle=validation,
                ),
            )
        )
        outputs = add_outputs(tower, name, tower["data"], profile)
        for task in tasks.tasks_of(name):
            top = outputs[task.name]
            if task.name == "identity":
                top = tower.output("fc8", top, identities)
            _loss(
                tower,
                task,
                top,
                labels,
                profile.weight(task),
                dict(switch=job.age_switch, ramp=job.age_ramp, iter_size=iter_size),
            )
            later.append((tower, task, top, labels))
    if validation:
        for tower, task, top, labels in later:
            _accuracy(tower, task, top, labels)
    proto = named(net, f"AllInOneFace_{profile.name}_{job.name}")
    return _with_test_phase(proto, dict(twins)) if validation else proto


def make_tower(net, name, prefix, dropout=0.0):
    """Return the empty tower `name`; HyperFace has ReLU and parameters of its own."""
    return Tower(
        net,
        prefix,
        dropout,
        **(dict(namespace="hyperface/", prelu=False) if name == "hyperface" else {}),
    )


def _data(tower, name, settings):
    """Add the data layer of a tower; return {task: its label blobs}."""
    if database_of(name) == "det":
        tops = REGION_TOPS + (("gender_label",) if name == "hyperface" else ())
        module, layer = "python_layers.region_data", "RegionData"
        labels = dict(
            detection=["label"],
            landmarks=tops[2:4],
            visibility=tops[4:6],
            pose=tops[6:8],
            gender=tops[8:],
        )
    else:
        tops = ("data", "label", "sigma") if name == "age" else ("data", "label")
        module, layer = "python_layers.face_data", "FaceData"
        labels = {("identity" if name == "id" else name): tops[1:]}
    blobs = L.Python(
        module=module,
        layer=layer,
        param_str=json.dumps(settings),
        ntop=len(tops),
        param=[dict(name=f"{name}_data/count", **COUNTER)],
    )
    for top, blob in zip(tops, blobs):
        tower.put(top, blob)
    return {task: [tower[top] for top in names] for task, names in labels.items()}


def _loss(tower, task, top, labels, weight, age_settings):
    """Add the loss of a task, weighted for eq. 8; its blob is <tower>/loss_<task>."""
    if task.loss == "softmax":
        loss = L.SoftmaxWithLoss(
            top, *labels[task.name], loss_weight=weight, loss_param=dict(ignore_label=-1)
        )
    elif task.loss == "age":
        loss = L.Python(
            heads.age_years(tower, top),
            *labels[task.name],
            module="python_layers.age_loss",
            layer="AgeLoss",
            param_str=json.dumps(age_settings),
            loss_weight=weight,
            param=[dict(name="age_loss/count", **COUNTER)],
        )
    else:
        factor = round(task.factor, 8)
        loss = L.Python(
            top,
            *labels[task.name],
            module="python_layers.masked_euclidean",
            layer="MaskedEuclidean",
            param_str=json.dumps(dict(factor=factor)),
            loss_weight=weight,
        )
    tower.put(f"loss_{task.name}", loss)


def _accuracy(tower, task, top, labels):
    """Add what the test phase measures beside the losses: <tower>/accuracy_<task>, where the task is a softmax.

    Identity has none: people who are held out are of no class of fc8, so the test phase ends at the descriptor.
    """
    if task.name == "identity":
        tower.net[tower.prefix + "silence"] = L.Silence(
            tower["fc7"], *labels["identity"], ntop=0, include=dict(phase=caffe.TEST)
        )
    elif task.loss == "softmax":
        tower.put(
            f"accuracy_{task.name}",
            L.Accuracy(
                top,
                *labels[task.name],
                accuracy_param=dict(ignore_label=-1),
                include=dict(phase=caffe.TEST),
            ),
        )


def _with_test_phase(proto, twins):
    """Return the net with a twin of every data layer for the test phase, and fc8 with its loss for training alone.

    twins: {name of a data layer: settings of its twin}. The twins keep the name, as Caffe shares weights by layer name.
    """
    both = type(proto)(name=proto.name)
    for layer in proto.layer:
        both.layer.add().CopyFrom(layer)
        if layer.name in twins:
            both.layer[-1].include.add(phase=caffe.TRAIN)
            both.layer.add().CopyFrom(layer)
            both.layer[-1].include.add(phase=caffe.TEST)
            both.layer[-1].python_param.param_str = json.dumps(twins[layer.name])
        elif layer.name in ("id/fc8", "id/loss_identity"):
            both.layer[-1].include.add(phase=caffe.TRAIN)
    return both


def named(net, name):
    """Return a NetSpec as NetParameter with a name."""
    proto = net.to_proto()
    proto.name = name
    return proto
