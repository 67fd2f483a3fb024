"""The pictures of a records file, parted: portraits, and those that show where a face is not.

A portrait shows one face, which fills much of it. Detection learns little from it as it is;
data_prep.composites makes scenes of portraits.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence

from allinone import files, folders, pictures, record
from allinone.errors import InputError
from allinone.record import FaceRecord
from data_prep.sources import image_path

PORTRAITS, OTHERS = "portraits", "others"
KIND = folders.Kind(
    "parted pictures", holds=(f"{PORTRAITS}_*.jsonl", f"{OTHERS}_*.jsonl"), is_marked=True
)
FILLS = 0.35  # our choice: least share of a portrait's height that its face takes


def path_of(folder: str, kind: str, part: str) -> str:
    """Return the path of the portraits, or of the other pictures, of a part."""
    return os.path.join(folder, f"{kind}_{part}.jsonl")


def is_portrait(faces: Sequence[FaceRecord], path: str) -> bool:
    """Tell whether a picture, with its records, is a portrait."""
    if len(faces) > 1 or faces[0].box is None:
        return False
    try:
        _, height = pictures.shown_size(path)
    except InputError:  # whoever builds a database names it
        return False
    return faces[0].box[3] - faces[0].box[1] >= FILLS * height


def write(records: str, out: str, parts: Sequence[str]) -> dict[tuple[str, str], int]:
    """Write the pictures of a records file into a file for each kind and part.

    Return {(kind, part): pictures}. A picture whose faces are of several parts is of none. Names
    of pictures become relative to the folder `out`.
    """
    counts = {(kind, part): 0 for kind in (PORTRAITS, OTHERS) for part in parts}
    source = os.path.relpath(os.path.dirname(records) or ".", out)
    with folders.only_one(out), contextlib.ExitStack() as stack:
        folders.claim(out, KIND)
        streams = {key: stack.enter_context(files.replacing(path_of(out, *key))) for key in counts}
        for image, faces in record.by_picture(record.read(records)):
            kind = PORTRAITS if is_portrait(faces, image_path(records, image)) else OTHERS
            key = (kind, faces[0].split)
            if key not in counts or any(face.split != faces[0].split for face in faces):
                continue
            counts[key] += 1
            for face in faces:
                face.image = os.path.join(source, image)
                streams[key].write(record.to_line(face))
    return counts
