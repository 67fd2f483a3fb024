"""What docs/reliability.md says of hostile input: what was run, its figures, what they mean."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from allinone import device, files
from allinone.errors import InputError
from tools.fuzzing import campaign, case, verdict

BEGIN = "<!-- fuzz: written by make fuzz -->"
END = "<!-- end of fuzz -->"


def text(results: Sequence[campaign.Result], options: str, cores: int, minutes: float) -> str:
    """Return the part; options: of tools.fuzz that draw these cases again."""
    today = datetime.date.today().isoformat()
    lines = [
        f"`python -m tools.fuzz {options}`, {today}: {len(results):,} cases in {minutes:.0f} "
        f"minutes in {cores} processes on {device.machine('CPU')}.",
        "",
        campaign.table(results),
        "",
        "| outcome | means |",
        "|---|---|",
        *(f"| {name} | {means} |" for name, means in verdict.MEANING.items()),
        "",
        "| class | what is hostile | silent, or wrong, is |",
        "|---|---|---|",
    ]
    for name in case.names():
        one = case.load(name)
        lines.append(f"| {name} | {one.about} | {one.oracle} |")
    return "\n".join(lines)


def parts(path: str) -> tuple[str, str]:
    """Return what stands before and after the part in a page; InputError without a place for it."""
    with open(path, encoding="utf-8") as stream:
        before, found, rest = stream.read().partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not found or not ended:
        raise InputError(f"{path}: has no lines {BEGIN} and {END}; put them where the part goes")
    return before, after


def write(path: str, part: str) -> None:
    """Put the part into a page; InputError without a place for it."""
    before, after = parts(path)
    with files.replacing(path) as stream:
        stream.write(f"{before}{BEGIN}\n{part}\n{END}{after}")
