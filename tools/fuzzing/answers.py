"""What commands have answered, compared with the answer of healthy input."""

from __future__ import annotations

import hashlib
import os
from typing import Any, Optional

from tools.fuzzing import world

NEAR = 8.0  # our choice: pixels between the same face in two encodings of a small picture


def lines_in(out: str) -> list[dict[str, Any]]:
    """Return the lines of faces.jsonl that an analysis has left in a folder, [] without it."""
    path = os.path.join(out, "faces.jsonl")
    return world.lines_of(path) if os.path.isfile(path) else []


def without_image(lines: list[dict[str, Any]], image: str) -> list[dict[str, Any]]:
    """Return the lines of a picture without its name."""
    found = [dict(line) for line in lines if os.path.basename(line["image"]) == image]
    for line in found:
        del line["image"]
    return found


def alike(some: list[dict[str, Any]], others: list[dict[str, Any]]) -> bool:
    """Tell whether two pictures have the same faces, to NEAR."""
    if len(some) != len(others):
        return False
    for one, other in zip(some, others):
        box, expected = one.get("box"), other.get("box")
        if (box is None) != (expected is None):
            return False
        if box and max(abs(a - b) for a, b in zip(box, expected)) > NEAR:
            return False
    return True


def error_of(lines: list[dict[str, Any]]) -> Optional[str]:
    """Return why a picture could not be read, by its lines."""
    return next((line["error"] for line in lines if "error" in line), None)


def healthy(healthy_files: world.World, path: str) -> list[dict[str, Any]]:
    """Return the lines of a healthy picture or video, without its name."""

    def make(folder):
        argv = [*world.ANALYZE, path, "--without-pictures", "--out", folder]
        healthy_files.run_well(argv)
        return without_image(lines_in(folder), os.path.basename(path))

    return healthy_files.answer(f"lines of {path}", make)


def weights(path: str) -> Optional[str]:
    """Return a hash of the weights in a caffemodel, None without one.

    The file itself names the databases' folders, which differ from case to case.
    """
    from allinone import surgery  # here: it imports Caffe

    if not os.path.isfile(path):
        return None
    digest = hashlib.sha256()
    for layer in surgery.read_weights(path).layer:
        for blob in layer.blobs:
            digest.update(layer.name.encode() + surgery.blob_array(blob).tobytes())
    return digest.hexdigest()
