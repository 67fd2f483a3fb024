"""The training nets: one or several sub-networks with data and losses; all are the joint net.

Every net has both phases. Training: the databases' pictures, varied, and a weighted loss for each
task (eq. 8). Test: the pictures of the databases under val/, as they are, the same losses, and an
accuracy for each softmax but the identity's.
"""

import json

from allinone import tasks, windows
from allinone.pycaffe import L, NetSpec, caffe
from allinone.surgery import CLASSIFIER, TO_TEACHER
from prototxt import hyperface, network, proposal
from prototxt.blocks import Tower
from python_layers import tops, variations

VALIDATION = "val"  # the folder beside the sub-networks' databases with those for validation
COUNTER = dict(lr_mult=0, decay_mult=0)  # a Python layer's count of iterations never learns
LAST = (CLASSIFIER, TO_TEACHER)  # layers behind the descriptor
LAYERS = {tasks.PROPOSAL: "ProposalData", tasks.SCREEN: "ScreenData"}


def train_net(profile, job, databases, identities, seed=1, iter_size=1, validation=1):
    """Return the training net (NetParameter) of a job: its sub-networks, which share weights.

    databases: folder with a database for each sub-network, and under val/ those for validation;
    identities: classes of fc8; iter_size: forward passes of an iteration, which the age loss needs
    to know; validation: mini-batches of one validation, 0 where there is no database for it.
    """
    net, test_data, learnt = NetSpec(), {}, []
    for name in job.towers:
        t = make_tower(net, name, job.dropout_of(name, profile))
        settings = dict(batch=job.batch_of(name, profile), size=side_of(name, profile), seed=seed)
        training = dict(settings, source=f"{databases}/{database_of(job, name)}")
        if job.is_taught(name):
            training["descriptor"] = job.teacher
        if profile.erasing and name in tasks.ALIGNED_TOWERS:
            training["erasing"] = profile.erasing
        training.update(variation_of(name, job))
        test_data[f"{name}/data"] = dict(
            settings,
            source=f"{databases}/{VALIDATION}/{tops.database_of(name)}",
            cycle=validation,
        )
        data, labels = add_data(t, name, training)
        for task, raw in list(heads_of(t, name, data, profile)):  # all heads, then all losses
            top = behind(t, task, raw, job, identities)
            add_loss(t, task, top, labels[task.name], job.weight(task, profile), job, iter_size)
            learnt.append((t, task, raw, labels[task.name]))
    if validation:
        for t, task, raw, label in learnt:
            add_accuracy(t, task, raw, label)
    proto = named(net, profile, job.name)
    freeze(proto, job)
    return with_test_phase(proto, test_data) if validation else proto


def database_of(job, tower):
    """Return the name of the database that a sub-network of a job learns from."""
    return tasks.DISTILL if job.is_taught(tower) else tops.database_of(tower)


def behind(t, task, raw, job, identities):
    """Add the layer that training alone has behind the descriptor; return what the loss takes.

    It tells people apart, or turns the descriptor into the teacher's.
    """
    if task.kind != tasks.DESCRIPTOR:
        return raw
    if job.teacher:
        return t.output(TO_TEACHER, raw, job.teacher)
    return t.output(CLASSIFIER, raw, identities)


def variation_of(name, job):
    """Return the settings of a data layer for what a job asks for beyond the usual."""
    found = {}
    known = variations.KINDS if name in tasks.ALIGNED_TOWERS else ()
    if name in tops.REGION_TOWERS:
        known = variations.OF_REGIONS
    kinds = [kind for kind in known if kind in job.vary]
    if kinds:
        found["vary"] = kinds
    if name in job.balance:
        found["balance"] = True
    return found


def side_of(name, profile):
    """Return the side in pixels of the pictures that the sub-network `name` takes."""
    of_windows = {tasks.PROPOSAL: windows.SIDE, tasks.SCREEN: windows.CLOSE}
    return of_windows.get(name, profile.input_size)


def make_tower(net, name, dropout=0.0):
    """Return the sub-network `name` without a layer.

    HyperFace and the nets of windows have parameters of their own, and HyperFace has ReLU.
    """
    own = f"{name}/" if name in (tasks.HYPERFACE, *tasks.WINDOW_NETS) else ""
    return Tower(net, f"{name}/", dropout, namespace=own, prelu=name != tasks.HYPERFACE)


def heads_of(t, name, data, profile):
    """Add the layers of the sub-network `name` on a data blob; yield (task, raw output)."""
    if name in tasks.WINDOW_NETS:
        return proposal.heads(t, name, data)
    add_heads = hyperface.heads if name == tasks.HYPERFACE else network.heads
    return add_heads(t, data, profile, tasks.tasks_of(name))


def add_data(t, name, settings):
    """Add the data layer of a sub-network; return (data, {task name: its label blobs})."""
    labels = tops.labels_of(name)
    names = ["data"]
    for of_task in labels.values():
        names.extend(of_task)
    module, layer = "python_layers.face_data", "FaceData"
    if name in tops.REGION_TOWERS:
        module, layer = "python_layers.region_data", "RegionData"
    elif name in tasks.WINDOW_NETS:
        module, layer = "python_layers.window_data", LAYERS[name]
    blobs = L.Python(
        module=module,
        layer=layer,
        param_str=json.dumps(settings),
        ntop=len(names),
        param=[dict(name=f"{name}_data/count", **COUNTER)],
    )
    found = {top: t.put(top, blob) for top, blob in zip(names, blobs)}
    blobs_of_task = {}
    for task, own in labels.items():
        blobs_of_task[task] = [found[top] for top in own]
    return found["data"], blobs_of_task


def add_loss(t, task, top, label, weight, job, iter_size):
    """Add the loss of a task, blob `loss_<task>`, weighted for eq. 8; label: its label blobs."""
    if job.teacher and task.kind == tasks.DESCRIPTOR:
        loss = L.Python(
            top,
            *label,
            module="python_layers.teacher_loss",
            layer="TeacherLoss",
            loss_weight=weight,
        )
    elif task.loss == "softmax":  # eq. 4, 5 and 7
        loss = L.SoftmaxWithLoss(top, *label, loss_weight=weight, loss_param=dict(ignore_label=-1))
    elif task.loss == "age":  # eq. 6
        settings = dict(
            switch=job.age_switch,
            ramp=job.age_ramp,
            iter_size=iter_size,
            weight=job.age_weight,
        )
        loss = L.Python(
            network.years(t, task, top),
            *label,
            module="python_layers.age_loss",
            layer="AgeLoss",
            param_str=json.dumps(settings),
            loss_weight=weight,
            param=[dict(name="age_loss/count", **COUNTER)],
        )
    else:
        loss = L.Python(
            top,
            *label,
            module="python_layers.masked_euclidean",
            layer="MaskedEuclidean",
            param_str=json.dumps(dict(factor=round(task.factor, 8))),
            loss_weight=weight,
        )
    t.put(f"loss_{task.name}", loss)


def add_accuracy(t, task, raw, label):
    """Add what the test phase measures beside the losses: `accuracy_<task>` of a softmax.

    Identity has none, since held-out people are of no class of fc8; its test ends at fc7.
    """
    only_test = dict(phase=caffe.TEST)
    if task.kind == tasks.DESCRIPTOR:
        t.put("silence", L.Silence(raw, *label, ntop=0, include=only_test))
    elif task.loss == "softmax":
        ignored = dict(ignore_label=-1)
        accuracy = L.Accuracy(raw, *label, accuracy_param=ignored, include=only_test)
        t.put(f"accuracy_{task.name}", accuracy)


def with_test_phase(proto, test_data):
    """Return the net with a second data layer for the test phase in place of each data layer.

    test_data: {name of a data layer: settings of the second}, which has the same name, since Caffe
    shares weights by layer name. What follows the descriptor is for training alone: the classifier
    over people, or the layer that turns it into a teacher's, and the loss.
    """
    descriptors = [task for task in tasks.TASKS if task.kind == tasks.DESCRIPTOR]
    only_training = {f"{task.tower}/{name}" for task in descriptors for name in LAST}
    only_training |= {f"{task.tower}/loss_{task.name}" for task in descriptors}
    both = type(proto)(name=proto.name)
    for layer in proto.layer:
        both.layer.add().CopyFrom(layer)
        if layer.name in test_data:
            both.layer[-1].include.add(phase=caffe.TRAIN)
            both.layer.add().CopyFrom(layer)
            both.layer[-1].include.add(phase=caffe.TEST)
            both.layer[-1].python_param.param_str = json.dumps(test_data[layer.name])
        elif layer.name in only_training:
            both.layer[-1].include.add(phase=caffe.TRAIN)
    return both


def of_phase(net, phase):
    """Return a net with the layers of one phase alone."""
    kept = type(net)(name=net.name)
    for layer in net.layer:
        if not layer.include or any(rule.phase == phase for rule in layer.include):
            kept.layer.add().CopyFrom(layer)
            del kept.layer[-1].include[:]
    return kept


def freeze(proto, job):
    """Let only the branches of a job's tasks learn, where it has any; all else stays to the bit.

    Parameters without a rate get no gradient, no momentum and no weight decay. Caffe then skips the
    backward pass of every layer below which nothing learns. A shared parameter is treated alike in
    all sub-networks, as Caffe demands.
    """
    if not job.branches:
        return
    learning = {layer for name in job.branches for layer in network.branch(tasks.BY_NAME[name])}
    for layer in proto.layer:
        for param in layer.param:
            if param.name.rsplit("/", 1)[0] not in learning:
                param.lr_mult = param.decay_mult = 0


def named(net, profile, name):
    """Return a NetSpec as a NetParameter with a name."""
    proto = net.to_proto()
    proto.name = f"AllInOneFace_{profile.name}_{name}"
    return proto
