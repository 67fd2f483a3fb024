"""Draw a net as SVG: a box a layer, from left to right as data flows, one band a tower, a colour for who shares the weights."""

from html import escape

WIDTH, HEIGHT, GAP, ROW, MARGIN, TOP = (
    116,
    34,
    28,
    42,
    24,
    78,
)  # pixels: boxes, room between columns, rows, border, title
COLOURS = dict(
    trunk="#bcd7f5", fusion="#c9e8c2", own="#f3e3b3", pool="#eeeeee", data="#ffffff", loss="#f4c7c3"
)
MEANING = dict(
    trunk="trunk, shared by all towers that have it",
    fusion="fusion branch, shared by det and smile",
    own="the tower's own",
    pool="no weights",
    data="data",
    loss="output or loss",
)
FUSION = ("conv1a", "conv3a", "conv_all", "fc_full")


def collapse(definition):
    """Return {layer: ([layers it reads], layer's type)} without labels, activations and dropout; the latter two work in place."""
    maker, found = {}, {}
    for layer in definition.layer:
        if list(layer.bottom) == list(layer.top):
            continue
        found[layer.name] = ([maker[blob] for blob in layer.bottom if blob in maker], layer.type)
        maker.update(
            dict.fromkeys(layer.top if layer.bottom else layer.top[:1], layer.name)
        )  # what follows data are labels
    return found


def kind_of(name, reads, type_):
    """Return the kind of a layer, which gives its colour."""
    base = name.split("/")[-1]
    if not reads:
        return "data"
    if "loss_" in base or type_ in ("Softmax", "Power", "Accuracy", "Silence"):
        return "loss"
    if type_ in ("Pooling", "Concat"):
        return "pool"
    if base in FUSION:
        return "fusion"
    return "trunk" if base in [f"conv{number}" for number in range(1, 7)] else "own"


def place(layers):
    """Return {layer: (column, row)}: columns by the longest way from the data, bands one below the other.

    A layer keeps its row free of boxes up to the last layer that reads it, so that no line runs behind a box.
    """
    columns, last, places, top = {}, {}, {}, 0
    for name, (reads, _) in layers.items():
        columns[name] = 1 + max((columns[other] for other in reads), default=-1)
        last.update({other: max(last.get(other, 0), columns[name]) for other in reads})
    band_of = lambda name: name.split("/")[0] if "/" in name else ""
    for band in dict.fromkeys(map(band_of, layers)):
        taken = set()
        for name in (name for name in layers if band_of(name) == band):
            above = [places[other][1] for other in layers[name][0]]
            row = round(sum(above) / len(above)) if above else top
            span = range(columns[name], max(last.get(name, 0), columns[name] + 1))
            row = next(
                free
                for free in range(row, row + 99)
                if not any((column, free) in taken for column in span)
            )
            taken.update((column, row) for column in span)
            places[name] = (columns[name], row)
        top = max(row for _, row in taken) + 2
    return places


def svg(definition, sizes, title):
    """Return the SVG text of a NetParameter; sizes: {blob: (c, h, w) or (c,)}, written into the boxes where known."""
    layers = collapse(definition)
    places = place(layers)
    x = lambda column: MARGIN + column * (WIDTH + GAP)
    y = lambda row: TOP + row * ROW
    width, height = (
        x(max(column for column, _ in places.values())) + WIDTH + MARGIN,
        y(max(row for _, row in places.values())) + HEIGHT + MARGIN,
    )
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" font-family="sans-serif">',
        '<rect width="100%" height="100%" fill="white"/>',
        f'<text x="{MARGIN}" y="30" font-size="20">{escape(title)}</text>',
    ]
    for number, (kind, colour) in enumerate(COLOURS.items()):
        left = MARGIN + number * 270
        parts.append(
            f'<rect x="{left}" y="44" width="14" height="14" fill="{colour}" stroke="#888"/>'
            f'<text x="{left + 20}" y="56" font-size="12">{escape(MEANING[kind])}</text>'
        )
    for name, (reads, _) in layers.items():
        for other in reads:
            x1, y1 = x(places[other][0]) + WIDTH, y(places[other][1]) + HEIGHT / 2
            x2, y2 = x(places[name][0]), y(places[name][1]) + HEIGHT / 2
            parts.append(
                f'<path d="M{x1} {y1} C{x1 + GAP} {y1} {x2 - GAP} {y2} {x2} {y2}" fill="none" stroke="#999"/>'
            )
    for name, (reads, type_) in layers.items():
        left, top = x(places[name][0]), y(places[name][1])
        size = "×".join(map(str, sizes[name])) if name in sizes else ""
        parts.append(
            f'<rect x="{left}" y="{top}" width="{WIDTH}" height="{HEIGHT}" rx="4" fill="{COLOURS[kind_of(name, reads, type_)]}" stroke="#888"/>'
            f'<text x="{left + WIDTH / 2}" y="{top + (15 if size else 21)}" font-size="11" text-anchor="middle">{escape(name)}</text>'
            f'<text x="{left + WIDTH / 2}" y="{top + 28}" font-size="10" text-anchor="middle" fill="#555">{size}</text>'
        )
    return "\n".join([*parts, "</svg>", ""])
