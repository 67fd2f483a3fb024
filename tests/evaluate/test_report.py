"""The report, from results that are there and results that are not."""

import csv
import json
import re
from html.parser import HTMLParser

import cv2
import numpy as np
import pytest
from conftest import run_well

from evaluate import benchmark, curves, report_page

WITHOUT_END = ("meta", "img", "br", "path", "use", "rect")


class Page(HTMLParser):
    """The tags of a page, and its text."""

    def __init__(self, source):
        super().__init__()
        self.tags, self.open, self.text, self.source = [], [], "", source
        self.feed(source)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in WITHOUT_END:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if self.open and self.open[-1] == tag:
            self.open.pop()

    def handle_data(self, data):
        self.text += data

    def of(self, tag):
        """Return the attributes of all tags of one kind."""
        return [attributes for name, attributes in self.tags if name == tag]


CURVE = dict(curves.curve([0, 0.5, 1], [1, 0.8, 0.2], curves.DISCRETE, 81.5))
COMMON = dict(
    rules=["a <rule>"],
    counts=dict(faces=450),
    deviations={},
    records_sha256="ab" * 32,
    proposals="dense",
    engine="caffe",
    machine="2 cores",
    date="2026-01-02",
    model=dict(
        folders=["out/model"],
        sha256=["cd" * 32],
        profile="tiny",
        provenance=dict(sources=[dict(job="joint", iteration=9, iterations=10)]),
    ),
)


@pytest.fixture
def results(tmp_path):
    """Results of two benchmarks: AFLW, with a failure's picture, and FDDB, drawn and incomplete."""
    cv2.imwrite(str(tmp_path / "face.jpg"), np.full((60, 80, 3), 99, np.uint8))
    aflw = dict(
        figures=dict(nme_0_30=3.25, nme_mean=None),
        failures=[
            dict(image="face.jpg", box=[10, 10, 40, 50], text="12% & more"),
            dict(image="gone.jpg", box=None, text="gone"),
        ],
        incomplete=[],
        curves={},
        drawn=False,
    )
    fddb = dict(
        figures=dict(disc_at_500=81.5),
        failures=[],
        incomplete=["fold 2 is not there"],
        curves={"ours": CURVE, "ours, continuous": dict(CURVE, **curves.CONTINUOUS._asdict())},
        drawn=True,
    )
    for name, one in dict(aflw=aflw, fddb=fddb).items():
        (tmp_path / "eval" / name).mkdir(parents=True)
        found = dict(COMMON, benchmark=name, data=str(tmp_path), **one)
        (tmp_path / "eval" / name / "results.json").write_text(json.dumps(found))
    return tmp_path


def change(results, name, **fields):
    """Change fields of a benchmark's results."""
    path = results / "eval" / name / "results.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def made(results):
    """Return the page of the library."""
    found = report_page.gather(str(results / "eval"))
    return Page(report_page.page(found, str(results / "data"), str(results / "bench.json")))


def options(results):
    return (
        *("--results", results / "eval", "--data", results / "data"),
        *("--bench", results / "bench.json", "--out", results / "report"),
    )


def test_ours_stand_beside_the_papers(results):
    page = made(results)
    cell = r'</td><td class="number {}">{}'
    assert re.search(
        r"\|yaw\| 0-30°" + cell.format("ours", "3.25%") + cell.format("paper", "2.84%"),
        page.source,
    )
    assert re.search(  # measured, and no number
        "mean over the three bins" + cell.format("ours", "–") + cell.format("paper", "2.96%"),
        page.source,
    )
    for words in (
        "HyperFace",
        "4.26%",
        "a <rule>",
        "12% & more",
        "cdcdcdcdcdcd",
        "profile tiny",
        "joint at iteration 9 of 10",
        "2 cores",
        "2026-01-02",
        "450 faces",
        "section IV-B, table II",
    ):
        assert words in page.text, words


def test_deviations_and_end_to_end_systems_stand_beside_ours(results):
    """Table V's deviations with its figures and its peers, table VI below."""
    (results / "eval" / "ijba").mkdir()
    found = dict(
        figures=dict(cosine_rank_1=0.9), failures=[], incomplete=[], curves={}, drawn=False
    )
    text = json.dumps(dict(COMMON, benchmark="ijba", data=str(results), **found))
    (results / "eval" / "ijba" / "results.json").write_text(text)
    change(results, "ijba", deviations=dict(cosine_rank_1=0.01))
    source = made(results).source
    cell = '</td><td class="number {}">{}'
    assert (
        "cosine: rank 1" + cell.format("ours", "0.900 ± 0.010")
        + cell.format("paper", "0.941 ± 0.008")
    ) in source  # fmt: skip
    assert re.search(r"Crosswhite et al.</td>\s*<td class=.number.>–</td>", source)
    assert "0.774 ± 0.049" in source and source.count("<td>table V</td>") == 8
    system = source[source.index("End-to-end systems") :]
    assert system.count("<td>HyperFace</td>") == 6 and "0.776 ± 0.033" in system
    done = run_well("evaluate.report", *options(results))
    with open(results / "report" / "results.csv", encoding="utf-8") as stream:
        (row,) = [row for row in csv.DictReader(stream) if row["benchmark"] == "ijba"]
    assert (row["paper"], row["paper_deviation"]) == ("0.941", "0.008") and "ijba" in done.stdout


def test_what_is_missing_is_shown_as_missing(results):
    page = made(results)
    names = benchmark.names()
    for name in set(names) - {"aflw", "fddb"}:
        assert f"make eval-{name}" in page.text
    assert page.text.count("Not measured") == len(names) - 2
    assert "Incomplete: fold 2 is not there" in page.text
    assert page.text.count("This set is drawn") == 1
    assert "Ours were not measured: make bench" in page.text


def test_the_page_is_whole_by_itself_and_can_be_read_aloud(results):
    page = made(results)
    assert set(page.open) <= {"html", "g", "svg", "clippath", "defs", "style"}
    addresses = []
    for _, attributes in page.tags:
        for name in ("src", "href", "xlink:href"):
            if name in attributes:
                addresses.append(attributes[name])
    assert all(value.startswith(("#", "data:", "https://arxiv.org/")) for value in addresses)
    assert not page.of("script") and not page.of("link")
    (image,) = page.of("img")
    assert image["alt"] == "face.jpg: 12% & more"
    for svg, kind in zip(page.of("svg"), ("discrete", "continuous")):
        assert svg["role"] == "img"
        assert f"true positive rate, {kind} over false positives" in svg["aria-label"]
    assert len(page.of("svg")) == 2
    assert page.of("html") == [{"lang": "en"}]
    assert any(attributes.get("name") == "viewport" for attributes in page.of("meta"))
    ids = {attributes["id"] for attributes in page.of("h2")}
    links = {value[1:] for value in addresses if value.startswith("#")}
    assert set(benchmark.names()) | {"runtime"} == ids <= links


BAD = '<script>alert("1")</script>\'$_x$'


def test_nothing_of_the_results_becomes_code(results, monkeypatch):
    """Titles, names of pictures and curves, rules, folders: all with tags and quotes in them."""
    cv2.imwrite(str(results / "face'\"<b>.jpg"), np.full((60, 80, 3), 99, np.uint8))
    change(
        results,
        "aflw",
        failures=[dict(image="face'\"<b>.jpg", box=None, text=BAD)],
        rules=[BAD],
        counts={BAD: 1},
        incomplete=[BAD],
        curves={BAD: dict(CURVE, xlabel=BAD)},
        machine=BAD,
        model=dict(COMMON["model"], folders=[BAD]),
    )
    aflw = benchmark.load("aflw")
    others = [one for one in benchmark.benchmarks() if one.name != "aflw"]
    fields = {**vars(aflw), "title": f"{BAD}: landmarks", "where": BAD}
    changed = (benchmark.Benchmark(**fields), *others)
    monkeypatch.setattr(benchmark, "benchmarks", lambda: changed)
    page = made(results)
    assert not page.of("script") and not page.of("b") and "<script" not in page.source
    assert page.text.count(BAD) >= 9  # overview, menu, title, where, ..., caption
    (image,) = page.of("img")
    assert image["alt"] == f"face'\"<b>.jpg: {BAD}"
    svg = page.of("svg")[0]
    assert svg["aria-label"] == f"true positive rate, discrete over {BAD}: {BAD}"
    assert {attributes["id"] for attributes in page.of("h2")} >= {"aflw", "fddb"}


def test_peers_curves_are_drawn_where_their_files_are(results, expect_refusal):
    peers = results / "data" / "fddb" / "peers"
    peers.mkdir(parents=True)
    (peers / "Hyper_DiscROC.txt").write_text("0.95 1001 0.05\n0.9 100 0.1\n0.7 10 0.5\n")
    (peers / "Cascade_ContROC.txt").write_text("0.6 100\n")
    page = made(results)
    discrete, continuous = [svg["aria-label"] for svg in page.of("svg")]
    assert discrete.endswith("beside Hyper") and continuous.endswith("beside Cascade")
    for words in ("Hyper (90.00%)", "Cascade (60.00%)", "ours (81.50%)"):
        assert f"<!-- {words} -->" in page.source, words
    for text in ("words\n", "0.9 100\nnan 10\n", "0.9 inf\n"):
        (peers / "Hyper_DiscROC.txt").write_text(text)
        expect_refusal("evaluate.report", options(results), "Hyper_DiscROC.txt", "false positives")


@pytest.mark.parametrize(
    "name, folder, kind, legend",
    [
        ("aflw", "landmarks", curves.LANDMARKS, "Cascade (70.00%)"),
        ("afw", "landmarks", curves.LANDMARKS, "Cascade (70.00%)"),
        ("afw", "yaw", curves.YAW, "Cascade (90.00%)"),
        ("ijba", "roc", curves.ACCEPTED, "Cascade"),
        ("lfw", "roc", curves.ACCEPTED, "Cascade"),
    ],
)
def test_peers_curves_of_every_kind(results, expect_refusal, name, folder, kind, legend):
    """Two columns in a folder of the kind's name; what the legend shows is read off."""
    place = results / "data" / name / "peers" / folder
    place.mkdir(parents=True)
    (place / "Cascade.txt").write_text("0.1 0.9\n0 0.5\n")
    own = curves.curve([0, 1], [0, 1], kind)
    found = dict(figures={}, failures=[], incomplete=[], drawn=False, curves=dict(ours=own))
    (results / "eval" / name).mkdir(exist_ok=True)
    text = json.dumps(dict(COMMON, benchmark=name, data=str(results), **found))
    (results / "eval" / name / "results.json").write_text(text)
    page = made(results)
    assert f"<!-- {legend} -->" in page.source
    assert f"{kind.ylabel} over {kind.xlabel}: ours beside Cascade" in page.source
    (place / "Cascade.txt").write_text("0.1\n")
    expect_refusal("evaluate.report", options(results), "Cascade.txt", "two numbers in each line")


def test_the_page_and_tables_for_other_programs(results):
    done = run_well("evaluate.report", *options(results))
    assert "fddb, aflw; missing: afw, pascal, celeba" in done.stdout
    out = results / "report"
    assert "3.25%" in Page((out / "index.html").read_text(encoding="utf-8")).text
    with open(out / "results.csv", encoding="utf-8") as stream:
        rows = {(row["benchmark"], row["figure"]): row for row in csv.DictReader(stream)}
    row = rows["aflw", "nme_0_30"]
    assert (row["measured"], row["paper"], row["better"]) == ("3.25", "2.84", "lower")
    assert rows["fddb", "disc_at_500"]["drawn"] == "1"
    stored = json.loads((out / "results.json").read_text())
    assert set(stored) == {"aflw", "fddb"}
    assert stored["fddb"]["incomplete"] and "curves" not in stored["fddb"]


def test_run_time_is_that_of_make_bench(results):
    figures = dict(
        machine="16 cores",
        image_full_width_s=dict(dense=2.9, selective=14.5),
        stage2_s_per_face=0.051,
    )
    (results / "bench.json").write_text(json.dumps(figures))
    page = made(results)
    assert re.search(r'14.50 s</td><td class="number paper">3.50 s', page.source)
    assert "16 cores" in page.text and "TITAN X" in page.text


def test_results_that_are_broken_are_named(results, expect_refusal):
    path = results / "eval" / "aflw" / "results.json"
    text = path.read_text()
    path.write_text("{")
    parts = ("aflw/results.json", "make eval-aflw")
    expect_refusal("evaluate.report", options(results), *parts)
    path.write_text(text.replace('"rules"', '"roles"'))
    expect_refusal("evaluate.report", options(results), *parts, "no 'rules'")


def test_the_papers_figures_are_those_that_it_states():
    """By the rows of its tables: section IV and tables II and V, as published."""
    stated = {}
    for one in benchmark.benchmarks():
        for figure in one.figures:
            if figure.paper is not None:
                stated[one.name, figure.name] = figure.paper
    bins = ("nme_0_30", "nme_30_60", "nme_60_90", "nme_mean", "nme_std")
    assert [stated["aflw", name] for name in bins] == [2.84, 2.94, 3.09, 2.96, 0.13]
    accepted = ("tar_at_far_0.001", "tar_at_far_0.01", "tar_at_far_0.1")
    assert [stated["ijba", f"cosine_{name}"] for name in accepted] == [0.787, 0.893, 0.968]
    found = ("tpir_at_fpir_0.01", "tpir_at_fpir_0.1", "rank_1", "rank_10")
    assert [stated["ijba", f"tpe_{name}"] for name in found] == [0.792, 0.887, 0.947, 0.988]
    assert stated["pascal", "ap_refined"] == 95.01
    assert (stated["lap2015", "epsilon"], stated["fgnet", "mae"]) == (0.293, 2.00)
    assert (stated["celeba", "gender"], stated["celeba", "smile"]) == (99, 93)
    assert (stated["fotw", "gender"], stated["fotw", "smile"]) == (93.12, 90.83)
