"""The folder of people who are enrolled in a service: pictures kept, taken away, found again.

Its form is described in allinone.service.people. folder None: nothing is kept on the disk.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
from typing import Optional

from allinone import files, gallery, pictures
from allinone.errors import InputError, writing
from allinone.progress import Progress

FORGOTTEN = ".forgotten"
# {kind of picture: ending of its file}, of which analysis.inputs.PICTURES are found in folders
ENDINGS = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp", "BMP": ".bmp", "TIFF": ".tif"}
HASHED = 16  # letters of a picture's hash that are its name


def name_of(data: bytes) -> str:
    """Return the name that a picture is kept by; InputError where folders have no such pictures."""
    kind = pictures.kind_of(data, "picture")
    if kind not in ENDINGS:
        raise InputError(f"picture: of the kind {kind}; give one of {', '.join(ENDINGS)}")
    return hashlib.sha256(data).hexdigest()[:HASHED] + ENDINGS[kind]


def keep(folder: Optional[str], person: str, file: str, data: bytes) -> None:
    """Write a picture of a person; InputError where it cannot be written."""
    if folder is not None:
        with files.replacing(os.path.join(folder, person, file), "wb") as stream:
            stream.write(data)


def forget(folder: Optional[str], person: str, file: str) -> None:
    """Delete a picture that was uploaded, which has its hash for a name; set aside any other.

    InputError where it cannot be.
    """
    path = os.path.join(folder or "", person, file)
    if folder is None or not os.path.isfile(path):  # taken away meanwhile; a folder of that name
        return
    with writing(path):
        if os.path.splitext(file)[0] == files.sha256(path)[:HASHED]:
            os.remove(path)
        else:
            _set_aside(path, os.path.join(folder, FORGOTTEN, person))


def _set_aside(path: str, folder: str) -> None:
    """Move a file into a folder, under a name that is free there."""
    os.makedirs(folder, exist_ok=True)
    place, number = os.path.join(folder, os.path.basename(path)), 0
    while os.path.lexists(place):
        number += 1
        place = os.path.join(folder, f"{number}_{os.path.basename(path)}")
    os.rename(path, place)


def remove_empty(folder: Optional[str], person: str) -> None:
    """Remove a person's folder, unless other files are in it, which stay."""
    if folder is not None:
        with contextlib.suppress(OSError):
            os.rmdir(os.path.join(folder, person))


def pictures_of(folder: Optional[str], person: str) -> list[str]:
    """Return the names of the pictures in a person's folder."""
    place = os.path.join(folder or "", person)
    if folder is None or not os.path.isdir(place):
        return []
    return [os.path.basename(path) for path in gallery.pictures_in(place)]


def people_in(folder: str) -> dict[str, list[str]]:
    """Return {person: paths of pictures}, none where there is nobody yet.

    Folders whose names no answer can hold are named on standard error.
    """
    people = {}
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if not entry.is_dir() or entry.name.startswith("."):
            continue
        if entry.name == entry.name.encode("utf-8", "replace").decode():
            people[entry.name] = gallery.pictures_in(entry.path)
        else:
            words = "its name is not UTF-8, left out; rename the folder"
            Progress.write(f"  {entry.path}: {words}", file=sys.stderr)
    return {name: paths for name, paths in people.items() if paths}
