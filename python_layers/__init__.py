"""Caffe layers in Python: data with region sampling, the age loss, the masked Euclidean loss."""
