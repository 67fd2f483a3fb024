"""A count of forward passes in a blob, so that snapshots, resumes and plain Caffe all know it."""

from allinone.pycaffe import caffe


def add_counter(layer):
    """Give a layer its counter blob, in setup; its param must have lr_mult 0 and decay_mult 0."""
    if len(layer.blobs) == 0:
        layer.blobs.add_blob(1)
        layer.blobs[0].data[...] = 0


def count(layer):
    """Return how many training passes there were, and count this one unless the net only tests."""
    before = int(layer.blobs[0].data[0])
    if layer.phase == caffe.TRAIN:
        layer.blobs[0].data[0] = before + 1
    return before
