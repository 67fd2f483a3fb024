"""The one place that imports Caffe: the library itself, its messages and its net builders.

Everything else of the kit works without Caffe; only the Caffe engine, net surgery, snapshots and
training import this module. InputError, with the mend, where there is no Caffe.
"""

import importlib
import os
import sys
import types

from allinone.errors import InputError

# Caffe reads this when it is imported. 2 = errors only.
os.environ.setdefault("GLOG_minloglevel", "2")


class _LateIO(types.ModuleType):
    """Stands for caffe.io, which imports scikit-image and SciPy: a second that nobody here needs.

    Who asks it for anything gets it from the real one, which is there from then on.
    """

    def __getattr__(self, name):
        if name.startswith("__"):  # asked of all modules, by inspect for one
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)


sys.modules.setdefault("caffe.io", _LateIO("caffe.io"))

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
