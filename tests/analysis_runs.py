"""How tests start tools.analyze, and read what it leaves."""

import numpy as np
from skimage import data

from allinone import record
from allinone.pictures import write_image

COMMAND = "tools.analyze"


def with_model(chain, out, *more):
    """Return the options of an analysis with the chain's model, by Caffe."""
    return ["--model", chain / "model", "--out", out, "--engine", "caffe", *more]


def faces_in(folder):
    """Return the records that an analysis has left in a folder."""
    return list(record.read_results(str(folder / "faces.jsonl")))


def photo():
    """Return a picture of one face, BGR uint8 (220, 240, 3)."""
    return data.astronaut()[:220, 90:330, ::-1]


def write_photos(folder, count, bad):
    """Write count pictures, named by numbers: a face, mirrored by turns; number `bad` is none."""
    digits = len(str(count - 1))
    for number in range(count):
        turned = np.ascontiguousarray(photo()[:, :: -1 if number % 2 else 1])
        write_image(str(folder / f"{number:0{digits}d}.png"), turned)
    (folder / f"{bad:0{digits}d}.png").write_text("no picture")
