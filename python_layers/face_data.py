"""FaceData: mini-batches of aligned faces from a database, the same for the same seed and iteration."""
import json

import caffe
import numpy as np

from allinone import store
from allinone.blob import to_blob
from python_layers.counted import add_counter, count


def order(seed, epoch, size):
    """Return the order of `size` records in an epoch."""
    return np.random.default_rng([seed, 11, epoch]).permutation(size)


def batch_indices(seed, iteration, batch, size):
    """Return the records of mini-batch `iteration`: all of them once an epoch, shuffled anew each time."""
    positions = np.arange(iteration * batch, (iteration + 1) * batch)
    orders = {epoch: order(seed, epoch, size) for epoch in np.unique(positions // size)}
    return [int(orders[position // size][position % size]) for position in positions]


class FaceData(caffe.Layer):
    """Tops: data (n, 3, size, size), label (n,) and, where asked for, sigma (n,): the label's standard deviation.

    Faces are shifted within the margin that the database stores and mirrored half of the time, drawn by seed and iteration.
    With three blobs, label and sigma are the two floats of a record (age); with two, the label is its integer.
    param_str: {"source": folder, "batch": n, "size": pixels, "seed": int}.
    """

    def setup(self, bottom, top):
        settings = json.loads(self.param_str)
        self.batch, self.size, self.seed = settings["batch"], settings["size"], settings["seed"]
        self.reader = store.Reader(settings["source"])
        add_counter(self)

    def reshape(self, bottom, top):
        top[0].reshape(self.batch, 3, self.size, self.size)
        for blob in top[1:]:
            blob.reshape(self.batch)

    def forward(self, bottom, top):
        iteration = count(self)
        rng = np.random.default_rng([self.seed, 12, iteration])
        images = np.empty((self.batch, self.size, self.size, 3), np.uint8)
        for row, index in enumerate(batch_indices(self.seed, iteration, self.batch, len(self.reader))):
            datum = self.reader.datum(index)
            image = self.reader.image(datum)
            y, x = rng.integers(0, len(image) - self.size + 1, 2)
            face = image[y:y + self.size, x:x + self.size]
            images[row] = face[:, ::-1] if rng.random() < 0.5 else face
            numbers = datum.float_data if len(top) == 3 else (datum.label,)
            for blob, number in zip(top[1:], numbers):
                blob.data[row] = number
        top[0].data[...] = to_blob(images)

    def backward(self, top, propagate_down, bottom):
        pass
