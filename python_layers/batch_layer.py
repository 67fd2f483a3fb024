"""What the data layers have in common: their tops hold a sampler's mini-batches, one by one."""

import json

from allinone.pycaffe import caffe
from python_layers.counted import add_counter, count
from python_layers.prefetch import Prefetch, write


class BatchLayer(caffe.Layer):
    """A data layer; a subclass names its `sampler`.

    A sampler is a class with shapes(batch, size), batch(number) and test_batch(number), made of the
    settings in param_str: {"source": folder, "batch": n, "size": pixels, "seed": int} and, for the
    test phase, {"cycle": mini-batches of one validation}. A mini-batch depends on these and on its
    number alone, and the number is a count that a snapshot keeps, so that a resumed run goes on
    with the next one.
    """

    sampler = None

    def setup(self, bottom, top):
        """Open the databases: in a process of its own for training, here for testing."""
        settings = json.loads(self.param_str)
        self.shapes = self.shapes_of(settings)[: len(top)]
        if self.phase == caffe.TRAIN:
            self.ahead = Prefetch(self.sampler, settings, self.shapes, caffe.solver_count())
        else:
            self.source = self.sampler(settings)
            self.cycle, self.tested = settings.get("cycle", 1), 0
        add_counter(self)

    def shapes_of(self, settings):
        """Return the shapes of all tops that the layer can have."""
        return self.sampler.shapes(settings["batch"], settings["size"])

    def reshape(self, bottom, top):
        """Set the tops' shapes."""
        for place, shape in enumerate(self.shapes):
            top[place].reshape(*shape)

    def forward(self, bottom, top):
        """Write the next mini-batch into the tops."""
        arrays = [top[place].data for place in range(len(top))]
        if self.phase == caffe.TRAIN:
            # Each solver of several takes its own mini-batch, by turns.
            number = count(self) * caffe.solver_count() + caffe.solver_rank()
            for array, values in zip(arrays, self.ahead.get(number)):
                array[...] = values
        else:
            # 0 to cycle - 1, again and again, so that every validation sees the same.
            write(self.source.test_batch(self.tested % self.cycle), arrays)
            self.tested += 1

    def backward(self, top, propagate_down, bottom):
        """Do nothing: data has no gradient."""
