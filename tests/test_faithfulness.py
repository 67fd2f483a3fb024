"""docs/faithfulness.md: it names files that exist, and says of every statement how it stands."""

import os
import re

import pytest
from conftest import ROOT

PAGE = os.path.join("docs", "faithfulness.md")
HEAD = ["the paper", "in the kit", "verdict"]
VERDICT = re.compile(
    r"as stated(, .+)?|(our choice|differs|cannot be had), because \S.+"
)  # one of four, each but the first with its reason
SECTIONS = (  # of the paper that state method, number or protocol, in its order
    *("I", "II", "III-A", "III-B", "III-C", "III-C1", "III-C2", "III-C3", "III-C4", "III-C5"),
    *("III-D", "IV", "IV-A", "IV-B", "IV-C", "IV-D", "IV-E", "IV-F", "IV-G", "V"),
)


def rows_of_sections():
    """Return [(section, cells of each row)] of the page's tables, the first one left out."""
    with open(os.path.join(ROOT, PAGE), encoding="utf-8") as stream:
        lines = stream.read().splitlines()
    found, section = [], None
    for line in lines:
        title = re.match(r"#{2,3} ([IV]+(?:-[A-G]\d?)?):? ?", line + " ")
        if title:
            section = title.group(1)
            found.append((section, []))
        if section and line.startswith("|"):
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            if not set(line) <= set("|-"):
                found[-1][1].append(cells)
    return found


SECTIONS_OF_PAGE = rows_of_sections()
ROWS = [(section, row) for section, rows in SECTIONS_OF_PAGE for row in rows[1:]]


def test_every_section_has_its_table_in_the_papers_order():
    assert [section for section, _ in SECTIONS_OF_PAGE] == list(SECTIONS)
    for section, rows in SECTIONS_OF_PAGE:
        assert rows[0] == HEAD and len(rows) > 1, section


@pytest.mark.parametrize("section, row", ROWS, ids=lambda value: str(value)[:40])
def test_every_statement_has_a_file_that_exists_and_a_verdict(section, row):
    statement, place, verdict = row
    files = re.findall(r"`([^`]+)`", place)
    assert statement and files, row
    assert [path for path in files if not os.path.isfile(os.path.join(ROOT, path))] == []
    assert VERDICT.fullmatch(verdict), verdict


def test_verdicts_are_told_apart():
    """What must not count as a verdict does not."""
    for wrong in ("", "as stated.", "our choice", "differs because of", "cannot be had, because "):
        assert not VERDICT.fullmatch(wrong)
    kinds = {row[2].split(",")[0] for _, row in ROWS}
    assert kinds == {"as stated", "our choice", "differs", "cannot be had"}
