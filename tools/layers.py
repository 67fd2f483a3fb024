"""The layers of a net in numbers: sizes, parameters, FLOPs, as Caffe itself loads them."""

from __future__ import annotations

import tempfile
from typing import Any

import numpy as np

from allinone import tasks
from allinone.profiles import Profile
from allinone.pycaffe import caffe
from prototxt import network

KINDS = dict(Convolution="conv", InnerProduct="fc", Pooling="max")  # {Caffe's type: in tables}
HEAD = (
    "| layer | | kernel | stride | output | parameters | MFLOP |",
    "|---|---|---|---|---|---:|---:|",
)


def load(definition, phase: int = caffe.TEST):
    """Return a caffe.Net of a NetParameter, for testing unless the phase says otherwise."""
    with tempfile.NamedTemporaryFile("w", suffix=".prototxt") as stream:
        stream.write(str(definition))
        stream.flush()
        return caffe.Net(stream.name, phase)


def describe(definition, net) -> list[dict[str, Any]]:
    """Return a dict for each layer with weights or pooling.

    Its fields: name, kind, kernel, stride, output (c, h, w), parameters, flops. A multiplication
    with its addition counts as two FLOPs. An activation's slopes count with the layer before it.
    """
    rows = {}
    for layer in definition.layer:
        blobs = [blob.data for blob in net.params.get(layer.name, ())]
        count = sum(blob.size for blob in blobs)
        if layer.type == "PReLU":
            rows[layer.bottom[0]]["parameters"] += count
        elif layer.type in KINDS:
            shape = tuple(net.blobs[layer.top[0]].data.shape[1:])
            kernel, stride = _window(layer)
            places = int(np.prod(shape[1:])) if layer.type == "Convolution" else 1
            rows[layer.top[0]] = dict(
                name=layer.name,
                kind=KINDS[layer.type],
                kernel=kernel,
                stride=stride if kernel else 0,
                output=shape,
                parameters=count,
                flops=2 * blobs[0].size * places if blobs else 0,
            )
    return list(rows.values())


def _window(layer) -> tuple[int, int]:
    """Return (kernel, stride) of a layer in pixels; a kernel of 0 where it has none."""
    if layer.type == "Pooling":
        return layer.pooling_param.kernel_size, layer.pooling_param.stride
    setting = layer.convolution_param
    return (setting.kernel_size or [0])[0], (setting.stride or [1])[0]


def total(rows: list[dict[str, Any]], name: str) -> int:
    """Return the sum of a field."""
    return sum(row[name] for row in rows)


def table(rows: list[dict[str, Any]]) -> str:
    """Return rows as a Markdown table with a line of totals."""
    lines = list(HEAD)
    for row in rows:
        kernel = f"{row['kernel']}x{row['kernel']}" if row["kernel"] else ""
        cells = [row["name"], row["kind"], kernel, row["stride"] or ""]
        cells.append("x".join(map(str, row["output"])))
        cells.append(f"{row['parameters']:,}" if row["parameters"] else "")
        cells.append(f"{row['flops'] / 1e6:,.1f}" if row["flops"] else "")
        lines.append(f"| {' | '.join(map(str, cells))} |")
    sums = f"**{total(rows, 'parameters'):,}** | **{total(rows, 'flops') / 1e6:,.1f}**"
    return "\n".join([*lines, f"| **total** | | | | | {sums} |"])


def stage_one(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows of the deploy net that stage 1 computes: those up to its last output."""
    last = {network.raw_name(task) for task in tasks.of_stage(1)}
    end = max(place for place, row in enumerate(rows) if row["name"] in last)
    return rows[: end + 1]


def trained_parameters(rows: list[dict[str, Any]], profile: Profile) -> int:
    """Return the parameters that the joint net learns: the deploy net's and fc8's."""
    return total(rows, "parameters") + (profile.identity[1] + 1) * profile.identities
