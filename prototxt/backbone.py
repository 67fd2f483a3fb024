"""Trunks: conv1 to conv6 of the face-recognition network, which all towers share (section III-B), and AlexNet's for HyperFace."""

from allinone.pycaffe import L


def trunk(tower, data, profile, upto=6):
    """Add conv1 to conv<upto> (blobs conv1, pool1, conv2, pool2, conv3, ...) and return the last."""
    maps = profile.conv
    top = tower.conv("conv1", data, maps[0], kernel=11, stride=4)
    top = tower.max_pool("pool1", top)
    top = tower.conv("conv2", top, maps[1], kernel=5, pad=2)
    top = tower.max_pool("pool2", top)
    for number in range(3, upto + 1):
        top = tower.conv(f"conv{number}", top, maps[number - 1], kernel=3, pad=1)
    return top


def alexnet(tower, data, profile):
    """Add the five convolutions of AlexNet as Caffe's reference network has them, so that its public weights fit."""
    maps = profile.conv
    top = tower.max_pool("pool1", tower.conv("conv1", data, maps[0], kernel=11, stride=4))
    top = tower.put("norm1", L.LRN(top, local_size=5, alpha=1e-4, beta=0.75))
    top = tower.max_pool("pool2", tower.conv("conv2", top, maps[1], kernel=5, pad=2, group=2))
    top = tower.put("norm2", L.LRN(top, local_size=5, alpha=1e-4, beta=0.75))
    top = tower.conv("conv3", top, maps[2], kernel=3, pad=1)
    top = tower.conv("conv4", top, maps[3], kernel=3, pad=1, group=2)
    return tower.conv("conv5", top, maps[4], kernel=3, pad=1, group=2)
