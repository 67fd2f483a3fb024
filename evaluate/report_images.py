"""Pictures of the report: curves as SVG, and the faces of the worst results."""

from __future__ import annotations

import base64
import io
import itertools
import os
from collections.abc import Mapping
from typing import Any, Optional

import cv2
import numpy as np
from markupsafe import Markup

from allinone import pictures
from allinone.errors import InputError
from evaluate.curves import RELIABILITY, kind_of

SHOWN = 150  # pixels: the height of a failure's picture
WIDEST = 10  # our choice: a picture is shown at most so many times as wide as high
AROUND = 0.6  # share of a box that is shown around it
BEST_PEERS = 14  # curves that a drawing takes beside ours; figure 6 has up to 13
OURS = "#0b62a8"
ORANGE = (0, 150, 255)  # BGR
QUALITY = 80  # of a JPEG

Curves = Mapping[str, Mapping[str, Any]]  # {name: of evaluate.curves}


def drawing(curves: Curves, others: Curves, label: str) -> Markup:
    """Return our curves and others' as SVG.

    All are of one kind: ours have the labels of the axes. label: what the drawing shows, for
    people who cannot see it.
    """
    import matplotlib  # here: importing it takes a second
    from matplotlib.figure import Figure

    first = next(iter(curves.values()))
    figure = Figure(figsize=(6.4, 4.2))
    axes = figure.subplots(gridspec_kw=dict(left=0.11, right=0.98, bottom=0.12, top=0.97))
    best = sorted(others.items(), key=lambda item: -_height(item[1]))[:BEST_PEERS]
    for number, (name, curve) in enumerate(best):
        color = matplotlib.colormaps["tab20"](number % 20)
        axes.plot(curve["x"], curve["y"], color=color, linewidth=1, label=_legend(name, curve))
    for (name, curve), style in zip(curves.items(), itertools.cycle(("-", "--", ":"))):
        label_of = _legend(name, curve)
        axes.plot(curve["x"], curve["y"], style, color=OURS, linewidth=2.4, label=label_of)
    axes.set(xlabel=first["xlabel"], ylabel=first["ylabel"], ylim=(0, 1.02))
    if kind_of(first) == RELIABILITY:
        axes.plot([0, 1], [0, 1], ":", color="0.5", label="as sure as it is right")
    if first.get("log"):
        axes.set_xscale("log")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=7)
    stream = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": "report"}):
        figure.savefig(stream, format="svg", metadata={"Date": None})
    svg = stream.getvalue()
    head = Markup('<svg role="img" aria-label="{}"').format(label)
    return head + Markup(svg[svg.index("<svg") + len("<svg") :])


def _height(curve: Mapping[str, Any]) -> float:
    """Return by what curves are ranked: the legend's number, or their highest point in percent."""
    return curve.get("value", 100 * max(curve["y"], default=0))


def _legend(name: str, curve: Mapping[str, Any]) -> str:
    """Return a curve's name with its number, as in the legends of figures 6 and 7."""
    value = curve.get("value")
    return _plain(name) if value is None else f"{_plain(name)} ({value:.2f}%)"


def _plain(name: str) -> str:
    """Return a name as matplotlib shows it as it is: no formula, no hidden entry of the legend."""
    letters = name.encode("utf-8", "replace").decode()  # of a file name that is not UTF-8, "?"
    return letters.replace("$", r"\$").lstrip("_")


def crop(path: str, box) -> Optional[str]:
    """Return the picture around a box, SHOWN pixels high, as a data address.

    The box is drawn; None: all of the picture. Returns None where it cannot be read.
    """
    try:
        image = pictures.read_image(path)
    except InputError:
        return None
    if box is not None:
        image = _around(image, box)
    if not image.size:
        return None
    width = min(max(1, round(image.shape[1] * SHOWN / image.shape[0])), WIDEST * SHOWN)
    image = cv2.resize(image, (width, SHOWN), interpolation=cv2.INTER_AREA)
    data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()
    return f"data:image/jpeg;base64,{base64.b64encode(data).decode()}"


def _around(image: np.ndarray, box) -> np.ndarray:
    """Return the part of a picture around a box, with the box drawn."""
    height, width = image.shape[:2]
    x1, y1, x2, y2 = box
    line = max(1, round((y2 - y1) / 60))
    cv2.rectangle(image, (int(x1), int(y1)), (int(x2), int(y2)), ORANGE, line)
    room = AROUND * max(x2 - x1, y2 - y1)
    left, right = (int(edge) for edge in np.clip([x1 - room, x2 + room], 0, width))
    top, bottom = (int(edge) for edge in np.clip([y1 - room, y2 + room], 0, height))
    return image[top : max(bottom, top + 1), left : max(right, left + 1)]


def failures(found: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return picture, name and text of the worst results that a results.json names."""
    shown = []
    for one in found["failures"]:
        address = crop(os.path.join(found["data"], one["image"]), one["box"])
        if address:
            shown.append(dict(address=address, image=one["image"], text=one["text"]))
    return shown
