"""PASCAL faces (Yan et al. 2014): 1,635 boxes in 851 pictures, as the face-eval toolbox has them.

Boxes count pixels from 1 and include their last pixel. A face may be flagged to be ignored.
"""

import os

import numpy as np

from allinone.record import FaceRecord
from data_prep.reader import Dropped, Reader
from data_prep.tables import matrix_file, text_of

FILE = "Annotations_Face_PASCALLayout_large_fixed.mat"


def rows(folder):
    """Yield the rows of the annotation file; a picture without faces gives one without a box."""
    path = os.path.join(folder, FILE)
    for number, entry in enumerate(np.ravel(matrix_file(path, "Annotations")), 1):
        place = f"{path}, entry {number}"
        try:
            picture, objects = text_of(entry["imgname"]), np.asarray(entry["objects"])
        except (TypeError, LookupError, ValueError):
            yield Dropped(place, "not an entry of the file")
            continue
        place = f"{place}, {picture}"
        if not picture:
            yield Dropped(place, "no picture")
        elif not objects.size:
            yield FaceRecord(picture)
        elif objects.ndim != 2 or objects.shape[1] < 4 or objects.dtype.kind not in "biuf":
            yield Dropped(place, "boxes do not fit", f"{objects.dtype} of shape {objects.shape}")
        else:
            for x1, y1, x2, y2, *flags in objects.astype(float).tolist():
                ignore = int(bool(flags and flags[-1]))
                yield FaceRecord(picture, box=[x1 - 1, y1 - 1, x2, y2], ignore=ignore)


READER = Reader(
    name="pascal",
    title="PASCAL faces",
    needs=(FILE, "*.jpg"),
    rows=rows,
    tree=f"`{FILE}`, `*.jpg`",
    faces="1,635",
    ask="the face-eval toolbox (M. Mathias et al.); pictures: PASCAL VOC",
)
