"""A records file of two faces in one picture, and the databases that are built of it in tests."""

import json
import os

import cv2
import numpy as np

from allinone import align, profiles, store, tasks
from data_prep import aligned_db, scenes_db


class Records:
    """Two faces in one picture, of which tests change what they need."""

    def __init__(self, folder):
        noise = np.random.default_rng(0).integers(0, 255, (12, 16, 3)).astype(np.uint8)
        cv2.imwrite(str(folder / "a.jpg"), cv2.resize(noise, (160, 120)))
        self.path = folder / "records.jsonl"
        points = (align.CANONICAL * 60 + [40, 30]).round(2).tolist()
        face = dict(image="a.jpg", box=[40, 30, 100, 90], landmarks=points, age=30)
        self.faces = [dict(face, gender=g, smile=g, identity=g) for g in (0, 1)]
        self()

    def __call__(self, number=None, **values):
        """Change fields of a face, if one is named; write the file and return its path."""
        if number is not None:
            self.faces[number].update(values)
        self.path.write_text("".join(json.dumps(face) + "\n" for face in self.faces))
        return self.path


def aligned(records, out, towers=tasks.ALIGNED_TOWERS, **options):
    """Build databases of aligned faces in this process."""
    aligned_db.build_aligned(str(records), str(out), towers, profiles.TINY, **options)


def scenes(searched, unsearched, out, **options):
    """Build a database of scenes in this process."""
    searched, unsearched = list(map(str, searched)), list(map(str, unsearched))
    scenes_db.build_scenes(searched, unsearched, str(out), **options)


def manifest_of(*folder):
    """Return the manifest of a database."""
    return store.manifest(os.path.join(*map(str, folder)))
