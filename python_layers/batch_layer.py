"""What the data layers have in common: their tops hold a sampler's mini-batches, one after the other."""

import json

from allinone.pycaffe import caffe
from python_layers.counted import add_counter, count
from python_layers.prefetch import Prefetch, write


class BatchLayer(caffe.Layer):
    """A data layer whose subclass names its `sampler`: shapes(batch, size), batch(number), test_batch(number).

    param_str: {"source": folder, "batch": n, "size": pixels, "seed": int} and, for the test phase, {"cycle": mini-batches
    of one validation}. Mini-batches depend on these and on their number alone, and the number is a count that a
    snapshot keeps: a run that is resumed goes on with the one that comes next.
    """

    sampler = None

    def setup(self, bottom, top):
        settings = json.loads(self.param_str)
        self.shapes = self.sampler.shapes(settings["batch"], settings["size"])[: len(top)]
        if self.phase == caffe.TRAIN:
            self.ahead = Prefetch(self.sampler, settings, self.shapes, caffe.solver_count())
        else:
            self.source, self.cycle, self.tested = (
                self.sampler(settings),
                settings.get("cycle", 1),
                0,
            )
        add_counter(self)

    def reshape(self, bottom, top):
        for place, shape in enumerate(self.shapes):
            top[place].reshape(*shape)

    def forward(self, bottom, top):
        tops = [top[place].data for place in range(len(top))]
        if (
            self.phase == caffe.TRAIN
        ):  # every solver of a multi-GPU run takes its own mini-batch, by turns
            for blob, values in zip(
                tops, self.ahead.get(count(self) * caffe.solver_count() + caffe.solver_rank())
            ):
                blob[...] = values
        else:  # 0 to cycle - 1, again and again, so that every validation sees the same
            write(self.source.test_batch(self.tested % self.cycle), tops)
            self.tested += 1

    def backward(self, top, propagate_down, bottom):
        pass
