"""Analyze a photograph with the model that comes with the kit. No Caffe is needed.

    python -m examples.analyze_photograph                 # two photographs of installed packages
    python -m examples.analyze_photograph photo.jpg       # one of yours

It prints what the model says of each face, and writes a picture with the answers drawn.
"""

import argparse
import dataclasses
import sys

import cv2
import numpy as np

from allinone import FaceAnalyzer, draw, folders, pictures, tasks
from allinone.errors import command

HEIGHT = 400  # pixels of each drawn photograph
IN_WORDS = [task for task in tasks.TASKS if task.kind in (tasks.PROBABILITY, tasks.NUMBER)]


def photographs():
    """Return the astronaut of scikit-image and Admiral Hopper of Matplotlib, BGR uint8."""
    from matplotlib import cbook
    from skimage import data

    hopper = cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)
    return [cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2BGR), pictures.read_image(hopper)]


def in_words(face):
    """Return a face as a line of text: "box 173 65 284 174: face 100%, smile 100%, ..."."""
    # Every answer is an attribute of the face: face.score, face.landmarks, face.age, ...
    answers = [task.answer_in_words(getattr(face, task.field)) for task in IN_WORDS]
    return "box {:.0f} {:.0f} {:.0f} {:.0f}: ".format(*face.box) + ", ".join(answers)


def drawn(image, faces):
    """Return the part of a picture around its faces, with the answers drawn.

    The part is HEIGHT pixels high; captions that have no room in it stand beside or below it.
    """
    width, height = image.shape[1::-1]
    boxes = np.array([face.box for face in faces] or [[0, 0, width, height]])
    room = boxes[0, 2:] - boxes[0, :2]  # on each side as much as the best face is wide and high
    left, top = (boxes[:, :2].min(axis=0) - room).clip(0)
    right, bottom = (boxes[:, 2:].max(axis=0) + room).clip(0, [width, height])
    x, y, end, below = (int(edge) for edge in (left, top, right, bottom))
    moved = []
    for face in faces:
        box, points = face.box - np.float32([x, y, x, y]), face.landmarks - np.float32([x, y])
        moved.append(dataclasses.replace(face, box=box, landmarks=points))
    return draw.results(image[y:below, x:end], moved, zoom=HEIGHT / (below - y))


def side_by_side(drawings):
    """Return drawings in a row, on black."""
    height = max(len(one) for one in drawings)
    below = [((0, height - len(one)), (0, 0), (0, 0)) for one in drawings]
    return np.hstack([np.pad(one, rows) for one, rows in zip(drawings, below)])


@command
def main(argv=None):
    """Analyze."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photograph", nargs="?", help="default: two that packages bring along")
    parser.add_argument("--out", default="out/analyzed.jpg", help="the picture that is written")
    args = parser.parse_args(argv)
    folders.refuse_inputs(args.out, filter(None, [args.photograph]))  # it stays as it is
    images = [pictures.read_image(args.photograph)] if args.photograph else photographs()
    analyzer = FaceAnalyzer(engine="opencv")  # or engine="caffe", or "onnxruntime"
    found = analyzer.analyze_many(images)  # a list of faces for each picture
    for number, faces in enumerate(found, 1):
        print(f"photograph {number}, faces: {len(faces)}")
        for face in faces:
            print(f"  {in_words(face)}")
    pictures.write_image(args.out, side_by_side([drawn(*both) for both in zip(images, found)]))
    print(args.out)


if __name__ == "__main__":
    sys.exit(main())
