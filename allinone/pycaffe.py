"""The one place that imports Caffe: the library itself, its messages and its net builders.

Everything else of the kit works without Caffe; only the Caffe engine, net surgery, snapshots and
training import this module. InputError, with the mend, where there is no Caffe.
"""

import os

from allinone.errors import InputError

# Caffe reads this when it is imported. 2 = errors only.
os.environ.setdefault("GLOG_minloglevel", "2")

try:
    import caffe
    from caffe import NetSpec
    from caffe import layers as L
    from caffe import params as P
    from caffe.proto import caffe_pb2
    from google.protobuf import text_format
except ImportError as error:
    raise InputError(
        f"Caffe cannot be imported ({error}); `make setup` installs it, and analysis works "
        "without it: engine='opencv' or engine='onnxruntime'"
    ) from error

__all__ = ["L", "NetSpec", "P", "caffe", "caffe_pb2", "text_format"]
