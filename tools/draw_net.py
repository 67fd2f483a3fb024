"""Draw a net as SVG: a box a layer, from top to bottom as data flows.

One band of columns a tower, a colour for who shares the weights.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import NamedTuple

WIDTH, HEIGHT = 96, 36  # pixels of a box
GAP, COLUMN = 24, 104  # pixels between rows, and from column to column
MARGIN, TOP = 24, 104  # pixels around all, and for title and legend
LEGEND, IN_A_ROW = 285, 3  # pixels of an entry of the legend, entries in a row


class Kind(NamedTuple):
    """A kind of layer."""

    colour: str
    meaning: str


KINDS = dict(
    trunk=Kind("#bcd7f5", "trunk, shared by all towers that have it"),
    fusion=Kind("#c9e8c2", "fusion branch, shared by det and smile"),
    own=Kind("#f3e3b3", "the tower's own"),
    pool=Kind("#eeeeee", "no weights"),
    data=Kind("#ffffff", "data"),
    loss=Kind("#f4c7c3", "output or loss"),
)
FUSION = ("conv1a", "conv3a", "conv_all", "fc_full")
TRUNK = tuple(f"conv{number}" for number in range(1, 7))


class Layer(NamedTuple):
    """A layer of a drawing."""

    reads: list[str]  # layers
    type: str


def collapse(definition) -> dict[str, Layer]:
    """Return the layers by name, without labels, activations and dropout.

    The latter two work in place.
    """
    maker, found = {}, {}
    for layer in definition.layer:
        if list(layer.bottom) == list(layer.top):
            continue
        reads = [maker[blob] for blob in layer.bottom if blob in maker]
        found[layer.name] = Layer(reads, layer.type)
        tops = layer.top if layer.bottom else layer.top[:1]  # what follows data are labels
        maker.update(dict.fromkeys(tops, layer.name))
    return found


def kind_of(name: str, layer: Layer) -> Kind:
    """Return the kind of a layer."""
    base = name.split("/")[-1]
    if not layer.reads:
        return KINDS["data"]
    if "loss_" in base or layer.type in ("Softmax", "Power", "Accuracy", "Silence"):
        return KINDS["loss"]
    if layer.type in ("Pooling", "Concat"):
        return KINDS["pool"]
    if base in FUSION:
        return KINDS["fusion"]
    return KINDS["trunk" if base in TRUNK else "own"]


def band_of(name: str) -> str:
    """Return the tower that a layer belongs to, "" for none."""
    return name.split("/")[0] if "/" in name else ""


def place(layers: Mapping[str, Layer]) -> dict[str, tuple[int, int]]:
    """Return {layer: (column, row)}.

    Rows go by the longest way from the data, bands stand side by side. A layer keeps its column
    free of boxes up to the last layer that reads it, so that no line runs behind a box.
    """
    rows, last, places, left = {}, {}, {}, 0
    for name, layer in layers.items():
        rows[name] = 1 + max((rows[other] for other in layer.reads), default=-1)
        last.update({other: max(last.get(other, 0), rows[name]) for other in layer.reads})
    for band in dict.fromkeys(map(band_of, layers)):
        taken = set()
        for name in (name for name in layers if band_of(name) == band):
            above = [places[other][0] for other in layers[name].reads]
            column = round(sum(above) / len(above)) if above else left
            span = range(rows[name], max(last.get(name, 0), rows[name] + 1))
            while taken & {(column, row) for row in span}:
                column += 1
            taken.update((column, row) for row in span)
            places[name] = (column, rows[name])
        left = max(column for column, _ in taken) + 2
    return places


def left_of(column: int) -> int:
    """Return the left edge of a column's boxes in pixels."""
    return MARGIN + column * COLUMN


def top_of(row: int) -> int:
    """Return the upper edge of a row's boxes in pixels."""
    return TOP + row * (HEIGHT + GAP)


def _legend() -> Iterator[str]:
    for number, kind in enumerate(KINDS.values()):
        row, column = divmod(number, IN_A_ROW)
        left, top = MARGIN + column * LEGEND, 44 + row * 22
        yield (
            f'<rect x="{left}" y="{top}" width="14" height="14" fill="{kind.colour}" '
            f'stroke="#888"/><text x="{left + 20}" y="{top + 12}" font-size="12">'
            f"{escape(kind.meaning)}</text>"
        )


def _line(start: tuple[int, int], end: tuple[int, int]) -> str:
    """Return the line from a layer at a place to one that reads it."""
    x1, y1 = left_of(start[0]) + WIDTH / 2, top_of(start[1]) + HEIGHT
    x2, y2 = left_of(end[0]) + WIDTH / 2, top_of(end[1])
    way = f"M{x1:g} {y1} C{x1:g} {y1 + GAP} {x2:g} {y2 - GAP} {x2:g} {y2}"
    return f'<path d="{way}" fill="none" stroke="#999"/>'


def _box(name: str, kind: Kind, at: tuple[int, int], size: str) -> str:
    """Return the box of a layer; size: of its output, "" where it is not known."""
    left, top = left_of(at[0]), top_of(at[1])
    shown = name if kind is KINDS["data"] else name.split("/")[-1]  # a band begins with its tower
    middle, baseline = left + WIDTH // 2, top + (15 if size else 22)
    return (
        f'<rect x="{left}" y="{top}" width="{WIDTH}" height="{HEIGHT}" rx="4" '
        f'fill="{kind.colour}" stroke="#888"/>'
        f'<text x="{middle}" y="{baseline}" font-size="12" text-anchor="middle">'
        f"{escape(shown)}</text>"
        f'<text x="{middle}" y="{top + 29}" font-size="11" text-anchor="middle" fill="#555">'
        f"{size}</text>"
    )


def svg(definition, sizes: Mapping[str, Sequence[int]], title: str) -> str:
    """Return the SVG text of a NetParameter.

    sizes: {blob: (c, h, w) or (c,)}, written into the boxes where known.
    """
    layers = collapse(definition)
    places = place(layers)
    width = left_of(max(column for column, _ in places.values())) + WIDTH + MARGIN
    height = top_of(max(row for _, row in places.values())) + HEIGHT + MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" font-family="sans-serif">',
        '<rect width="100%" height="100%" fill="white"/>',
        f'<text x="{MARGIN}" y="30" font-size="20">{escape(title)}</text>',
        *_legend(),
    ]
    for name, layer in layers.items():
        parts += [_line(places[other], places[name]) for other in layer.reads]
    for name, layer in layers.items():
        size = "×".join(map(str, sizes[name])) if name in sizes else ""
        parts.append(_box(name, kind_of(name, layer), places[name], size))
    return "\n".join([*parts, "</svg>", ""])
