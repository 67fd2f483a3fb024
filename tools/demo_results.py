"""The demo's results as files: results.json, table.txt and the page, index.html."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, TypedDict

from allinone import files, folders, model, pages, reading, tasks
from allinone.errors import InputError
from evaluate import headline

PAGE, RESULTS, TABLE = "index.html", "results.json", "table.txt"
KIND = folders.Kind(
    "demo",
    holds=(PAGE, RESULTS, TABLE, "*.png"),
    proofs={
        "steps/*.json": frozenset({"commands", "inputs", "code"}),
        "run/plan.json": frozenset({"profile", "job", "iterations", "net", "solver", "data"}),
    },
    is_marked=True,
)
AGAIN = "run evaluate.synthetic again"
TEMPLATE = "tools/templates/demo.html"


Figures = dict[str, dict[str, float]]  # {task: {metric: value}}


class Counts(TypedDict):
    """What the page says of how much was measured."""

    portraits: int
    people: int
    scenes: int
    faces_in_scenes: int


def _read(demo: str, name: str, kind: Any) -> Any:
    return reading.read_json(os.path.join(demo, "eval", name), AGAIN, kind)


def _figures(demo: str) -> tuple[Figures, Figures]:
    """Return the results, and those of chance; InputError where chance lacks one of them."""
    results, chance = _read(demo, "results.json", Figures), _read(demo, "chance.json", Figures)
    for task in headline.measured(results):
        if task not in headline.measured(chance):
            raise InputError(f"{demo}/eval/chance.json: no figure of {task.name}; {AGAIN}")
    return results, chance


def page(results: dict, chance: dict, counts: Mapping[str, int], shown: Mapping[str, Any]) -> str:
    """Return the page; shown: what tools.demo_pictures says of the pictures, and the device."""
    described = tasks.of_stage(2)
    head, *rows = headline.table(results, chance)
    return pages.render(
        TEMPLATE,
        towers=len(tasks.TOWERS),
        head=head,
        rows=rows,
        left_out=headline.left_out(results),
        labels=[task.name for task in described],
        answers=[task.name for task in described if task.kind != tasks.DESCRIPTOR],
        shipped=model.SHIPPED,
        **counts,
        **shown,
    )


def write(demo: str, shown: Mapping[str, Any]) -> None:
    """Write all three into the demo's folder, from what evaluate.synthetic left there."""
    results, chance = _figures(demo)
    text = page(results, chance, _read(demo, "counts.json", Counts), shown)
    path = os.path.join(demo, PAGE)
    table = headline.text_table(headline.table(results, chance))
    notes = [
        headline.left_out(results),
        f"The page with curves and pictures: {os.path.abspath(path)}",
    ]
    files.write_json(os.path.join(demo, RESULTS), headline.only_headlines(results))
    with files.replacing(os.path.join(demo, TABLE)) as stream:
        stream.write("\n" + "\n\n".join([table, *filter(None, notes)]) + "\n")
    with files.replacing(path) as stream:
        stream.write(text)
