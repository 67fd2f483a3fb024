"""The age loss as a picture, after the paper's figure 4: both phases of eq. 6, and their slopes."""

from __future__ import annotations

import io

import matplotlib
import numpy as np

from allinone.tasks import AGE_GAUSSIAN_WEIGHT, AGE_SIGMA
from python_layers.age_loss import age_loss

matplotlib.use("Agg")
from matplotlib import pyplot

FURTHEST, STEP = 15, 0.25  # years
LOSS_UP_TO, SLOPE_UP_TO = 45, 15
OURS = f"Gaussian, weighted with {AGE_GAUSSIAN_WEIGHT:g} (ours)"
# (name, share of the Gaussian, its weight, colour, style)
PHASES = (
    ("Euclidean, until the switch", 0, 1, "#0b62a8", "-"),
    ("Gaussian, as the paper prints it", 1, 1, "#a1460b", "--"),
    (OURS, 1, AGE_GAUSSIAN_WEIGHT, "#a1460b", "-"),
)


def curves():
    """Return (years off, [(loss, slope) of each of PHASES]), sigma being AGE_SIGMA."""
    off = np.arange(-FURTHEST, FURTHEST + STEP / 2, STEP)
    age, sigma, found = np.full(len(off), 50.0), np.full(len(off), AGE_SIGMA), []
    for _, gaussian, weight, _, _ in PHASES:
        found.append(age_loss(age + off, age, sigma, gaussian, weight))
    return off, found


def svg() -> str:
    """Return the picture; each line of the loss has the id loss0, loss1, ..., of slopes slope0."""
    off, found = curves()
    with pyplot.rc_context({"svg.hashsalt": "age loss", "svg.fonttype": "none", "font.size": 9}):
        figure, both = pyplot.subplots(1, 2, figsize=(9, 3.6))
        figure.subplots_adjust(left=0.06, right=0.99, bottom=0.14, top=0.92, wspace=0.14)
        for place, (axes, what) in enumerate(zip(both, ("loss", "slope"))):
            for number, (name, _, _, color, style) in enumerate(PHASES):
                (line,) = axes.plot(off, found[number][place], style, color=color, label=name)
                line.set_gid(f"{what}{number}")
            axes.set(xlabel="predicted minus true age [years]", title=f"{what} of eq. 6")
            axes.grid(alpha=0.3)
        both[0].set_ylim(0, LOSS_UP_TO)
        both[1].set_ylim(-SLOPE_UP_TO, SLOPE_UP_TO)
        both[1].legend(fontsize=8, loc="upper left")
        stream = io.StringIO()
        figure.savefig(stream, format="svg", metadata={"Date": None})
        pyplot.close(figure)
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines()) + "\n"
