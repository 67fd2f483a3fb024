"""Options of the commands that build databases of aligned faces."""

from __future__ import annotations

import argparse
from typing import Optional

from allinone.arguments import Real
from allinone.profiles import EYES, LEAST_EYES, MOST_EYES


def add_eyes(parser: argparse._ActionsContainer, default: Optional[float] = None) -> None:
    """Add --eyes, how tightly faces are cut out."""
    usual = default or "the profile's"
    parser.add_argument(
        "--eyes",
        type=Real(least=LEAST_EYES, most=MOST_EYES, hint=f"{EYES} is usual"),
        default=default,
        metavar="SHARE",
        help="how far apart eye centres of aligned faces are, as a share of the side; what is "
        f"trained on them keeps it. Default: {usual}",
    )
