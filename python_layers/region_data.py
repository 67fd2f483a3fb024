"""RegionData: mini-batches of regions for the detection tower, sampled by IoU (section III-C1)."""
import json
import os

import allinone  # noqa: F401  (quiets Caffe before it is imported)
import caffe
import h5py
import numpy as np

from allinone import landmarks, pose, regions, store
from allinone.blob import crop, to_blob
from python_layers.counted import add_counter, count
from python_layers.prefetch import Prefetch

# our choice: of the regions of one picture, the share that is face, in-between and background
SHARES = ((regions.FACE, 0.45), (regions.IGNORED, 0.15), (regions.BACKGROUND, 0.40))
PER_IMAGE = 4            # our choice: regions taken from one picture
SEARCHED_SHARE = 0.5     # our choice: share of the pictures that have region proposals
AROUND, MISFITS, ANYWHERE = 12, 6, 12   # our choice: candidates around each face, of a wrong size for it, and anywhere


def choose(rng, label, wanted):
    """Return `wanted` indices into labels (n,), by SHARES as far as they go, filled up with faces and background."""
    chosen = []
    for kind, share in SHARES:
        candidates = np.flatnonzero(label == kind)
        some = min(int(np.floor(share * wanted + rng.random())), len(candidates), wanted - len(chosen))
        chosen += rng.choice(candidates, some, replace=False).tolist()
    rest = np.setdiff1d(np.flatnonzero(label != regions.IGNORED), chosen)
    missing = wanted - len(chosen)
    return chosen + rng.choice(rest, missing, replace=len(rest) < missing).tolist()


class RegionSampler:
    """Regions from the stored proposals, from around the faces and from anywhere, half of them mirrored."""

    WIDTHS = dict(landmarks=42, visibility=21, pose=3)

    def __init__(self, settings):
        self.settings, self.reader = settings, store.Reader(settings["source"])
        with h5py.File(os.path.join(settings["source"], store.REGIONS), "r") as data:
            self.faces = {name: data[name][...] for name in ("box", *self.WIDTHS)}
            self.face_start, self.proposal_start = data["face_start"][...], data["proposal_start"][...]
            self.proposals = data["proposal"][...]
        searched = np.diff(self.proposal_start) > 0
        self.pools = [pool for pool in (np.flatnonzero(searched), np.flatnonzero(~searched)) if len(pool)]

    def batch(self, iteration):
        """Return images (n, side, side, 3) uint8, label (n,), then label and mask of each of WIDTHS (n, width)."""
        rows, side = self.settings["batch"], self.settings["size"]
        rng = np.random.default_rng([self.settings["seed"], 13, iteration])
        images, label = np.empty((rows, side, side, 3), np.uint8), np.zeros(rows, np.float32)
        targets = {name: (np.zeros((rows, width), np.float32), np.zeros((rows, width), np.float32)) for name, width in self.WIDTHS.items()}
        for start in range(0, rows, PER_IMAGE):
            index = int(rng.choice(self.pools[0 if rng.random() < SEARCHED_SHARE else -1]))
            for row, patch, kind, found in self._regions(rng, index, range(start, min(start + PER_IMAGE, rows))):
                images[row], label[row] = patch, kind
                for name, (values, mask) in found.items():
                    targets[name][0][row], targets[name][1][row] = values, mask
        return (images, label, *(array for pair in targets.values() for array in pair))

    def _regions(self, rng, index, rows):
        """Yield (row, crop, detection label, {task: (values, mask)}) of regions of picture `index`."""
        image = self.reader.image(self.reader.datum(index))
        height, width = image.shape[:2]
        first, last = self.face_start[index:index + 2]
        face_boxes = self.faces["box"][first:last]
        candidates = np.concatenate(
            [self.proposals[self.proposal_start[index]:self.proposal_start[index + 1]], regions.windows(rng, width, height, ANYWHERE)]
            + [regions.jittered(rng, box, AROUND) for box in face_boxes]
            + [regions.misfits(rng, box, MISFITS) for box in face_boxes]).astype(np.float32)
        label, regresses, face = regions.label_regions(candidates, face_boxes)
        for row, chosen in zip(rows, choose(rng, label, len(rows))):
            box, flip = candidates[chosen], rng.random() < 0.5
            patch = crop(image, box, self.settings["size"])
            found = self._targets(first + face[chosen], box, flip) if regresses[chosen] else {}
            yield row, patch[:, ::-1] if flip else patch, label[chosen], found

    def _targets(self, face, box, flip):
        """Return {task: (values, mask)} of a face relative to a region: what is unknown or hidden is masked."""
        points = landmarks.encode(self.faces["landmarks"][face], box)
        seen, turned = self.faces["visibility"][face], self.faces["pose"][face]
        if flip:
            points, seen, turned = landmarks.mirror(points, 0), seen[landmarks.MIRROR], pose.mirror_pose(turned)
        known = np.repeat(np.isfinite(points).all(axis=1) & (seen > 0), 2)
        return {name: (np.where(mask, values, 0), mask) for name, values, mask in (
            ("landmarks", points.ravel(), known), ("visibility", seen, np.isfinite(seen)),
            ("pose", pose.encode_pose(turned), np.isfinite(turned)))}


class RegionData(caffe.Layer):
    """Tops: data, label (n,; -1 ignored), then label and mask of landmarks (n, 42), visibility (n, 21), pose (n, 3).

    Landmarks are relative to the region's centre and size, x and y by turns; their mask is the visibility. Pose is in
    radians. Batches depend on seed and iteration only.
    param_str: {"source": folder, "batch": n, "size": pixels, "seed": int}.
    """

    def setup(self, bottom, top):
        self.settings = json.loads(self.param_str)
        self.prefetch = Prefetch(RegionSampler, self.settings)
        add_counter(self)

    def reshape(self, bottom, top):
        rows, side = self.settings["batch"], self.settings["size"]
        top[0].reshape(rows, 3, side, side)
        top[1].reshape(rows)
        for place, width in enumerate(RegionSampler.WIDTHS.values()):
            top[2 + 2 * place].reshape(rows, width)
            top[3 + 2 * place].reshape(rows, width)

    def forward(self, bottom, top):
        images, *rest = self.prefetch.get(count(self))
        top[0].data[...] = to_blob(images)
        for place, values in enumerate(rest, 1):
            top[place].data[...] = values

    def backward(self, top, propagate_down, bottom):
        pass
