"""The nets that find where in a picture stage 1 should look for faces: ours, not the paper's.

The paper proposes regions by selective search and scores about 2,000 of them with the whole net
(section III-D), 3.5 s a picture. The proposal net tells windows of 24 pixels that show a face from
those that show none, and says where the face's box is beside the window; the screening net does the
same with windows of 48 pixels, those that the first takes for faces, as the first two nets of MTCNN
(arXiv 1604.02878) do. The proposal net has convolutions without padding alone, so that over a
picture of any size it says of each window what it says of the window's crop.
"""

from allinone.tasks import PROPOSAL, PROPOSAL_TASKS
from prototxt import network

# our choice: maps of the three convolutions. Half as many miss faces, twice as many take twice the
# time.
MAPS = (16, 32, 48)
# our choice: the same of the screening net, and its hidden units. A window costs it a tenth of what
# a region costs stage 1 of profile small.
CLOSE_MAPS, CLOSE_HIDDEN = (24, 48, 64), 128


def heads(t, name, data):
    """Add the layers of the net `name`; yield (task, raw output)."""
    top = _over_pictures(t, data) if name == PROPOSAL else _close(t, data)
    for task in PROPOSAL_TASKS:
        yield task, t.output(network.raw_name(task), top, task.size)


def _over_pictures(t, data):
    """Add the proposal net's layers. Sizes: maps x rows x columns of a window."""
    conv1 = t.conv("conv1", data, MAPS[0], kernel=4, stride=2)  # 16x11x11
    pool1 = t.max_pool("pool1", conv1)  # 16x5x5
    conv2 = t.conv("conv2", pool1, MAPS[1], kernel=3)  # 32x3x3
    return t.conv("conv3", conv2, MAPS[2], kernel=3)  # 48x1x1


def _close(t, data):
    """Add the screening net's layers."""
    conv1 = t.conv("conv1", data, CLOSE_MAPS[0], kernel=4, stride=2)  # 24x23x23
    pool1 = t.max_pool("pool1", conv1)  # 24x11x11
    conv2 = t.conv("conv2", pool1, CLOSE_MAPS[1], kernel=3)  # 48x9x9
    pool2 = t.max_pool("pool2", conv2)  # 48x4x4
    conv3 = t.conv("conv3", pool2, CLOSE_MAPS[2], kernel=3)  # 64x2x2
    return t.hidden("fc4", conv3, CLOSE_HIDDEN)  # 128
