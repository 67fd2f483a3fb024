"""PASCAL faces (Yan et al. 2014): boxes of 1,635 faces in 851 pictures, in the layout of the face-eval toolbox.

Boxes count pixels from 1 and with their last one; a face may be flagged to be ignored.
"""

import os

import numpy as np

from allinone.record import FaceRecord
from data_prep.reader import Dropped, Reader
from data_prep.tables import matrix_file

FILE = "Annotations_Face_PASCALLayout_large_fixed.mat"
NEEDS = (FILE, "*.jpg")


def rows(folder):
    """Yield the records of the annotation file."""
    path = os.path.join(folder, FILE)
    for number, entry in enumerate(np.ravel(matrix_file(path, "FaceRecords")), 1):
        picture = str(np.ravel(entry["imgname"])[0])
        objects = np.asarray(entry["objects"])
        if objects.size and (objects.ndim != 2 or objects.shape[1] < 4):
            yield Dropped(
                f"{path}, entry {number}, {picture}", "boxes do not fit", str(objects.shape)
            )
            continue
        if not objects.size:
            yield FaceRecord(picture)
        for x1, y1, x2, y2, *flags in objects.astype(float).tolist() if objects.size else ():
            yield FaceRecord(
                picture, box=[x1 - 1, y1 - 1, x2, y2], ignore=int(bool(flags and flags[-1]))
            )


READER = Reader(
    name="pascal",
    title="PASCAL faces",
    needs=NEEDS,
    rows=rows,
)
