"""RegionData: mini-batches of regions for the detection tower, sampled by IoU (section III-C1)."""
import json
import os

import caffe
import h5py
import numpy as np

from allinone import landmarks, pose, regions, store
from allinone.blob import crop, to_blob
from python_layers.counted import add_counter, count

# our choice: of the regions of one picture, the share that is face, in-between and background
SHARES = ((regions.FACE, 0.45), (regions.IGNORED, 0.15), (regions.BACKGROUND, 0.40))
PER_IMAGE = 4            # our choice: regions taken from one picture
SEARCHED_SHARE = 0.5     # our choice: share of the pictures that have region proposals
MIRROR_SHARE = 0.5


def choose(rng, label, count_):
    """Return `count_` indices into labels (n,), by SHARES as far as they go, filled up from the rest."""
    chosen = []
    for kind, share in SHARES:
        candidates = np.flatnonzero(label == kind)
        wanted = min(int(np.floor(share * count_ + rng.random())), len(candidates), count_ - len(chosen))
        chosen += rng.choice(candidates, wanted, replace=False).tolist()
    rest = np.setdiff1d(np.flatnonzero(label != regions.IGNORED), chosen)
    missing = count_ - len(chosen)
    return chosen + rng.choice(rest, missing, replace=len(rest) < missing).tolist()


class RegionData(caffe.Layer):
    """Tops: data, label (n,; -1 ignored), then label and mask of landmarks (n, 42), visibility (n, 21), pose (n, 3).

    Landmarks are relative to the region's centre and size, x and y by turns; the mask is the visibility. Pose is in
    radians. Regions come from the stored proposals, from around the faces and from anywhere, drawn by seed and iteration.
    param_str: {"source": folder, "batch": n, "size": pixels, "seed": int}.
    """

    def setup(self, bottom, top):
        settings = json.loads(self.param_str)
        self.batch, self.size, self.seed = settings["batch"], settings["size"], settings["seed"]
        self.reader = store.Reader(settings["source"])
        with h5py.File(os.path.join(settings["source"], store.REGIONS), "r") as data:
            self.faces = {name: data[name][...] for name in ("box", "landmarks", "visibility", "pose")}
            self.face_start, self.proposal_start = data["face_start"][...], data["proposal_start"][...]
            self.proposals = data["proposal"][...]
        has = np.diff(self.proposal_start) > 0
        self.pools = [pool for pool in (np.flatnonzero(has), np.flatnonzero(~has)) if len(pool)]
        add_counter(self)

    def reshape(self, bottom, top):
        top[0].reshape(self.batch, 3, self.size, self.size)
        top[1].reshape(self.batch)
        for blob, width in zip(top[2:], (42, 42, 21, 21, 3, 3)):
            blob.reshape(self.batch, width)

    def forward(self, bottom, top):
        rng = np.random.default_rng([self.seed, 13, count(self)])
        images = np.empty((self.batch, self.size, self.size, 3), np.uint8)
        for blob in top[2:]:
            blob.data[...] = 0
        for start in range(0, self.batch, PER_IMAGE):
            pool = self.pools[0 if rng.random() < SEARCHED_SHARE else -1]
            self._fill(rng, int(rng.choice(pool)), range(start, min(start + PER_IMAGE, self.batch)), images, top)
        top[0].data[...] = to_blob(images)

    def backward(self, top, propagate_down, bottom):
        pass

    def _fill(self, rng, index, rows, images, top):
        """Fill rows of the batch with regions of picture `index`."""
        image = self.reader.image(self.reader.datum(index))
        height, width = image.shape[:2]
        faces = np.s_[self.face_start[index]:self.face_start[index + 1]]
        face_boxes = self.faces["box"][faces]
        candidates = np.concatenate(
            [self.proposals[self.proposal_start[index]:self.proposal_start[index + 1]], regions.windows(rng, width, height, 12)]
            + [regions.jittered(rng, box, 12) for box in face_boxes]).astype(np.float32)
        label, regresses, face = regions.label_regions(candidates, face_boxes)
        for row, chosen in zip(rows, choose(rng, label, len(rows))):
            box, flip = candidates[chosen], rng.random() < MIRROR_SHARE
            patch = crop(image, box, self.size)
            images[row] = patch[:, ::-1] if flip else patch
            top[1].data[row] = label[chosen]
            if regresses[chosen]:
                self._label(top, row, faces.start + face[chosen], box, flip)

    def _label(self, top, row, face, box, flip):
        """Write landmarks, visibility and pose of a face, relative to the region, and their masks."""
        points = landmarks.encode(self.faces["landmarks"][face], box)
        seen, turned = self.faces["visibility"][face], self.faces["pose"][face]
        if flip:
            points, seen, turned = landmarks.mirror(points, 0), seen[landmarks.MIRROR], pose.mirror_pose(turned)
        known = np.isfinite(points).all(axis=1) & (seen > 0)
        for offset, values, mask in ((2, points.ravel(), np.repeat(known, 2)), (4, seen, np.isfinite(seen)),
                                     (6, pose.encode_pose(turned), np.isfinite(turned))):
            top[offset].data[row] = np.where(mask, values, 0)
            top[offset + 1].data[row] = mask
