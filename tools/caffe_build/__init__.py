"""Caffe from its source, with CUDA or without: what `tools.build_caffe` is made of.

Standard library alone, since it runs before there is an environment.
"""
