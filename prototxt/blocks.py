"""Building blocks of a tower: layers with named parameters, so that towers share them.

A layer of a tower is called <tower>/<layer>, its parameters <layer>/w, <layer>/b, <layer>/a in every net of the kit:
the parameter's name is its identity, and every blob has one, since Caffe shares by name and an unnamed one is private.
"""

from allinone.pycaffe import L, P

WEIGHT, BIAS, SLOPE = (
    dict(lr_mult=1, decay_mult=1),
    dict(lr_mult=2, decay_mult=0),
    dict(lr_mult=1, decay_mult=0),
)


class Tower:
    """One tower under construction in a NetSpec: adds layers under a prefix and remembers the latest blob.

    Parameter names start with `namespace`, '' for all nets of the kit, which share. prelu=False: ReLU, as in AlexNet.
    dense=True: fully connected layers are written as the convolutions that they are on maps of any size.
    """

    def __init__(self, net, prefix="", dropout=0.0, namespace="", prelu=True, dense=False):
        self.net, self.prefix, self.dropout, self.namespace, self.prelu, self.dense = (
            net,
            prefix,
            dropout,
            namespace,
            prelu,
            dense,
        )

    def put(self, name, top):
        """Add a layer's output under the tower's prefix."""
        self.net[self.prefix + name] = top
        return top

    def __getitem__(self, name):
        return self.net[self.prefix + name]

    def active(self, name):
        """Return the output of a layer after its activation."""
        return self[("prelu_" if self.prelu else "relu_") + name]

    def conv(self, name, bottom, maps, kernel, stride=1, pad=0, group=1):
        """Convolution and activation."""
        return self._activate(
            name, self._conv(name, bottom, maps, kernel, dict(type="msra"), stride, pad, group)
        )

    def hidden(self, name, bottom, size, kernel=1):
        """Fully connected layer, activation and, where the profile has it, dropout; kernel: side of the maps below, for dense."""
        top = self._activate(name, self._fc(name, bottom, size, kernel, dict(type="msra")))
        if self.dropout:
            top = self.put(
                "drop_" + name, L.Dropout(top, dropout_ratio=self.dropout, in_place=True)
            )
        return top

    def output(self, name, bottom, size):
        """Fully connected layer without an activation; starts near 0."""
        return self._fc(name, bottom, size, 1, dict(type="gaussian", std=0.01))

    def max_pool(self, name, bottom):
        """Overlapping 3x3 max pooling of stride 2, as in AlexNet."""
        return self.put(name, L.Pooling(bottom, pool=P.Pooling.MAX, kernel_size=3, stride=2))

    def _fc(self, name, bottom, size, kernel, filler):
        if self.dense:
            return self._conv(name, bottom, size, kernel, filler)
        return self.put(
            name,
            L.InnerProduct(
                bottom,
                num_output=size,
                weight_filler=filler,
                bias_filler=dict(type="constant", value=0),
                param=self._named(name),
            ),
        )

    def _conv(self, name, bottom, maps, kernel, filler, stride=1, pad=0, group=1):
        groups = dict(group=group) if group > 1 else {}
        return self.put(
            name,
            L.Convolution(
                bottom,
                num_output=maps,
                kernel_size=kernel,
                stride=stride,
                pad=pad,
                weight_filler=filler,
                bias_filler=dict(type="constant", value=0),
                param=self._named(name),
                **groups,
            ),
        )

    def _activate(self, name, bottom):
        if not self.prelu:
            return self.put("relu_" + name, L.ReLU(bottom, in_place=True))
        return self.put(
            "prelu_" + name,
            L.PReLU(bottom, in_place=True, param=[dict(name=f"{self.namespace}{name}/a", **SLOPE)]),
        )

    def _named(self, name):
        return [
            dict(name=f"{self.namespace}{name}/w", **WEIGHT),
            dict(name=f"{self.namespace}{name}/b", **BIAS),
        ]
