"""FaceData: mini-batches of aligned faces from a database, the same for the same seed and iteration."""
import json

import allinone  # noqa: F401  (quiets Caffe before it is imported)
import caffe
import numpy as np

from allinone import store
from allinone.blob import to_blob
from python_layers.counted import add_counter, count
from python_layers.prefetch import Prefetch


def batch_indices(seed, iteration, batch, size):
    """Return the records of mini-batch `iteration`: every one once an epoch, in an order that is shuffled anew each time."""
    positions = np.arange(iteration * batch, (iteration + 1) * batch)
    orders = {epoch: np.random.default_rng([seed, 11, epoch]).permutation(size) for epoch in np.unique(positions // size)}
    return [int(orders[position // size][position % size]) for position in positions]


class FaceSampler:
    """Faces shifted within the margin that the database stores, mirrored half of the time."""

    def __init__(self, settings):
        self.settings, self.reader = settings, store.Reader(settings["source"])

    def batch(self, iteration):
        """Return images (n, side, side, 3) uint8 and labels (n, 1), or (n, 2) for the age: years and sigma."""
        rows, side, seed = (self.settings[name] for name in ("batch", "size", "seed"))
        rng, images, labels = np.random.default_rng([seed, 12, iteration]), [], []
        for index in batch_indices(seed, iteration, rows, len(self.reader)):
            datum = self.reader.datum(index)
            image = self.reader.image(datum)
            y, x = rng.integers(0, len(image) - side + 1, 2)
            face = image[y:y + side, x:x + side]
            images.append(face[:, ::-1] if rng.random() < 0.5 else face)
            labels.append(tuple(datum.float_data) or (datum.label,))
        return np.stack(images), np.float32(labels)


class FaceData(caffe.Layer):
    """Tops: data (n, 3, size, size), label (n,) and, for the age, sigma (n,): the label's standard deviation, 0 = not given.

    param_str: {"source": folder, "batch": n, "size": pixels, "seed": int}.
    """

    def setup(self, bottom, top):
        self.settings = json.loads(self.param_str)
        self.prefetch = Prefetch(FaceSampler, self.settings)
        add_counter(self)

    def reshape(self, bottom, top):
        rows, side = self.settings["batch"], self.settings["size"]
        top[0].reshape(rows, 3, side, side)
        for place in range(1, len(top)):
            top[place].reshape(rows)

    def forward(self, bottom, top):
        images, labels = self.prefetch.get(count(self))
        top[0].data[...] = to_blob(images)
        for place in range(1, len(top)):
            top[place].data[...] = labels[:, place - 1]

    def backward(self, top, propagate_down, bottom):
        pass
