"""RegionData: mini-batches of regions for the detection tower, sampled by IoU (section III-C1)."""

import os

import h5py
import numpy as np

from allinone import align, landmarks, pose, regions, store
from allinone.blob import crop
from python_layers import vary
from python_layers.batch_layer import BatchLayer

# our choice: of the regions of a mini-batch, the share that is face, in-between and background
SHARES = ((regions.FACE, 0.45), (regions.IGNORED, 0.10), (regions.BACKGROUND, 0.45))
PER_IMAGE = 4  # our choice: regions for each picture that a mini-batch looks at
SEARCHED_SHARE = 0.5  # our choice: share of the pictures that have region proposals
AROUND, MISFITS, ANYWHERE = (
    12,
    6,
    12,
)  # our choice: candidates around each face, of a wrong size for it, and anywhere


def kinds_of(rows):
    """Return {kind: regions of it} in a mini-batch: SHARES, rounded, background takes what is left."""
    counts = {kind: round(share * rows) for kind, share in SHARES}
    counts[regions.BACKGROUND] = rows - counts[regions.FACE] - counts[regions.IGNORED]
    return counts


def choose(rng, label, picture, rows):
    """Return `rows` indices of candidates, as many of each kind as `kinds_of` says; the pictures give alike.

    label, picture: (n,) kind and picture of each candidate. A kind that has too few is made up for by background, then
    by faces, and by giving some twice where all together are too few.
    """
    chosen, missing = [], 0
    for kind, wanted in kinds_of(rows).items():  # background is the last
        candidates = np.flatnonzero(label == kind)
        some = _pick(
            rng, candidates, picture, wanted + (missing if kind == regions.BACKGROUND else 0)
        )
        missing += wanted - len(some)
        chosen += some
    chosen += _pick(
        rng, np.setdiff1d(np.flatnonzero(label == regions.FACE), chosen), picture, missing
    )
    missing = rows - len(chosen)
    return chosen + rng.choice(chosen or len(label), missing).tolist() if missing else chosen


def _pick(rng, candidates, picture, count):
    """Return up to `count` of the candidates, none twice, a picture with many no likelier than one with few."""
    count = min(count, len(candidates))
    if count <= 0:
        return []
    weight = 1 / np.bincount(picture[candidates])[picture[candidates]]
    return rng.choice(candidates, count, replace=False, p=weight / weight.sum()).tolist()


class RegionSampler:
    """Regions from the stored proposals, from around the faces and from anywhere, half of them mirrored."""

    WIDTHS = dict(landmarks=42, visibility=21, pose=3)

    def __init__(self, settings):
        self.settings = settings
        (source,) = store.databases(settings["source"])
        self.reader = store.Reader(source)
        data = h5py.File(os.path.join(source, store.REGIONS), "r")
        self.faces = {name: data[name][...] for name in ("box", "gender", *self.WIDTHS)}
        self.face_start, self.proposal_start = data["face_start"][...], data["proposal_start"][...]
        self.proposals = data["proposal"]  # stays on the disk: AFLW's are 40 million
        searched = np.diff(self.proposal_start) > 0
        self.pools = [
            pool for pool in (np.flatnonzero(searched), np.flatnonzero(~searched)) if len(pool)
        ]

    @classmethod
    def shapes(cls, rows, side):
        """Return the shapes of RegionData's tops."""
        return (
            [(rows, 3, side, side), (rows,)]
            + [(rows, width) for width in cls.WIDTHS.values() for _ in range(2)]
            + [(rows,)]
        )

    def batch(self, number):
        """Return n images (side, side, 3), label (n,), label and mask of each of WIDTHS (n, width), gender (n,)."""
        rng = np.random.default_rng([self.settings["seed"], 13, number])
        count = -(-self.settings["batch"] // PER_IMAGE)
        pictures = [
            int(rng.choice(self.pools[0 if rng.random() < SEARCHED_SHARE else -1]))
            for _ in range(count)
        ]
        return self._regions(rng, pictures, varied=True)

    def test_batch(self, number):
        """Return the same for testing: regions of the pictures in order, none mirrored, whatever the seed."""
        count = -(-self.settings["batch"] // PER_IMAGE)
        pictures = [
            position % len(self.reader) for position in range(number * count, (number + 1) * count)
        ]
        return self._regions(np.random.default_rng([15, number]), pictures, varied=False)

    def _regions(self, rng, pictures, varied):
        """Return the mini-batch of regions that is drawn from some pictures; varied: mirrored half of the time, in other colours."""
        rows, side = self.settings["batch"], self.settings["size"]
        images = [self.reader.image(self.reader.datum(picture)) for picture in pictures]
        found = [
            self._candidates(rng, picture, image.shape) for picture, image in zip(pictures, images)
        ]
        place = np.repeat(np.arange(len(found)), [len(candidates) for candidates, *_ in found])
        boxes_, label, regresses, face = [np.concatenate(part) for part in zip(*found)]
        patches, gender = [], np.full(rows, -1, np.float32)
        targets = {
            name: (np.zeros((rows, width), np.float32), np.zeros((rows, width), np.float32))
            for name, width in self.WIDTHS.items()
        }
        chosen = choose(rng, label, place, rows)
        for row, which in enumerate(chosen):
            flip = varied and rng.random() < 0.5
            patch = crop(images[place[which]], boxes_[which], side)
            patch = vary.colours(rng, patch) if varied else patch
            patches.append(align.mirror(patch) if flip else patch)
            if regresses[which]:
                for name, (values, mask) in self._targets(face[which], boxes_[which], flip).items():
                    targets[name][0][row], targets[name][1][row] = values, mask
            if (
                label[which] == regions.FACE
            ):  # our choice: HyperFace says no limit for gender; a face is one above POSITIVE_IOU
                gender[row] = self.faces["gender"][face[which]]
        return (
            patches,
            np.float32(label[chosen]),
            *(array for pair in targets.values() for array in pair),
            gender,
        )

    def _candidates(self, rng, picture, shape):
        """Return boxes (n, 4) of a picture with their kind, whether they regress, and the number of their face."""
        height, width = shape[:2]
        first, last = self.face_start[picture : picture + 2]
        faces = self.faces["box"][first:last]
        candidates = np.concatenate(
            [
                self.proposals[self.proposal_start[picture] : self.proposal_start[picture + 1]],
                regions.windows(rng, width, height, ANYWHERE),
            ]
            + [regions.jittered(rng, box, AROUND) for box in faces]
            + [regions.misfits(rng, box, MISFITS) for box in faces]
        ).astype(np.float32)
        label, regresses, face = regions.label_regions(candidates, faces)
        return candidates, label, regresses, first + face

    def _targets(self, face, box, flip):
        """Return {task: (values, mask)} of a face relative to a region: what is unknown or hidden is masked."""
        points = landmarks.encode(self.faces["landmarks"][face], box)
        seen, turned = self.faces["visibility"][face], self.faces["pose"][face]
        if flip:
            points, seen, turned = (
                landmarks.mirror(points, 0),
                seen[landmarks.MIRROR],
                pose.mirror_pose(turned),
            )
        known = np.repeat(np.isfinite(points).all(axis=1) & (seen > 0), 2)
        return {
            name: (np.where(mask, values, 0), mask)
            for name, values, mask in (
                ("landmarks", points.ravel(), known),
                ("visibility", seen, np.isfinite(seen)),
                ("pose", pose.encode_pose(turned), np.isfinite(turned)),
            )
        }


class RegionData(BatchLayer):
    """Tops: data, label (n,; -1 ignored), label and mask of landmarks (n, 42), visibility (n, 21), pose (n, 3); gender (n,) if wanted.

    Landmarks are relative to the region's centre and size, x and y by turns; their mask is the visibility. Pose is in
    radians. Gender is -1 where it is unknown or the region is no face.
    """

    sampler = RegionSampler
