"""The baseline that the paper compares with: HyperFace (arXiv 1603.01249, figure 3).

AlexNet with max1, conv3 and pool5 fused; five tasks from regions alone. It shares no weight with
the other sub-networks.
"""

from allinone import profiles
from allinone.blob import SCALE
from prototxt import network

# AlexNet's 1e-4 is for grey levels as they are. Our input, and with it every map, is SCALE times
# as large, so that alpha times SCALE^-2 does to them what AlexNet's does (tools.training.alexnet).
NORM_ALPHA = round(1e-4 / SCALE**2, 6)


def alexnet(t, data, p):
    """Add the convolutions of Caffe's reference network, whose public weights fit them.

    Returns pool1, conv3 and conv5, which are fused.
    """
    conv1 = t.conv("conv1", data, p.conv[0], kernel=11, stride=4)  # 96x55x55
    pool1 = t.max_pool("pool1", conv1)  # 96x27x27
    norm1 = t.norm("norm1", pool1, NORM_ALPHA)
    conv2 = t.conv("conv2", norm1, p.conv[1], kernel=5, pad=2, group=2)  # 256x27x27
    pool2 = t.max_pool("pool2", conv2)  # 256x13x13
    norm2 = t.norm("norm2", pool2, NORM_ALPHA)
    conv3 = t.conv("conv3", norm2, p.conv[2], kernel=3, pad=1)  # 384x13x13
    conv4 = t.conv("conv4", conv3, p.conv[3], kernel=3, pad=1, group=2)  # 384x13x13
    conv5 = t.conv("conv5", conv4, p.conv[4], kernel=3, pad=1, group=2)  # 256x13x13
    return pool1, conv3, conv5


def heads(t, data, profile, wanted):
    """Add HyperFace's layers for the tasks `wanted`; yield (task, raw output)."""
    p = profiles.HYPERFACE[profile.name]
    pool1, conv3, conv5 = alexnet(t, data, p)
    fc_full = network.fusion(t, pool1, conv3, conv5, p)
    for task in wanted:
        yield task, network.independent(t, task, fc_full, p)
