"""The table of sets in data_prep/README.md, from what the readers declare."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Union

from allinone import tasks
from allinone.errors import InputError
from data_prep.reader import BY_TURNS, TURNS_AND_WHOLE, Reader, Splits

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "README.md")
BEGIN = "<!-- table of sets: written by python -m data_prep.describe_sets -->"
END = "<!-- end of the table of sets -->"
MEND = "run python -m data_prep.describe_sets"
COLUMNS = ("set", "what is in `data/<set>`", "faces", "trains", "fine-tunes", "validates", "ask")


def towers_text(towers: Mapping[str, Union[Splits, str]]) -> str:
    """Return {tower: splits} as text, "smile, gender (train, val)"."""
    by_splits: dict[Union[Splits, str], list[str]] = {}
    for tower, splits in towers.items():
        by_splits.setdefault(splits, []).append(tower)
    parts = []
    for splits, some in by_splits.items():
        names = "all" if tuple(some) == tasks.TOWERS else ", ".join(some)
        if splits is None:
            parts.append(names)
        elif splits == BY_TURNS:
            parts.append(f"{names} (all parts but one, by turns)")
        elif splits == TURNS_AND_WHOLE:
            parts.append(f"{names} (all parts but one, by turns, and the whole)")
        else:
            parts.append(f"{names} ({', '.join(splits)})")
    return "; ".join(parts)


def row_of(reader: Reader) -> str:
    """Return a set's row of the table."""
    trains = [towers_text(reader.trains)]
    if reader.if_named:
        trains.append(f"if named: {towers_text(reader.if_named)}")
    validates = [towers_text(reader.validates)]
    if reader.validates_if_named:
        validates.append(f"if named: {towers_text(reader.validates_if_named)}")
    cells = [
        f"`{reader.name}`: {reader.title}",
        reader.tree,
        reader.faces,
        "; ".join(part for part in trains if part),
        towers_text(reader.finetunes),
        "; ".join(part for part in validates if part),
        reader.ask,
    ]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def render(readers: Iterable[Reader]) -> str:
    """Return the table of some sets as Markdown."""
    head = ["| " + " | ".join(COLUMNS) + " |", "|---" * len(COLUMNS) + "|"]
    return "\n".join([*head, *map(row_of, readers)]) + "\n"


def with_table(text: str, table: str, page: str) -> str:
    """Return the text of a page with the table between its markers; InputError without them."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise InputError(
            f"{page}: the lines '{BEGIN}' and '{END}' are missing; put them where the table of "
            "sets belongs"
        )
    return f"{before}{begin}\n\n{table}\n{end}{after}"
