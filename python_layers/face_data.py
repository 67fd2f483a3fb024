"""FaceData: mini-batches of aligned faces from one or several databases.

A mini-batch depends on the seed and its number alone.
"""

import functools
import os

import numpy as np

from allinone import align, store
from allinone.profiles import EYES
from python_layers import tops, variations, vary
from python_layers.batch_layer import BatchLayer

TURNS = 1000  # our choice: the sets' shares hold exactly in every TURNS faces
# Two parts of one set (Table I; [40]), by the names of their databases' folders.
ONE_SET = ("imdb", "wiki")


def set_shares(sizes, names=()):
    """Return the share of each training set in a sub-network's mini-batches.

    our choice: in proportion to the root of its size. A small set of good labels is then neither
    drowned by a large one nor repeated as often as an equal share would have it (IMDB+WIKI,
    Adience, MORPH: 56, 16, 28 %). names: of the sets; those of ONE_SET count as one, in which each
    has its part by its size.
    """
    sizes = np.asarray(sizes, np.float64)
    parts = np.isin(names, ONE_SET) if len(names) else np.zeros(len(sizes), bool)
    whole = np.where(parts, sizes[parts].sum(), sizes)  # the size of the set that each belongs to
    roots = np.sqrt(whole) * sizes / whole
    return roots / roots.sum()


def turns(sizes, seed, names=(), shares=None):
    """Return (TURNS,) which set each face of a round comes from, shuffled.

    Shares are exact, and every set comes at least once. shares: (n,) of the sets, default those of
    `set_shares`.
    """
    wanted = (set_shares(sizes, names) if shares is None else np.asarray(shares)) * TURNS
    counts = np.maximum(np.floor(wanted), 1).astype(int)
    for largest in np.argsort(counts - wanted)[: TURNS - counts.sum()]:  # the largest remainders
        counts[largest] += 1
    counts[counts.argmax()] += TURNS - counts.sum()
    return np.random.default_rng([seed, 14]).permutation(np.repeat(np.arange(len(sizes)), counts))


def batch_records(seed, number, batch, sizes, names=(), shares=None):
    """Return [(set, record)] of mini-batch `number`; sizes, names, shares: of the sets.

    Of each set every record comes once an epoch, in an order that is shuffled anew each time.
    """
    plan, chosen = turns(sizes, seed, names, shares), []
    for position in range(number * batch, (number + 1) * batch):
        rounds, turn = divmod(position, TURNS)
        place = int(plan[turn])
        in_a_round, in_this_round = (plan == place).sum(), (plan[:turn] == place).sum()
        earlier = rounds * int(in_a_round) + int(in_this_round)
        epoch, index = divmod(earlier, sizes[place])
        chosen.append((place, int(_order(seed, place, epoch, sizes[place])[index])))
    return chosen


# Cached: CASIA's order is half a million numbers, not to be shuffled for every mini-batch.
@functools.lru_cache(maxsize=8)
def _order(seed, place, epoch, size):
    """Return the order in which an epoch goes through the records of a set."""
    return np.random.default_rng([seed, 11, place, epoch]).permutation(size)


def groups_of(kinds):
    """Return [records of each group] of a set; kinds: (n, 2) age and gender, store.UNKNOWN apart.

    A group is a decade of age and a gender.
    """
    kinds = np.asarray(kinds, int)
    decades = np.where(kinds[:, 0] == store.UNKNOWN, -1, kinds[:, 0] // 10)
    _, group = np.unique(np.column_stack([decades, kinds[:, 1]]), axis=0, return_inverse=True)
    group = group.ravel()
    return [np.flatnonzero(group == number) for number in range(group.max() + 1)]


class FaceSampler:
    """Faces of a sub-network's databases.

    For training they are framed and coloured anew each time, and mirrored half of the time.
    """

    shapes = staticmethod(tops.aligned_shapes)

    def __init__(self, settings):
        """Open the databases of the settings' source; settings: see BatchLayer."""
        self.settings = settings
        folders = store.databases(settings["source"])
        self.readers = [store.Reader(folder) for folder in folders]
        self.names = [os.path.basename(folder) for folder in folders]
        self.eyes = self.readers[0].manifest.get("eyes", EYES)
        self.pools = []  # [(set, its records)] of the groups that are balanced
        if settings.get("balance"):
            self._make_pools()

    def _make_pools(self):
        """Part the sets into groups.

        our choice: a set has its usual share, and in it each group one in proportion to the root of
        its size, as sets have: the old and the very young come more often, and none too often.
        """
        shares = set_shares([len(reader) for reader in self.readers], self.names)
        self.shares = []
        for place, reader in enumerate(self.readers):
            groups = groups_of(store.groups(reader.folder, len(reader)))
            self.pools += [(place, records) for records in groups]
            self.shares += (shares[place] * set_shares([len(one) for one in groups])).tolist()

    def records(self, number):
        """Return [(set, record)] of mini-batch `number` for training."""
        rows, seed = self.settings["batch"], self.settings["seed"]
        if not self.pools:
            sizes = [len(reader) for reader in self.readers]
            return batch_records(seed, number, rows, sizes, self.names)
        sizes = [len(records) for _, records in self.pools]
        chosen = batch_records(seed, number, rows, sizes, shares=self.shares)
        return [(self.pools[pool][0], int(self.pools[pool][1][place])) for pool, place in chosen]

    def batch(self, number):
        """Return n images (side, side, 3) and label (n,); for the age also sigma (n,), in years.

        With "descriptor" the label is a teacher's descriptors, (n, that many numbers).
        """
        side, seed = self.settings["size"], self.settings["seed"]
        erasing, kinds = self.settings.get("erasing", 0), self.settings.get("vary", ())
        rng = np.random.default_rng([seed, 12, number])
        images, labels = [], []
        for place, index in self.records(number):
            image, label = self._face(place, index)
            image = variations.placed(rng, image, kinds, self.eyes)
            face = vary.colours(rng, vary.framing(rng, image, side))
            face = variations.spoilt(rng, face, kinds)
            if erasing and rng.random() < erasing:
                face = vary.erase(rng, face)
            images.append(align.mirror(face) if rng.random() < 0.5 else face)
            labels.append(label)
        return (images, *self._tops_of(labels))

    def test_batch(self, number):
        """Return the same for testing: the middle of each stored picture, the records in order."""
        rows, side = self.settings["batch"], self.settings["size"]
        places = []
        for place, reader in enumerate(self.readers):
            places += [(place, index) for index in range(len(reader))]
        images, labels = [], []
        for position in range(number * rows, (number + 1) * rows):
            image, label = self._face(*places[position % len(places)])
            margin = (len(image) - side) // 2
            images.append(image[margin : margin + side, margin : margin + side])
            labels.append(label)
        return (images, *self._tops_of(labels))

    def _tops_of(self, labels):
        """Return the arrays of the label tops: one for each number of a label, or all in one."""
        rows = np.float32(labels)
        return [rows] if "descriptor" in self.settings else rows.T

    def _face(self, place, index):
        datum = self.readers[place].datum(index)
        return self.readers[place].image(datum), tuple(datum.float_data) or (datum.label,)


class FaceData(BatchLayer):
    """Tops: data (n, 3, size, size), label (n,) and, for the age, sigma (n,), 0 where not given.

    "source" is a database or a folder of several, one for each training set, which all store faces
    of one size. "erasing": share of the training faces that lose a rectangle, 0 where it is not
    given; "vary": kinds of python_layers.variations, none where it is not given; "balance": true
    where groups of age and gender are balanced. "descriptor": numbers of a teacher's descriptor,
    where the label is one, (n, that many).
    """

    sampler = FaceSampler

    def shapes_of(self, settings):
        """Return the shapes of all tops that the layer can have."""
        return tops.aligned_shapes(
            settings["batch"], settings["size"], settings.get("descriptor", 0)
        )
