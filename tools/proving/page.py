"""The report of a proof as a page."""

from __future__ import annotations

from collections import Counter
from typing import Any

from allinone import pages

TEMPLATE = "tools/templates/gpu.html"


def page(report: dict[str, Any]) -> str:
    """Return the page of a report.json."""
    by_name = {step["name"]: step for step in report["steps"]}
    figures = by_name["machine"]["figures"]
    cards = [card["name"] for card in figures.get("cards", []) if card]
    counts = Counter(step["state"] for step in report["steps"])
    return pages.render(TEMPLATE, report=report, cards=cards, counts=counts)
