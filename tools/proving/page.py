"""The report of a proof as a page."""

from __future__ import annotations

import os
from typing import Any

import jinja2

TEMPLATES = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "templates")


def page(report: dict[str, Any]) -> str:
    """Return the page of a report.json."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    by_name = {step["name"]: step for step in report["steps"]}
    figures = by_name["machine"]["figures"]
    cards = [card["name"] for card in figures.get("cards", []) if card]
    counts = {}
    for step in report["steps"]:
        counts[step["state"]] = counts.get(step["state"], 0) + 1
    return environment.get_template("gpu.html").render(report=report, cards=cards, counts=counts)
