"""The pictures of the demo's page: what the model that was just trained says of faces."""

from __future__ import annotations

import os
import shutil
from typing import Any

import cv2
import numpy as np
from matplotlib import cbook
from skimage import data

from allinone import boxes, draw, embeddings, hdf5, model, pictures
from allinone.analyzer import FaceAnalyzer
from allinone.errors import InputError
from allinone.tasks import BY_NAME
from evaluate import synthetic_faces
from evaluate.synthetic_faces import Picture

PORTRAITS, SCENES, ZOOM = 12, 6, 2  # pictures on the page, and how much they are enlarged
RECOGNIZED, MISTAKEN = "recognized", "taken for another person"
FACES = 2  # least faces of a scene that is shown
WANTED = dict(  # of the predictions
    descriptor=hdf5.Array("f", (None, BY_NAME["identity"].size)), identity=hdf5.WHOLE
)
OVERLAP = 0.5  # IoU from which on a face is found


class Gallery:
    """The mean descriptor of each person in the predictions of evaluate.synthetic."""

    def __init__(self, path: str, shown: int) -> None:
        """Read all but the first `shown` portraits: none is compared with the picture itself."""
        if not os.path.isfile(path):
            raise InputError(f"{path}: no such file; run evaluate.synthetic first")
        stored, _ = hdf5.read(path, WANTED, "run evaluate.synthetic again")
        descriptors, people = stored["descriptor"][shown:], stored["identity"][shown:]
        self.people, means = np.unique(people[people >= 0]), []
        if not len(self.people):
            raise InputError(f"{path}: nobody in it; run evaluate.synthetic again")
        for person in self.people:
            means.append(embeddings.unit_length(descriptors[people == person]).mean(axis=0))
        self.means = embeddings.unit_length(np.stack(means))

    def nearest(self, descriptor: np.ndarray) -> int:
        """Return the number of the person with the most similar mean (cosine)."""
        return int(self.people[np.argmax(self.means @ embeddings.unit_length(descriptor))])


def analyzed(
    analyzer: FaceAnalyzer, gallery: Gallery, picture: Picture
) -> tuple[np.ndarray, int, int]:
    """Return (drawn picture, its faces that were found, how many of those are recognized)."""
    path, known = picture
    image = pictures.read_image(path)
    found = analyzer.analyze(image)
    overlaps = boxes.iou([face.box for face in found], [face.box for face in known])
    said = []
    for face, row in zip(found, overlaps):
        is_one = row.max(initial=0) > OVERLAP
        is_right = is_one and known[int(row.argmax())].identity == gallery.nearest(face.descriptor)
        said.append((RECOGNIZED if is_right else MISTAKEN) if is_one else "")
    named = len(said) - said.count("")
    return draw.results(image, found, said, ZOOM), named, said.count(RECOGNIZED)


def draw_held_out(analyzer: FaceAnalyzer, demo: str) -> dict[str, Any]:
    """Write pictures of held-out portraits and scenes; return what the page says of them."""
    gallery = Gallery(os.path.join(demo, "eval", "predictions.h5"), PORTRAITS)
    portraits = synthetic_faces.load(os.path.join(demo, "test", "faces"))[:PORTRAITS]
    scenes = synthetic_faces.load(os.path.join(demo, "test", "scenes"))
    scenes = [scene for scene in scenes if len(scene[1]) >= FACES][:SCENES]
    drawn = [analyzed(analyzer, gallery, picture) for picture in portraits + scenes]
    names = [f"portrait{number}.png" for number in range(1, len(portraits) + 1)]
    names += [f"scene{number}.png" for number in range(1, len(scenes) + 1)]
    for name, (image, _, _) in zip(names, drawn):
        pictures.write_image(os.path.join(demo, name), image)
    named, right = sum(count for _, count, _ in drawn), sum(count for _, _, count in drawn)
    return dict(named=named, right=right, drawn=names)


def copy_curves_and_sheet(demo: str) -> None:
    """Put the curves of the training and the training set's contact sheet beside the page."""
    curves = os.path.join(demo, "run", "curves.png")
    if not os.path.isfile(curves):
        raise InputError(f"{curves}: no such file; train first (make demo does all)")
    shutil.copyfile(curves, os.path.join(demo, "curves.png"))
    sheet = pictures.read_image(os.path.join(demo, "train", "faces", "sheet.jpg"))
    pictures.write_image(os.path.join(demo, "sheet.png"), sheet)


def photographs() -> dict[str, np.ndarray]:
    """Return {name: BGR picture} of real photographs that need no download."""
    with cbook.get_sample_data("grace_hopper.jpg") as stream:
        hopper = pictures.decode_image(stream.read(), "grace_hopper.jpg")
    return dict(astronaut=cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2BGR), hopper=hopper)


def draw_photographs(analyzer: FaceAnalyzer, demo: str) -> list[list[dict[str, Any]]]:
    """Write every photograph twice, as the trained model and as the shipped one analyze it.

    Returns for each photograph what the page shows of both: file, name, model, faces.
    """
    both, pairs = dict(trained=analyzer, shipped=FaceAnalyzer(model.shipped(), "caffe")), []
    for name, image in photographs().items():
        pairs.append([])
        for which, one in both.items():
            found, file = one.analyze(image), f"{name}_{which}.png"
            pictures.write_image(os.path.join(demo, file), draw.results(image, found))
            pairs[-1].append(dict(file=file, name=name, model=which, faces=len(found)))
    return pairs
