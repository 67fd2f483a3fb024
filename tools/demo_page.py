"""Make the demo's page: results beside chance, loss curves, pictures that the fused model has just analyzed.

python -m tools.demo_page --demo out/demo
"""

import argparse
import html
import os
import shutil
import sys

import cv2
import h5py
import numpy as np
from matplotlib import cbook
from skimage import data

from allinone import boxes, device, draw, files
from allinone.analyzer import FaceAnalyzer
from allinone.errors import command
from evaluate import headline, metrics
from evaluate.synthetic import load

PORTRAITS, SCENES, ZOOM = 12, 6, 2  # pictures on the page, and how much they are enlarged

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>All-in-One Face: demo</title><style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 1060px; margin: 2em auto; padding: 0 1em; color: #222 }}
table {{ border-collapse: collapse }} td, th {{ padding: .3em .9em; border-bottom: 1px solid #ddd; text-align: left }}
td.figure {{ text-align: right; font-variant-numeric: tabular-nums }}
img {{ max-width: 100%; border-radius: 4px }} figure {{ margin: 1.2em 0 }} figcaption {{ color: #555 }}
.pair {{ display: grid; grid-template-columns: 1fr 1fr; gap: 1em }}
</style></head><body>
<h1>All-in-One Face in Caffe: the demo's results</h1>
<p>One network, trained just now as five sub-networks with shared weights, fused into one model, and measured on drawn
faces that it has not seen: {portraits} portraits of {people} people, {scenes} scenes with {faces_in_scenes} faces.
The faces are drawn, so every label is exactly known; the figures say that the chain works, not how good the network is
on photographs. Caffe ran on the {device}.</p>
<h2>On held-out faces</h2>
<table>{rows}</table>
<p>Chance: the best constant answer for these labels; for detection a coin on the same region proposals; for identity 50 %.</p>
<h2>Training</h2>
<figure><img src="curves.png" alt="loss curves"><figcaption>The loss of every task over the iterations: grey each
mini-batch, blue the running mean; orange the task's figure on the held-out faces, as it was on the way. The age loss changes from Euclidean to Gaussian near the end (eq. 6), which gives it
another scale.</figcaption></figure>
<figure><img src="sheet.png" alt="training set"><figcaption>From the training set, with its labels: box, landmarks (green
visible, red hidden), the nose's direction; above: roll, pitch, yaw; below: gender, age, smile, number of the person.</figcaption></figure>
<h2>Analyzed by the fused model</h2>
<figure><img src="portraits.png" alt="portraits"><figcaption>Held-out portraits of people who were never trained on.
Above each face: detection score; roll, pitch, yaw. Below: gender, age, smile, and who it is like in a gallery of other
portraits of the {people} held-out people ({right} of the {named} faces on these pictures are named rightly; chance is 1 in
{people}).</figcaption></figure>
{scene_pictures}
<h2>Real photographs</h2>
<p>On the left what the network that was trained just now says, which has seen nothing but drawn faces; on the right what the model says that comes
with the kit (models/small), which has learnt from photographs. The pictures come with scikit-image and Matplotlib.</p>
{photographs}
</body></html>
"""


class Gallery:
    """The mean descriptor of each person in the predictions of `evaluate.synthetic`, without the first `shown` portraits."""

    def __init__(self, path, shown):
        with h5py.File(path, "r") as stored:
            descriptors, identities = stored["descriptor"][shown:], stored["identity"][shown:]
        self.people = np.unique(identities)
        means = [
            metrics.unit_length(descriptors[identities == person]).mean(axis=0)
            for person in self.people
        ]
        self.means = metrics.unit_length(np.stack(means))

    def nearest(self, descriptor):
        """Return the number of the person with the most similar mean (cosine)."""
        return int(self.people[np.argmax(self.means @ metrics.unit_length(descriptor))])


def analyzed(analyzer, gallery, path, truth):
    """Return (drawn picture, faces of the truth that were found, how many of them are named rightly)."""
    image = files.read_image(path)
    found = analyzer.analyze(image)
    names = [gallery.nearest(face.descriptor) for face in found]
    overlaps = boxes.iou([face.box for face in found], [face.box for face in truth])
    pairs = [
        (i, int(row.argmax())) for i, row in enumerate(overlaps) if row.size and row.max() > 0.5
    ]
    right = sum(truth[known].identity == names[i] for i, known in pairs)
    return draw.results(image, found, [f"like #{name}" for name in names], ZOOM), len(pairs), right


def draw_pictures(analyzer, demo):
    """Write the page's pictures; return {placeholder: text} of what the page says of them."""
    gallery = Gallery(
        os.path.join(demo, "eval", "predictions.h5"), PORTRAITS
    )  # nobody is compared with the very picture that is shown
    portraits = load(os.path.join(demo, "test", "faces"))[:PORTRAITS]
    scenes = [
        picture for picture in load(os.path.join(demo, "test", "scenes")) if len(picture[1]) >= 2
    ][:SCENES]
    drawn = [analyzed(analyzer, gallery, *picture) for picture in portraits + scenes]
    files.write_image(
        os.path.join(demo, "portraits.png"),
        draw.grid([image for image, _, _ in drawn[:PORTRAITS]], 3),
    )
    for number, (image, _, _) in enumerate(drawn[PORTRAITS:], 1):
        files.write_image(os.path.join(demo, f"scene{number}.png"), image)
    return dict(
        named=sum(n for _, n, _ in drawn),
        right=sum(r for _, _, r in drawn),
        photographs=draw_photographs(analyzer, demo),
        scene_pictures="".join(
            f'<img src="scene{number}.png" alt="scene {number}">\n'
            for number in range(1, len(scenes) + 1)
        ),
    )


def photographs():
    """Return {name: BGR picture} of real photographs that need no download."""
    with cbook.get_sample_data("grace_hopper.jpg") as stream:
        hopper = files.decode_image(stream.read(), "grace_hopper.jpg")
    return dict(astronaut=cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2BGR), hopper=hopper)


def draw_photographs(analyzer, demo):
    """Write every photograph twice, as the trained model and as the shipped one analyze it; return the page's part on them."""
    both, parts = dict(trained=analyzer, shipped=FaceAnalyzer()), []
    for name, image in photographs().items():
        figures = []
        for which, one in both.items():
            found = one.analyze(image)
            files.write_image(os.path.join(demo, f"{name}_{which}.png"), draw.results(image, found))
            figures.append(
                f'<figure><img src="{name}_{which}.png" alt="{name}, by the {which} model"><figcaption>The {which} model: {len(found)} face(s).</figcaption></figure>'
            )
        parts.append(f'<div class="pair">{"".join(figures)}</div>')
    return "\n".join(parts)


def write_page(demo, placeholders):
    """Write results.json, table.txt and index.html from what the evaluation left."""
    read = lambda name: files.read_json(
        os.path.join(demo, "eval", name), "run evaluate.synthetic first"
    )
    results, counts = read("results.json"), read("counts.json")
    rows = headline.table(results, read("chance.json"))
    tags = ("<td>", "<td>", "<td class=figure>", "<td class=figure>", "<td>")
    cells = [
        "".join(f"{tag}{html.escape(cell)}</td>" for tag, cell in zip(tags, row)) for row in rows
    ]
    page = os.path.join(demo, "index.html")
    files.write_json(os.path.join(demo, "results.json"), headline.only_headlines(results))
    with files.replacing(os.path.join(demo, "table.txt")) as stream:
        stream.write(
            f"\n{headline.text_table(rows)}\n\nThe page with curves and pictures: {os.path.abspath(page)}\n"
        )
    with files.replacing(page) as stream:
        stream.write(
            PAGE.format(
                rows="".join(f"<tr>{row}</tr>\n" for row in cells), **counts, **placeholders
            )
        )


@command
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--demo", required=True, help="folder of the demo")
    parser.add_argument("--gpu", default="", help="GPU number; empty: CPU")
    args = parser.parse_args(argv)
    placeholders = dict(device=device.use(args.gpu))
    placeholders.update(draw_pictures(FaceAnalyzer(os.path.join(args.demo, "model")), args.demo))
    files.write_image(
        os.path.join(args.demo, "sheet.png"),
        files.read_image(os.path.join(args.demo, "train", "faces", "sheet.jpg")),
    )
    shutil.copyfile(
        os.path.join(args.demo, "run", "curves.png"), os.path.join(args.demo, "curves.png")
    )
    write_page(args.demo, placeholders)


if __name__ == "__main__":
    sys.exit(main())
