"""What stands on the trunk: the fusion branch, the attribute branches, the identity branch (section III-B)."""

from allinone import tasks
from allinone.pycaffe import L


def fused_side(profile):
    """Return the side of the fused maps: 6 for an input of 227 pixels, 3 for 115."""
    conv1 = (profile.input_size - 11) // 4 + 1
    return conv1 // 8  # pool1 halves, conv1a quarters


def fusion(tower, profile):
    """Fuse conv1, conv3 and conv5 (kernels of HyperFace), reduce by 1x1, one fully connected layer: blob fc_full."""
    first = tower.conv("conv1a", tower["pool1"], profile.fuse[0], kernel=4, stride=4)
    third = tower.conv("conv3a", tower.active("conv3"), profile.fuse[1], kernel=2, stride=2)
    fifth = tower.max_pool("pool5", tower.active("conv5"))
    fused = tower.put("fused", L.Concat(first, third, fifth))
    return tower.hidden(
        "fc_full",
        tower.conv("conv_all", fused, profile.conv_all, kernel=1),
        profile.fc_full,
        fused_side(profile),
    )


def independent(tower, task, fc_full, profile):
    """Add the head of a subject-independent task: one hidden layer, then the raw output `<task>_raw` or `<task>`."""
    return tower.output(
        raw_name(task), tower.hidden(f"fc_{task.name}", fc_full, profile.head), task.size
    )


def attribute(tower, task, pooled, profile):
    """Add a three-layer network on the pooled conv6: gender or age."""
    top = tower.hidden(f"fc1_{task.name}", pooled, profile.attribute[0])
    return tower.output(
        raw_name(task), tower.hidden(f"fc2_{task.name}", top, profile.attribute[1]), task.size
    )


def age_years(tower, raw):
    """Turn the age head's raw output into years."""
    return tower.put("age", L.Power(raw, scale=tasks.AGE_SCALE, shift=tasks.AGE_CENTER))


def descriptor(tower, profile):
    """Add conv7, pool7, fc6 and fc7; the output of fc7 is the 512-d identity descriptor (section III-D)."""
    top = tower.conv("conv7", tower.active("conv6"), profile.conv[6], kernel=3, pad=1)
    top = tower.hidden("fc6", tower.max_pool("pool7", top), profile.identity[0])
    return tower.hidden("fc7", top, profile.identity[1])


def raw_name(task):
    """Return the blob of a task before softmax or scaling; regressions need neither."""
    return task.name if task.loss == "euclidean" else f"{task.name}_raw"
