"""Every number of tables I to VI against the paper's text, where that stands beside the kit."""

import os
import re

import pytest
from conftest import ROOT

from evaluate import benchmark, ijba_tables, report_page

PAPER = os.path.join(ROOT, "..", "shared", "paper", "arxiv-1611.00851.txt")
pytestmark = pytest.mark.skipif(
    not os.path.isfile(PAPER), reason="the paper's text is not there: ../shared/paper"
)
BINS = ("nme_0_30", "nme_30_60", "nme_60_90", "nme_mean", "nme_std")
# {head of a column of tables V and VI: key of its figure}, in the order of the columns.
TABLE_V = {
    "0.001": "tar_at_far_0.001",
    "0.01": "tar_at_far_0.01",
    "0.1": "tar_at_far_0.1",
    r"$\overline{FPIR}=0.01$": "tpir_at_fpir_0.01",
    "$FPIR=0.1$": "tpir_at_fpir_0.1",
    "$Rank=1$": "rank_1",
    "$Rank=10$": "rank_10",
}
TABLE_VI = {"Verif @FAR= 0.01": "tar_at_far_0.01", "Ident Rank=1": "rank_1"}
# {benchmark: its figures of which the paper has a value}; the tests compare each of them.
STATED = {
    "afw": {"ap_refined", "landmarks_under_5", "yaw_within_15"},
    "pascal": {"ap_refined"},
    "aflw": set(BINS),
    "celeba": {"gender", "smile"},
    "fotw": {"gender", "smile"},
    "lap2015": {"epsilon"},
    "fgnet": {"mae"},
    "ijba": {f"{kind}_{key}" for kind in ("cosine", "tpe") for key in TABLE_V.values()},
}


@pytest.fixture(scope="module")
def text():
    with open(PAPER, encoding="utf-8") as stream:
        return stream.read()


@pytest.fixture(scope="module")
def tables(text):
    """Return the rows of the six tables, cells as text: blocks of lines with tabs."""
    found, was_row = [], False
    for line in text.splitlines():
        is_row = "\t" in line
        if is_row and not was_row:
            found.append([])
        if is_row:
            found[-1].append([cell.strip() for cell in line.split("\t")])
        was_row = is_row
    assert len(found) == 6
    return found


def name_of(cell):
    """Return a method's name as the kit writes it: without citation and small digits."""
    plain = re.sub(r"\s*\$?\[\d+\]\$?", "", cell)
    return plain.translate(str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")).strip()


def number(cell):
    """Return (value, deviation or None) of a cell, None where it is empty."""
    match = re.fullmatch(r"([\d.]+)(?:\(([\d.]+)\))?", cell)
    if not match:
        assert not cell, cell
        return None
    return tuple(None if part is None else float(part) for part in match.groups())


def printed(rows, first=0, last=None):
    """Return {method: numbers} of some columns of a table, rows without a method left out."""
    found = {}
    for row in rows:
        method, *cells = row[first:last]
        if method and method != "Method":
            assert name_of(method) not in found
            found[name_of(method)] = [number(cell) for cell in cells]
    return found


def ours(one, names):
    """Return the paper's own row, of the figures of a benchmark."""
    by_name = {figure.name: figure for figure in one.figures}
    return [(by_name[name].paper, by_name[name].paper_deviation) for name in names]


def kept(name, columns):
    """Return {method: numbers} of a benchmark's rows, the paper's own as Ours."""
    one, found = benchmark.load(name), {}
    for peer in one.peers:
        assert peer.method not in found and peer.source.startswith("table ")
        assert set(peer.deviations) <= set(peer.figures) <= set(columns)
        found[peer.method] = [
            (peer.figures[key], peer.deviations.get(key)) if key in peer.figures else None
            for key in columns
        ]
    return found


def test_table_1_in_the_page_of_datasets(tables):
    """The page states the counts in words; a point in the text's 19.370 stands for a comma."""
    counts = {row[0]: row[-1].replace(".", ",") for row in tables[0][1:]}
    with open(os.path.join(ROOT, "data_prep", "README.md"), encoding="utf-8") as stream:
        page = stream.read()
    stated = re.search(r"^Table I of the paper counts (.*)$", page, re.M).group(1)
    assert sorted(re.findall(r"\d+,\d+", stated)) == sorted(
        count for name, count in counts.items() if name != "Total"
    )
    assert sum(
        int(count.replace(",", "")) for name, count in counts.items() if name != "Total"
    ) == (int(counts["Total"].replace(",", "")))


def test_table_2(tables):
    assert tables[1][1][1:6] == ["[0, 30]", "[30, 60]", "[60, 90]", "mean", "std"]
    rows = printed(tables[1][2:], last=6)
    assert rows.pop("Ours") == ours(benchmark.load("aflw"), BINS)
    assert rows == kept("aflw", BINS)


@pytest.mark.parametrize(
    "name, place, first, last, columns",
    [
        ("celeba", 2, 0, 3, ("gender", "smile")),
        ("fotw", 2, 3, 6, ("gender", "smile")),
        ("lap2015", 3, 0, 2, ("epsilon",)),
        ("fgnet", 3, 2, 4, ("mae",)),
    ],
)
def test_tables_3_and_4(tables, name, place, first, last, columns):
    head = " ".join(tables[place][0][first:last]).split()
    assert head == ["Method", *("Error" if place == 3 else "Gender Smile").split()]
    rows = printed(tables[place], first, last)
    assert rows.pop("Ours") == ours(benchmark.load(name), columns)
    assert rows == kept(name, columns) and rows


def test_table_5(tables):
    assert tables[4][1][1:] == list(TABLE_V)
    rows, one, keys = printed(tables[4][2:]), benchmark.load("ijba"), list(TABLE_V.values())
    for kind, method in (("cosine", "Ours"), ("tpe", "Ours + TPE")):
        assert rows.pop(method) == ours(one, [f"{kind}_{key}" for key in keys])
    assert rows == kept("ijba", keys) and len(rows) == 8


def test_table_6(tables):
    """A stage that the table leaves empty is of the system to its left; names as in table V."""
    assert tables[5][0][4:] == list(TABLE_VI)
    shown = []
    for row in tables[5][1:]:
        stages = []
        for cell in row[:4]:
            word = name_of(cell).replace("et al", "et al.").replace("..", ".")
            stages.append(word.replace("Ours", ijba_tables.PAPERS) or stages[-1])
        shown.append((stages, [number(cell) for cell in row[4:]]))
    kit = []
    for system in benchmark.load("ijba").pipelines:
        stages = [system.detection, system.alignment, system.descriptor, system.metric]
        assert set(system.figures) == set(system.deviations) == set(TABLE_VI.values())
        values = [(system.figures[key], system.deviations[key]) for key in TABLE_VI.values()]
        kit.append((stages, values))
    assert kit == shown and len(kit) == 6


def test_every_figure_of_the_paper_is_a_number_of_its_text(text):
    """Those of sections IV-A to IV-G that no table has, too; within one sentence of its words."""
    flat = re.sub(r"\s+", " ", text)
    afw, pascal = benchmark.load("afw"), benchmark.load("pascal")
    ((ap, _), (landmarks, _), (yaw, _)) = ours(
        afw, ("ap_refined", "landmarks_under_5", "yaw_within_15")
    )
    mean_ap = re.search(r"\(mAP\) of ([\d.]+)% and ([\d.]+)%", flat)
    ((ap_of_pascal, _),) = ours(pascal, ("ap_refined",))
    assert [float(part) for part in mean_ap.groups()] == [ap, ap_of_pascal]
    found = re.search(r"5% NME on more than ([\d.]+)% of test faces", flat)
    assert float(found.group(1)) == landmarks
    found = re.search(r"for more than ([\d.]+)% of the faces", flat)
    assert float(found.group(1)) == yaw
    times = re.search(r"average of ([\d.]+)s to process .* takes merely ([\d.]+)s", flat)
    assert [float(part) for part in times.groups()] == [
        report_page.PAPER_PICTURE,
        report_page.PAPER_STAGE2,
    ]


def test_no_other_figure_or_row_is_called_the_papers():
    """FDDB's are in a figure alone, LFW is not in the paper."""
    stated, with_rows = {}, set()
    for one in benchmark.benchmarks():
        for figure in one.figures:
            if figure.paper is not None:
                stated.setdefault(one.name, set()).add(figure.name)
            assert figure.paper is not None or figure.paper_deviation is None
        if one.peers or one.pipelines:
            with_rows.add(one.name)
    assert stated == STATED
    assert with_rows == {"aflw", "celeba", "fotw", "lap2015", "fgnet", "ijba"}
