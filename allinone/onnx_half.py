"""The ONNX form of a net in half precision (fp16), for GPUs with matrix units.

Weights and maps are fp16. Input and outputs stay float32, and so does what turns a head's raw
output into its answer: softmax, and the scaling to years. So nothing else of the kit sees fp16.
"""

from __future__ import annotations

import numpy as np

from allinone.errors import InputError
from allinone.onnx_form import KINDS, Graph, Node

HALF, SINGLE = KINDS["float16"], KINDS["float32"]
ANSWERS = ("Softmax", "Mul", "Add")  # operations that stay float32
LARGEST = float(np.finfo(np.float16).max)


class _Halved:
    """The nodes of a graph in the making, each with casts before it where it needs them."""

    def __init__(self, kinds: dict[str, int]) -> None:
        """Begin with the kinds of what no node gives: {name: HALF or SINGLE}."""
        self.nodes: list[Node] = []
        self.kinds = kinds

    def cast(self, name: str, kind: int, to: str = "") -> str:
        """Return the name of an array in the wanted kind; adds a Cast where it has the other."""
        if self.kinds[name] == kind:
            return name
        to = to or f"{name}/{'half' if kind == HALF else 'single'}"
        if to not in self.kinds:
            self.nodes.append(Node("Cast", (name,), to, dict(to=kind)))
            self.kinds[to] = kind
        return to

    def add(self, node: Node) -> None:
        """Add a node that computes in its kind."""
        kind = SINGLE if node.operation in ANSWERS else HALF
        inputs = tuple(self.cast(name, kind) for name in node.inputs)
        self.nodes.append(node._replace(inputs=inputs))
        self.kinds[node.output] = kind

    def end(self, name: str) -> None:
        """Let an output of the graph be float32 under its own name."""
        if self.kinds[name] == SINGLE:
            return
        raw = f"{name}/raw"
        for place, node in enumerate(self.nodes):
            inputs = tuple(raw if one == name else one for one in node.inputs)
            output = raw if node.output == name else node.output
            self.nodes[place] = node._replace(inputs=inputs, output=output)
        self.kinds[raw] = self.kinds.pop(name)
        self.cast(raw, SINGLE, to=name)


def halved(graph: Graph, path: str) -> Graph:
    """Return a graph in half precision; path: what an error calls it.

    InputError where a weight is beyond fp16's range.
    """
    exact = {name for node in graph.nodes if node.operation in ANSWERS for name in node.inputs}
    weights = dict(graph.weights)
    for name in weights.keys() - exact:
        weights[name] = _half(name, weights[name], path)
    kinds = {name: KINDS[array.dtype.name] for name, array in weights.items()}
    made = _Halved({**kinds, graph.source[0]: SINGLE})
    for node in graph.nodes:
        made.add(node)
    for name in graph.outputs:
        made.end(name)
    return graph._replace(nodes=made.nodes, weights=weights)


def _half(name: str, array: np.ndarray, path: str) -> np.ndarray:
    largest = float(np.abs(array).max(initial=0))
    if not largest <= LARGEST:
        raise InputError(
            f"{path}: a weight of '{name}' is {largest:g}, more than fp16 holds ({LARGEST:g}); "
            "use float32 (engine onnxruntime)"
        )
    return array.astype(np.float16)
