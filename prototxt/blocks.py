"""Building blocks of a net: layers whose parameters have names, so that sub-networks share them.

Caffe shares parameters that have the same name; one without a name is private to its layer. The
parameters of layer conv1 are conv1/w, conv1/b and, of its PReLU, conv1/a in every net of the kit:
that name says which weight it is, whatever the layer itself is called.
"""

from allinone.pycaffe import L, P

# Caffe's usual: biases learn twice as fast; only weights decay.
WEIGHT = dict(lr_mult=1, decay_mult=1)
BIAS = dict(lr_mult=2, decay_mult=0)
SLOPE = dict(lr_mult=1, decay_mult=0)
MSRA = dict(type="msra")  # initial weights of layers with an activation
NEAR_ZERO = dict(type="gaussian", std=0.01)  # initial weights of output layers
ZERO = dict(type="constant", value=0)


class Tower:
    """Adds layers to a NetSpec under a prefix, "det/" for the sub-network det, "" for a whole net.

    namespace: starts the names of parameters; "" for all nets that share weights with each other.
    prelu: False for ReLU, as in AlexNet. dense: True writes fully connected layers as the
    convolutions that they are, so that the net takes pictures of any size.
    """

    def __init__(self, net, prefix="", dropout=0.0, namespace="", prelu=True, dense=False):
        """Start without any layer; dropout: share of the units of hidden layers."""
        self.net, self.prefix, self.namespace = net, prefix, namespace
        self.dropout, self.prelu, self.dense = dropout, prelu, dense

    def put(self, name, top):
        """Name a layer and its output blob; return the blob."""
        self.net[self.prefix + name] = top
        return top

    def conv(self, name, bottom, maps, kernel, stride=1, pad=0, group=1):
        """Add a convolution and its activation."""
        top = self._convolution(name, bottom, maps, MSRA, kernel, stride, pad, group)
        return self._activated(name, top)

    def hidden(self, name, bottom, size, kernel=1):
        """Add a fully connected layer, its activation and, unless it is 0, dropout.

        kernel: side of the maps below, which a dense net needs to know.
        """
        top = self._activated(name, self._fully_connected(name, bottom, size, MSRA, kernel))
        if self.dropout:
            dropout = L.Dropout(top, dropout_ratio=self.dropout, in_place=True)
            top = self.put(f"drop_{name}", dropout)
        return top

    def output(self, name, bottom, size):
        """Add a fully connected layer without an activation."""
        return self._fully_connected(name, bottom, size, NEAR_ZERO)

    def max_pool(self, name, bottom):
        """Add overlapping 3x3 max pooling of stride 2, as in AlexNet."""
        return self.put(name, L.Pooling(bottom, pool=P.Pooling.MAX, kernel_size=3, stride=2))

    def norm(self, name, bottom, alpha):
        """Add local response normalization, as in AlexNet."""
        return self.put(name, L.LRN(bottom, local_size=5, alpha=alpha, beta=0.75))

    def concat(self, name, *bottoms):
        """Add the concatenation of maps."""
        return self.put(name, L.Concat(*bottoms))

    def _fully_connected(self, name, bottom, size, filler, kernel=1):
        if self.dense:
            return self._convolution(name, bottom, size, filler, kernel)
        layer = L.InnerProduct(
            bottom,
            num_output=size,
            weight_filler=filler,
            bias_filler=ZERO,
            param=self._weight_and_bias(name),
        )
        return self.put(name, layer)

    def _convolution(self, name, bottom, maps, filler, kernel, stride=1, pad=0, group=1):
        groups = dict(group=group) if group > 1 else {}
        layer = L.Convolution(
            bottom,
            num_output=maps,
            kernel_size=kernel,
            stride=stride,
            pad=pad,
            weight_filler=filler,
            bias_filler=ZERO,
            param=self._weight_and_bias(name),
            **groups,
        )
        return self.put(name, layer)

    def _activated(self, name, bottom):
        if not self.prelu:
            return self.put(f"relu_{name}", L.ReLU(bottom, in_place=True))
        slope = dict(name=f"{self.namespace}{name}/a", **SLOPE)
        return self.put(f"prelu_{name}", L.PReLU(bottom, in_place=True, param=[slope]))

    def _weight_and_bias(self, name):
        return [
            dict(name=f"{self.namespace}{name}/w", **WEIGHT),
            dict(name=f"{self.namespace}{name}/b", **BIAS),
        ]
