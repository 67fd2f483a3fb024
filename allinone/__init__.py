"""All-in-One Face in Caffe: the library that every command of the kit calls.

    from allinone import FaceAnalyzer
    faces = FaceAnalyzer("out/demo/model").analyze("photo.jpg")
"""
import os

# Caffe reads this when it is imported; every use of Caffe in the kit imports allinone first. 2 = errors only.
os.environ.setdefault("GLOG_minloglevel", "2")


def __getattr__(name):
    # Late, since Caffe takes a second to import and most of the library does not need it.
    if name in ("FaceAnalyzer", "verify"):
        from allinone import analyzer
        return getattr(analyzer, name)
    raise AttributeError(f"module 'allinone' has no attribute '{name}'")
