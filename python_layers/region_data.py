"""RegionData: mini-batches of regions for the detection tower, sampled by IoU (section III-C1)."""

from typing import NamedTuple

import numpy as np

from allinone import align, landmarks, pose, regions, store, tasks
from allinone.blob import crop
from allinone.stored_regions import StoredRegions
from python_layers import tops, variations, vary
from python_layers.batch_layer import BatchLayer

# our choice: of the regions of a mini-batch, the share that is face, in-between and background
SHARES = ((regions.FACE, 0.45), (regions.IGNORED, 0.10), (regions.BACKGROUND, 0.45))
PER_IMAGE = 4  # our choice: regions of each picture of a mini-batch
SEARCHED_SHARE = 0.5  # our choice: share of the pictures that have region proposals
AROUND = 12  # our choice: candidates around each face
MISFITS = 6  # our choice: candidates around each face of a wrong size for it
ANYWHERE = 12  # our choice: candidates anywhere in a picture


def kinds_of(rows):
    """Return {kind: regions of it} in a mini-batch: SHARES, rounded, background takes the rest."""
    counts = {kind: round(share * rows) for kind, share in SHARES}
    counts[regions.BACKGROUND] = rows - counts[regions.FACE] - counts[regions.IGNORED]
    return counts


def choose(rng, label, picture, rows):
    """Return `rows` indices of candidates, as many of each kind as `kinds_of` says.

    label, picture: (n,) kind and picture of each candidate; every picture is as likely to give one.
    A kind that has too few is made up for by background, then by faces, and by giving some twice
    where all together are too few.
    """
    chosen, missing = [], 0
    for kind, wanted in kinds_of(rows).items():  # background is the last
        candidates = np.flatnonzero(label == kind)
        extra = missing if kind == regions.BACKGROUND else 0
        some = _pick(rng, candidates, picture, wanted + extra)
        missing += wanted - len(some)
        chosen += some
    faces = np.setdiff1d(np.flatnonzero(label == regions.FACE), chosen)
    chosen += _pick(rng, faces, picture, missing)
    missing = rows - len(chosen)
    return chosen + rng.choice(chosen or len(label), missing).tolist() if missing else chosen


def _pick(rng, candidates, picture, count):
    """Return up to `count` candidates, none twice, of every picture as likely."""
    count = min(count, len(candidates))
    if count <= 0:
        return []
    weight = 1 / np.bincount(picture[candidates])[picture[candidates]]
    return rng.choice(candidates, count, replace=False, p=weight / weight.sum()).tolist()


class Chosen(NamedTuple):
    """The regions of a mini-batch."""

    images: list  # BGR uint8
    place: np.ndarray  # (n,) which of the images each is of
    box: np.ndarray  # (n, 4)
    label: np.ndarray  # (n,) FACE, BACKGROUND or IGNORED
    regresses: np.ndarray  # (n,)
    face: np.ndarray  # (n,) place of the nearest face in the database


class RegionSampler:
    """Regions from stored proposals, from around faces and from anywhere, half of them mirrored."""

    shapes = staticmethod(tops.region_shapes)
    per_image = PER_IMAGE
    searched_share, anywhere = SEARCHED_SHARE, ANYWHERE

    def __init__(self, settings):
        """Open the database of the settings' source; settings: see BatchLayer."""
        self.settings = settings
        self.regressions, self.classes = tops.region_regressions(), tops.region_classes()
        (source,) = store.databases(settings["source"])
        self.reader = store.Reader(source)
        self.stored = StoredRegions(source, self.label_names(), len(self.reader))
        self.faces = self.stored.faces
        searched = np.diff(self.stored.proposal_start) > 0
        pools = np.flatnonzero(searched), np.flatnonzero(~searched)
        self.pools = [pool for pool in pools if len(pool)]

    def label_names(self):
        """Return the arrays of the faces that are wanted beside their boxes."""
        return [task.label for task in self.regressions + self.classes]

    def batch(self, number):
        """Return mini-batch `number`, the content of RegionData's tops.

        That is: n images (side, side, 3); label (n,); label and mask of each regression (n, size);
        label (n,) of each further class.
        """
        rng = np.random.default_rng([self.settings["seed"], 13, number])
        pictures = []
        for _ in range(self._pictures_in_a_batch()):
            pool = self.pools[0 if rng.random() < self.searched_share else -1]
            pictures.append(int(rng.choice(pool)))
        return self._regions(rng, pictures, varied=True)

    def test_batch(self, number):
        """Return the same for testing: of the pictures in order, none mirrored, for any seed."""
        count = self._pictures_in_a_batch()
        positions = range(number * count, (number + 1) * count)
        pictures = [position % len(self.reader) for position in positions]
        return self._regions(np.random.default_rng([15, number]), pictures, varied=False)

    def _pictures_in_a_batch(self):
        return -(-self.settings["batch"] // self.per_image)

    def _regions(self, rng, pictures, varied):
        """Return a mini-batch of some pictures; varied: mirrored now and then, in other colours."""
        return self._batch_of(rng, self._chosen(rng, pictures), varied)

    def _chosen(self, rng, pictures):
        """Return the regions of a mini-batch of some pictures."""
        images = [self.reader.image(self.reader.datum(picture)) for picture in pictures]
        found = [
            self._candidates(rng, picture, image.shape) for picture, image in zip(pictures, images)
        ]
        place = np.repeat(np.arange(len(found)), [len(candidates) for candidates, *_ in found])
        arrays = [np.concatenate(part) for part in zip(*found)]  # box, label, regresses, face
        which = choose(rng, arrays[1], place, self.settings["batch"])
        return Chosen(images, *(array[which] for array in (place, *arrays)))

    def _batch_of(self, rng, chosen, varied):
        """Return the mini-batch of some regions; varied: see `_regions`."""
        patches, targets, classes = [], self._empty_targets(), self._empty_classes()
        for row, face in enumerate(chosen.face):
            flip = varied and rng.random() < 0.5
            patch = crop(chosen.images[chosen.place[row]], chosen.box[row], self.settings["size"])
            if varied:
                patch = vary.colours(rng, patch)
                patch = variations.spoilt(rng, patch, self.settings.get("vary", ()))
            patches.append(align.mirror(patch) if flip else patch)
            if chosen.regresses[row]:
                for name, (values, mask) in self._targets(face, chosen.box[row], flip).items():
                    targets[name][0][row], targets[name][1][row] = values, mask
            # our choice: HyperFace states no limit for gender
            if chosen.label[row] == regions.FACE:
                for task in self.classes:
                    classes[task.name][row] = self.faces[task.label][face]
        pairs = [array for pair in targets.values() for array in pair]
        return (patches, np.float32(chosen.label), *pairs, *classes.values())

    def _empty_targets(self):
        """Return {name: (values, mask)} of the regressions without any label."""
        rows = self.settings["batch"]
        return {
            task.name: (
                np.zeros((rows, task.size), np.float32),
                np.zeros((rows, task.size), np.float32),
            )
            for task in self.regressions
        }

    def _empty_classes(self):
        """Return {name: labels (n,)} of the further classes without any label."""
        rows = self.settings["batch"]
        return {task.name: np.full(rows, -1, np.float32) for task in self.classes}

    def _candidates(self, rng, picture, shape):
        """Return boxes (n, 4) of a picture, their kind, whether they regress, and their face."""
        height, width = shape[:2]
        first, last = self.stored.face_start[picture : picture + 2]
        faces = self.faces["box"][first:last]
        candidates = np.concatenate(
            [self.stored.proposals(picture), regions.windows(rng, width, height, self.anywhere)]
            + [regions.jittered(rng, box, AROUND) for box in faces]
            + [regions.misfits(rng, box, MISFITS) for box in faces]
        ).astype(np.float32)
        candidates, label, regresses, face = self._labelled(candidates, faces)
        hides = regions.may_hide_a_face(self._cores(candidates), self.stored.ignored(picture))
        label = np.where(hides & (label == regions.BACKGROUND), regions.IGNORED, label)
        return candidates, label, regresses, first + face

    def _labelled(self, candidates, faces):
        """Return the regions of candidates (n, 4), and what `label_regions` says of them."""
        return (candidates, *regions.label_regions(candidates, faces))

    def _cores(self, some):
        """Return the parts of regions (n, 4) in which a face would be: all of them."""
        return some

    def _targets(self, face, box, flip):
        """Return {task: (values, mask)} of a face relative to a region; mask 0: not known."""
        targets = {}
        for task in self.regressions:
            values, known = ENCODERS[task.kind](self.faces, task.label, face, box, flip)
            targets[task.name] = np.where(known, values, 0), known
        return targets


def points_target(faces, label, face, box, flip):
    """Return landmarks relative to a region, (42,), and which are known and visible."""
    points = landmarks.encode(faces[label][face], box)
    seen = faces["visibility"][face]
    if flip:
        points, seen = landmarks.mirror(points, 0), seen[landmarks.MIRROR]
    known = np.isfinite(points).all(axis=1) & (seen > 0)
    return points.ravel(), np.repeat(known, 2)


def visibility_target(faces, label, face, box, flip):
    """Return the visibility of the landmarks, (21,), and where it is known."""
    seen = faces[label][face]
    if flip:
        seen = seen[landmarks.MIRROR]
    return seen, np.isfinite(seen)


def angles_target(faces, label, face, box, flip):
    """Return the pose in radians, (3,), and which angles are known."""
    degrees = faces[label][face]
    if flip:
        degrees = pose.mirror_pose(degrees)
    return pose.encode_pose(degrees), np.isfinite(degrees)


ENCODERS = {
    tasks.POINTS: points_target,
    tasks.VISIBILITY: visibility_target,
    tasks.ANGLES: angles_target,
}


class RegionData(BatchLayer):
    """Tops: data (n, 3, size, size), label (n,), and those of python_layers.tops.

    label: 1 a face, 0 none, -1 ignored. Landmarks are relative to the region's centre and size, x
    and y by turns; their mask is the visibility. Pose is in radians. Further classes, such as the
    gender for HyperFace, are -1 where they are unknown or the region is no face. "vary": kinds of
    python_layers.variations.OF_REGIONS, none where it is not given.
    """

    sampler = RegionSampler
