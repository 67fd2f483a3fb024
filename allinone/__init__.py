"""All-in-One Face in Caffe: the library that every command of the kit calls.

from allinone import FaceAnalyzer
faces = FaceAnalyzer().analyze("photo.jpg")
"""

from __future__ import annotations

PUBLIC = {
    "FaceAnalyzer": "allinone.analyzer",
    "verify": "allinone.analyzer",
    "analyze_files": "allinone.many",
    "Face": "allinone.face",
    "FaceRecord": "allinone.record",
    "InputError": "allinone.errors",
}
__all__ = sorted(PUBLIC)


def __getattr__(name: str):
    """Import a public name when it is first asked for: most of the library needs none of them."""
    if name in PUBLIC:
        import importlib

        return getattr(importlib.import_module(PUBLIC[name]), name)
    raise AttributeError(f"module 'allinone' has no attribute '{name}'")
