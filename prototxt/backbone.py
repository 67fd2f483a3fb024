"""The shared trunk: conv1 to conv6 of the face-recognition network, section III-B."""


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
