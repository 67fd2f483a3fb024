"""Building blocks of a tower: layers with named parameters, so that towers share them.

A layer of a tower is called <tower>/<layer>, its parameters <layer>/w, <layer>/b, <layer>/a in every net of the kit:
the parameter's name is its identity, and every blob has one, since Caffe shares by name and an unnamed one is private.
"""
import allinone  # noqa: F401  (quiets Caffe before it is imported)
from caffe import layers as L, params as P

WEIGHT, BIAS, SLOPE = dict(lr_mult=1, decay_mult=1), dict(lr_mult=2, decay_mult=0), dict(lr_mult=1, decay_mult=0)


class Tower:
    """One tower under construction in a NetSpec: adds layers under a prefix and remembers the latest blob."""

    def __init__(self, net, prefix="", dropout=0.0):
        self.net, self.prefix, self.dropout = net, prefix, dropout

    def put(self, name, top):
        """Add a layer's output under the tower's prefix."""
        self.net[self.prefix + name] = top
        return top

    def __getitem__(self, name):
        return self.net[self.prefix + name]

    def conv(self, name, bottom, maps, kernel, stride=1, pad=0):
        """Convolution and PReLU."""
        top = self.put(name, L.Convolution(
            bottom, num_output=maps, kernel_size=kernel, stride=stride, pad=pad, weight_filler=dict(type="msra"),
            bias_filler=dict(type="constant", value=0), param=_named(name)))
        return self._prelu(name, top)

    def hidden(self, name, bottom, size):
        """Fully connected layer, PReLU and, where the profile has it, dropout."""
        top = self._prelu(name, self._fc(name, bottom, size, dict(type="msra")))
        if self.dropout:
            top = self.put("drop_" + name, L.Dropout(top, dropout_ratio=self.dropout, in_place=True))
        return top

    def output(self, name, bottom, size):
        """Fully connected layer without an activation; starts near 0."""
        return self._fc(name, bottom, size, dict(type="gaussian", std=0.01))

    def max_pool(self, name, bottom):
        """Overlapping 3x3 max pooling of stride 2, as in AlexNet."""
        return self.put(name, L.Pooling(bottom, pool=P.Pooling.MAX, kernel_size=3, stride=2))

    def _fc(self, name, bottom, size, filler):
        return self.put(name, L.InnerProduct(bottom, num_output=size, weight_filler=filler,
                                             bias_filler=dict(type="constant", value=0), param=_named(name)))

    def _prelu(self, name, bottom):
        return self.put("prelu_" + name, L.PReLU(bottom, in_place=True, param=[dict(name=f"{name}/a", **SLOPE)]))


def _named(name):
    return [dict(name=f"{name}/w", **WEIGHT), dict(name=f"{name}/b", **BIAS)]
