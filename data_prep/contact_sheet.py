"""Contact sheets of drawn sets: their first pictures with their labels on them."""

from __future__ import annotations

import itertools
import os

from allinone import draw, pictures, record

CELLS, COLUMNS, SIDE = 24, 6, 200  # pictures, pictures in a row, pixels of the longer side


def write(folder: str) -> None:
    """Write sheet.jpg into the folder of a set."""
    faces = record.read(os.path.join(folder, "records.jsonl"))
    tiles = []
    for name, some in itertools.islice(record.faces_by_picture(faces), CELLS):
        image = pictures.read_image(os.path.join(folder, name))
        tiles.append(draw.annotations(image, some, SIDE / max(image.shape[:2])))
    pictures.write_image(os.path.join(folder, "sheet.jpg"), draw.grid(tiles, COLUMNS))
