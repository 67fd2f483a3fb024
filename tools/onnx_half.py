"""The ONNX form of a net in half precision (fp16), for GPUs with matrix units.

Weights and maps are fp16. Input and outputs stay float32, and so does what turns a head's raw
output into its answer: softmax, and the scaling to years. So nothing else of the kit sees fp16.
"""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from allinone.errors import InputError

HALF, SINGLE = TensorProto.FLOAT16, TensorProto.FLOAT
ANSWERS = ("Softmax", "Mul", "Add")  # kinds of nodes that stay float32
LARGEST = float(np.finfo(np.float16).max)


class Halved:
    """The nodes of a graph in the making, each with casts before it where it needs them."""

    def __init__(self) -> None:
        """Begin without any node."""
        self.nodes = []
        self.types: dict[str, int] = {}  # {tensor: HALF or SINGLE}

    def cast(self, name: str, kind: int, to: str = "") -> str:
        """Return the name of a tensor in the wanted type; adds a Cast where it has the other."""
        if self.types[name] == kind:
            return name
        to = to or f"{name}/{'half' if kind == HALF else 'single'}"
        if to not in self.types:
            self.nodes.append(helper.make_node("Cast", [name], [to], to=kind))
            self.types[to] = kind
        return to

    def add(self, node) -> None:
        """Add a node that computes in its type."""
        kind, copy = SINGLE if node.op_type in ANSWERS else HALF, onnx.NodeProto()
        copy.CopyFrom(node)
        copy.input[:] = [self.cast(name, kind) for name in node.input]
        self.nodes.append(copy)
        self.types.update(dict.fromkeys(node.output, kind))

    def end(self, name: str) -> None:
        """Let an output of the graph be float32 under its own name."""
        if self.types[name] == SINGLE:
            return
        raw = f"{name}/raw"
        for node in self.nodes:
            node.output[:] = [raw if one == name else one for one in node.output]
            node.input[:] = [raw if one == name else one for one in node.input]
        self.types[raw] = self.types.pop(name)
        self.cast(raw, SINGLE, to=name)


def halved(model, path: str):
    """Return a ModelProto of tools.onnx_form in half precision; path: what an error calls it.

    InputError where a weight is beyond fp16's range.
    """
    made, graph = Halved(), onnx.GraphProto()
    graph.CopyFrom(model.graph)
    exact = {name for node in graph.node if node.op_type in ANSWERS for name in node.input}
    for tensor in graph.initializer:
        made.types[tensor.name] = SINGLE if tensor.name in exact else HALF
        if tensor.name not in exact:
            tensor.CopyFrom(_half(tensor, path))
    made.types.update({source.name: SINGLE for source in graph.input})
    for node in model.graph.node:
        made.add(node)
    for output in graph.output:
        made.end(output.name)
    del graph.node[:]
    graph.node.extend(made.nodes)
    half = onnx.ModelProto()
    half.CopyFrom(model)
    half.graph.CopyFrom(graph)
    onnx.checker.check_model(half)
    return half


def _half(tensor, path):
    """Return a TensorProto in fp16."""
    array = numpy_helper.to_array(tensor)
    largest = float(np.abs(array).max(initial=0))
    if not largest <= LARGEST:
        raise InputError(
            f"{path}: a weight of '{tensor.name}' is {largest:g}, more than fp16 holds "
            f"({LARGEST:g}); use the form in float32 (engine onnxruntime)"
        )
    return numpy_helper.from_array(array.astype(np.float16), tensor.name)
