"""The fused net at a glance, as SVG: trunk, fused layers and heads with the sizes of their outputs.

Small enough to be read in a README and on a phone; tools.draw_net draws every layer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import NamedTuple

from allinone import tasks
from prototxt import network
from tools.draw_net import KINDS

Sizes = Mapping[str, Sequence[int]]  # {blob: (c, h, w) or (c,)}

MARGIN, GAP, ROW, HEIGHT = 14, 36, 44, 32  # pixels: around all, between columns, of rows and boxes
WIDTHS = (146, 158, 216)  # of the columns: trunk, fused layers, heads
LETTERS, SMALL = 16, 14  # pixels
FUSED = {"conv1a": 1, "conv3a": 3, "pool5": 5}  # {what is fused: its row, that of its conv layer}
BEHIND = {"conv_all": 6.9, "fc_full": 7.9}  # {what follows: its row}
FIRST_ALIGNED = 9  # row of the first head that has no fused layers
LEGEND = dict(trunk="shared trunk", fusion="fused layers", own="a task's own")  # by kind


class Box(NamedTuple):
    """A box of the drawing."""

    column: int
    row: float
    kind: str  # of draw_net.KINDS
    name: str
    size: str

    @property
    def left(self) -> int:
        """Return its left edge in pixels."""
        return MARGIN + sum(WIDTHS[: self.column]) + self.column * GAP

    @property
    def right(self) -> int:
        """Return its right edge in pixels."""
        return self.left + WIDTHS[self.column]

    @property
    def top(self) -> float:
        """Return its upper edge in pixels."""
        return MARGIN + self.row * ROW


def _size(sizes: Sizes, *blobs: str) -> str:
    """Return sizes one after the other: "1024 → 512 → 2", "96×55²" of 96 maps of 55 x 55."""
    shown = []
    for blob in blobs:
        maps, *sides = sizes[blob]
        shown.append(f"{maps}×{sides[0]}²" if sides else str(maps))
    return " → ".join(shown)


def _heads(sizes: Sizes) -> Iterator[tuple[tasks.Task, Box]]:
    """Yield (task, its box, with the sizes of its fully connected layers)."""
    early = [task for task in tasks.TASKS if task.head == tasks.INDEPENDENT]
    late = [task for task in tasks.TASKS if task.head != tasks.INDEPENDENT]
    aligned = max(FIRST_ALIGNED, len(early) + 1)
    rows = [*range(aligned - len(early) - 1, aligned - 1), *range(aligned, aligned + len(late))]
    for task, row in zip((*early, *late), rows):
        layers = [name for name in network.branch(task) if len(sizes.get(name, (0, 0))) == 1]
        yield task, Box(2, row, "own", task.name, _size(sizes, *layers))


def boxes(sizes: Sizes) -> dict[str, Box]:
    """Return {layer or task: its box}; every line between them is straight or runs in a gap."""
    found = {"data": Box(0, 0, "data", "picture", _size(sizes, "data"))}
    for number in range(1, 6):
        name = f"conv{number}"
        found[name] = Box(0, number, "trunk", name, _size(sizes, name))
    for name, row in {**FUSED, **BEHIND}.items():
        kind = "pool" if name == "pool5" else "fusion"
        found[name] = Box(1, row, kind, name, _size(sizes, name))
    rows = {}
    for task, box in _heads(sizes):
        found[task.name] = box
        rows.setdefault(task.head, []).append(box.row)
    branches = ((tasks.ATTRIBUTE, "6", "trunk"), (tasks.IDENTITY, "7", "own"))
    for head, number, kind in branches:
        row, conv, pool = sum(rows[head]) / len(rows[head]), f"conv{number}", f"pool{number}"
        found[conv] = Box(0, row, kind, conv, _size(sizes, conv))
        found[pool] = Box(1, row, "pool", pool, _size(sizes, pool))
    return found


def lines() -> list[tuple[str, str]]:
    """Return (from, to) of every line; the trunk's run downward, the others to the right."""
    trunk = ["data", *(f"conv{number}" for number in range(1, 8))]
    found = [*zip(trunk, trunk[1:]), ("conv_all", "fc_full")]
    found += [("conv1", "conv1a"), ("conv3", "conv3a"), ("conv5", "pool5")]
    found += [("conv6", "pool6"), ("conv7", "pool7")]
    ends = {tasks.INDEPENDENT: "fc_full", tasks.ATTRIBUTE: "pool6", tasks.IDENTITY: "pool7"}
    return found + [(ends[task.head], task.name) for task in tasks.TASKS]


def _line(start: Box, end: Box) -> str:
    """Return a line, down within a column, else to the right by the gap before the next one."""
    if start.column == end.column:
        x = start.left + WIDTHS[start.column] / 2
        way = f"M{x:g} {start.top + HEIGHT:g} V{end.top:g}"
    else:
        way = f"M{start.right} {start.top + HEIGHT / 2:g} H{end.left - GAP / 2:g} "
        way += f"V{end.top + HEIGHT / 2:g} H{end.left}"
    return f'<path d="{way}" fill="none" stroke="#666" stroke-width="1.5"/>'


def _text(x: float, y: float, text: str, more: str = "") -> str:
    return f'<text x="{x:g}" y="{y:g}"{more}>{escape(text)}</text>'


def _box(box: Box) -> str:
    base = box.top + HEIGHT / 2 + LETTERS * 0.36
    return "\n".join(
        [
            f'<rect x="{box.left}" y="{box.top:g}" width="{WIDTHS[box.column]}" '
            f'height="{HEIGHT}" rx="5" fill="{KINDS[box.kind].colour}" stroke="#666"/>',
            _text(box.left + 8, base, box.name, ' font-weight="600"'),
            _text(box.right - 8, base, box.size, ' text-anchor="end"'),
        ]
    )


def _fusion(found: Mapping[str, Box], size: str) -> list[str]:
    """Return the frame around what is fused, and the line from it to the next layer."""
    first, last, after = found["conv1a"], found["pool5"], found["conv_all"]
    top, bottom = first.top - 9, last.top + HEIGHT + LETTERS + 11
    middle = first.left + WIDTHS[1] / 2
    return [
        f'<rect x="{first.left - 8}" y="{top:g}" width="{WIDTHS[1] + 16}" '
        f'height="{bottom - top:g}" rx="8" fill="#f4f4f4" stroke="#666" stroke-dasharray="5 4"/>',
        _text(middle, bottom - 9, f"fused: {size}", ' text-anchor="middle"'),
        f'<path d="M{middle:g} {bottom:g} V{after.top:g}" stroke="#666" stroke-width="1.5"/>',
    ]


def _legend(top: float) -> Iterator[str]:
    for number, (kind, words) in enumerate(LEGEND.items()):
        left = MARGIN + number * 150
        yield (
            f'<rect x="{left}" y="{top:g}" width="16" height="16" rx="3" '
            f'fill="{KINDS[kind].colour}" stroke="#666"/>'
        )
        yield _text(left + 24, top + 13, words, f' font-size="{SMALL}"')


def svg(sizes: Sizes, title: str) -> str:
    """Return the SVG text of a fused net, on white, so that it is read in dark mode too.

    sizes: of its blobs; title: for people who cannot see it.
    """
    found = boxes(sizes)
    width = max(box.right for box in found.values()) + MARGIN
    bottom = max(box.top for box in found.values()) + HEIGHT
    height = round(bottom + 2 * MARGIN + 16)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" font-family="system-ui, sans-serif" font-size="{LETTERS}" role="img">',
        f"<title>{escape(title)}</title>",
        '<rect width="100%" height="100%" rx="8" fill="white"/>',
        *_fusion(found, _size(sizes, "fused")),
        *(_line(found[start], found[end]) for start, end in lines()),
        *map(_box, found.values()),
        *_legend(bottom + MARGIN),
    ]
    return "\n".join([*parts, "</svg>", ""])
