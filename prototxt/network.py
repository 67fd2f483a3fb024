"""The network of figure 3 (section III-B), one line for each layer.

Training nets, the fused net, its dense form and the bare sub-networks are all built here. In every
function `t` is the blocks.Tower that adds the layers, `p` the profile with their sizes; comments
give the size of each output, maps x rows x columns, in profile paper.
"""

from allinone import tasks
from allinone.pycaffe import L
from allinone.surgery import CLASSIFIER, TO_TEACHER


def trunk(t, data, p):
    """Add conv1 to conv5, which all tasks share; return pool1, conv3 and conv5, which are fused."""
    conv1 = t.conv("conv1", data, p.conv[0], kernel=11, stride=4)  # 96x55x55
    pool1 = t.max_pool("pool1", conv1)  # 96x27x27
    conv2 = t.conv("conv2", pool1, p.conv[1], kernel=5, pad=2)  # 256x27x27
    pool2 = t.max_pool("pool2", conv2)  # 256x13x13
    conv3 = t.conv("conv3", pool2, p.conv[2], kernel=3, pad=1)  # 384x13x13
    conv4 = t.conv("conv4", conv3, p.conv[3], kernel=3, pad=1)  # 384x13x13
    conv5 = t.conv("conv5", conv4, p.conv[4], kernel=3, pad=1)  # 512x13x13
    return pool1, conv3, conv5


def fusion(t, pool1, conv3, conv5, p):
    """Add the fusion of conv1, conv3 and conv5 (kernels as in HyperFace); return fc_full."""
    conv1a = t.conv("conv1a", pool1, p.fuse[0], kernel=4, stride=4)  # 256x6x6
    conv3a = t.conv("conv3a", conv3, p.fuse[1], kernel=2, stride=2)  # 256x6x6
    pool5 = t.max_pool("pool5", conv5)  # 512x6x6
    fused = t.concat("fused", conv1a, conv3a, pool5)  # 1024x6x6
    conv_all = t.conv("conv_all", fused, p.conv_all, kernel=1)  # 256x6x6
    return t.hidden("fc_full", conv_all, p.fc_full, kernel=side(p))  # 2048


def independent(t, task, fc_full, p):
    """Add the head of a subject-independent task; return its raw output."""
    fc = t.hidden(f"fc_{task.name}", fc_full, p.head)  # 512
    return t.output(raw_name(task), fc, task.size)


def attribute(t, task, pool6, p):
    """Add the head of gender or age, three fully connected layers; return its raw output."""
    fc1 = t.hidden(f"fc1_{task.name}", pool6, p.attribute[0], kernel=side(p))  # 1024
    fc2 = t.hidden(f"fc2_{task.name}", fc1, p.attribute[1])  # 512
    return t.output(raw_name(task), fc2, task.size)


def identity(t, conv6, p):
    """Add the identity branch; return fc7, the descriptor (section III-D)."""
    conv7 = t.conv("conv7", conv6, p.conv[6], kernel=3, pad=1)  # 512x13x13
    pool7 = t.max_pool("pool7", conv7)  # 512x6x6
    fc6 = t.hidden("fc6", pool7, p.identity[0], kernel=side(p))  # 1024
    return t.hidden("fc7", fc6, p.identity[1])  # 512


def branch(task):
    """Return the names of the layers that a task has for itself, behind all that others share."""
    if task.head == tasks.INDEPENDENT:
        return f"fc_{task.name}", raw_name(task)
    if task.head == tasks.ATTRIBUTE:
        return f"fc1_{task.name}", f"fc2_{task.name}", raw_name(task)
    return "conv7", "fc6", "fc7", CLASSIFIER, TO_TEACHER


def heads(t, data, p, wanted):
    """Add all layers that the tasks `wanted` need and no others; yield (task, raw output).

    Independent tasks come first, those of stage 1 before those of stage 2, then attributes, then
    identity. A caller that adds a layer to each output as it comes gets a net in which all of
    stage 1 stands before anything that only stage 2 needs.
    """
    early = [task for task in wanted if task.head == tasks.INDEPENDENT]
    attributes = [task for task in wanted if task.head == tasks.ATTRIBUTE]
    identities = [task for task in wanted if task.head == tasks.IDENTITY]

    pool1, conv3, conv5 = trunk(t, data, p)
    if early:
        fc_full = fusion(t, pool1, conv3, conv5, p)
    for task in sorted(early, key=lambda task: task.stage):
        yield task, independent(t, task, fc_full, p)

    if attributes or identities:
        conv6 = t.conv("conv6", conv5, p.conv[5], kernel=3, pad=1)  # 512x13x13
    if attributes:
        pool6 = t.max_pool("pool6", conv6)  # 512x6x6
    for task in attributes:
        yield task, attribute(t, task, pool6, p)
    for task in identities:
        yield task, identity(t, conv6, p)


def answer(t, task, raw):
    """Add what turns the raw output of a task into its answer, the blob `task.output`."""
    if task.kind == tasks.PROBABILITY:
        t.put(task.output, L.Softmax(raw))
    elif task.loss == "age":
        years(t, task, raw)
    elif task.kind == tasks.DESCRIPTOR:
        t.put(task.output, L.Power(raw))  # a copy: a blob that another layer reads is no output


def years(t, task, raw):
    """Add the layer that turns the age head's raw output into years."""
    return t.put(task.output, L.Power(raw, scale=tasks.AGE_SCALE, shift=tasks.AGE_CENTER))


def raw_name(task):
    """Return the name of a head's last layer: a regression's is the answer itself."""
    return task.output if task.loss == "euclidean" else f"{task.name}_raw"


def side(p):
    """Return the side of the maps after pool5, pool6 and pool7: 6 for an input of 227 pixels."""
    conv1 = (p.input_size - 11) // 4 + 1
    return conv1 // 8  # pool1 halves, conv1a quarters
