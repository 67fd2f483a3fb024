"""FaceData: mini-batches of aligned faces from one or several databases, the same for the same seed and iteration."""

import functools

import numpy as np

from allinone import align, store
from python_layers import vary
from python_layers.batch_layer import BatchLayer

TURNS = 1000  # our choice: the sets' shares hold exactly in every TURNS faces


def set_shares(sizes):
    """Return the share of each training set in a tower's mini-batches.

    our choice: in proportion to the root of its size, so that a small set of good labels is neither drowned by a large
    one nor repeated as often as an equal share would have it (IMDB+WIKI, Adience, MORPH: 56, 16, 28 %).
    """
    roots = np.sqrt(np.asarray(sizes, np.float64))
    return roots / roots.sum()


def turns(sizes, seed):
    """Return (TURNS,) which set each face of a round comes from: exact shares, every set at least once, shuffled."""
    wanted = set_shares(sizes) * TURNS
    counts = np.maximum(np.floor(wanted), 1).astype(int)
    for largest in np.argsort(counts - wanted)[: TURNS - counts.sum()]:  # the largest remainders
        counts[largest] += 1
    counts[counts.argmax()] += TURNS - counts.sum()
    return np.random.default_rng([seed, 14]).permutation(np.repeat(np.arange(len(sizes)), counts))


def batch_records(seed, number, batch, sizes):
    """Return [(set, record)] of mini-batch `number`: of each set every record once an epoch, in an order shuffled anew each time."""
    plan, chosen = turns(sizes, seed), []
    for position in range(number * batch, (number + 1) * batch):
        place = plan[position % TURNS]
        earlier = position // TURNS * int((plan == place).sum()) + int(
            (plan[: position % TURNS] == place).sum()
        )
        epoch, index = divmod(earlier, sizes[place])
        chosen.append((int(place), int(_order(seed, int(place), epoch, sizes[place])[index])))
    return chosen


@functools.lru_cache(
    maxsize=8
)  # CASIA's is half a million numbers: not to be shuffled for every mini-batch
def _order(seed, place, epoch, size):
    """Return the order in which an epoch goes through the records of a set."""
    return np.random.default_rng([seed, 11, place, epoch]).permutation(size)


class FaceSampler:
    """Faces of a tower's databases: for training framed and coloured anew each time, and mirrored half of the time."""

    def __init__(self, settings):
        self.settings, self.readers = (
            settings,
            [store.Reader(folder) for folder in store.databases(settings["source"])],
        )

    @staticmethod
    def shapes(rows, side):
        """Return the shapes of FaceData's tops; the last is there for the age alone."""
        return [(rows, 3, side, side), (rows,), (rows,)]

    def batch(self, number):
        """Return n images (side, side, 3) and label (n,); for the age, in years, also sigma (n,)."""
        rows, side, seed = (self.settings[name] for name in ("batch", "size", "seed"))
        rng, images, labels, erasing = (
            np.random.default_rng([seed, 12, number]),
            [],
            [],
            self.settings.get("erasing", 0),
        )
        for place, index in batch_records(
            seed, number, rows, [len(reader) for reader in self.readers]
        ):
            image, label = self._face(place, index)
            face = vary.colours(rng, vary.framing(rng, image, side))
            if erasing and rng.random() < erasing:
                face = vary.erase(rng, face)
            images.append(align.mirror(face) if rng.random() < 0.5 else face)
            labels.append(label)
        return (images, *np.float32(labels).T)

    def test_batch(self, number):
        """Return the same for testing: the records in order, from the middle of the stored picture, from the first on again at the end."""
        rows, side = self.settings["batch"], self.settings["size"]
        places = [
            (place, index)
            for place, reader in enumerate(self.readers)
            for index in range(len(reader))
        ]
        images, labels = zip(
            *(
                self._face(*places[position % len(places)])
                for position in range(number * rows, (number + 1) * rows)
            )
        )
        margin = (len(images[0]) - side) // 2
        return (
            [image[margin : margin + side, margin : margin + side] for image in images],
            *np.float32(labels).T,
        )

    def _face(self, place, index):
        datum = self.readers[place].datum(index)
        return self.readers[place].image(datum), tuple(datum.float_data) or (datum.label,)


class FaceData(BatchLayer):
    """Tops: data (n, 3, size, size), label (n,) and, for the age, sigma (n,): the label's standard deviation, 0 = not given.

    "source" is a database or a folder of them, one per training set; all that come together store faces of one size.
    "erasing": share of the training faces that lose a rectangle, 0 where it is not given.
    """

    sampler = FaceSampler
