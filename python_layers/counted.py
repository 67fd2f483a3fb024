"""A count of forward passes that lives in a blob, so that snapshots, resumes and the caffe binary all know it."""

from allinone.pycaffe import caffe


def add_counter(layer):
    """Give a layer its counter blob; call it in setup. The blob's param has lr_mult 0 and decay_mult 0."""
    if len(layer.blobs) == 0:
        layer.blobs.add_blob(1)
        layer.blobs[0].data[...] = 0


def count(layer):
    """Return how many training passes went before this one, and count this one unless the net only tests."""
    before = int(layer.blobs[0].data[0])
    if layer.phase == caffe.TRAIN:
        layer.blobs[0].data[0] = before + 1
    return before
