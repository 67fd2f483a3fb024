"""The report, from results that are there and results that are not."""

import csv
import json
import re

import cv2
import numpy as np
import pytest
from conftest import run_well
from report_results import COMMON, CURVE, Page, change, made, options, write

from allinone.errors import InputError
from evaluate import benchmark, curves, results_form


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
        write(tmp_path / "eval", name, data=str(tmp_path), **one)
    return tmp_path


def test_ours_stand_beside_the_papers(results):
    page = made(results)
    cell = r'</td><td class="number {}" data-is="[a-z\' ]+">{}'
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
    named = [attributes.get("data-is") for attributes in page.of("td")]  # on a phone, without heads
    assert {"measured", "the paper's", "better"} <= set(named)
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


UNFIT = [
    ("figures", {"nme_mean": "3"}, "figures"),
    ("figures", {"nme_mean": float("inf")}, "figures"),
    ("counts", [], "counts"),
    ("curves", {"ours": dict(CURVE, y=[None, 0, 0])}, "curves"),
    ("curves", {"ours": dict(CURVE, y=[0.5])}, "not as many x as y"),
    ("failures", [dict(image="a", box=[1], text="")], "failures"),
    ("failures", [dict(image="a", box=[1, 2, 1e300, 4], text="")], "failures"),
    ("model", dict(COMMON["model"], folders=[]), "model.folders"),
    ("model", dict(COMMON["model"], provenance=dict(sources=[1])), "model.provenance.sources"),
    ("model", dict(COMMON["model"], stage1="another model"), "model.stage1"),
]


@pytest.mark.parametrize("key, value, part", UNFIT)
def test_results_of_another_form_are_refused(results, key, value, part):
    write(results / "bad", "aflw", **{"figures": {}, key: value})
    path = str(results / "bad" / "aflw" / "results.json")
    with pytest.raises(InputError, match=f"aflw/results.json: .*{re.escape(part)}.*; again"):
        results_form.read(path, "again")


def test_results_of_another_benchmark_are_refused(results, expect_refusal):
    write(results / "mixed", "afw", figures={}, counts={}, rules=[], benchmark="lfw")
    given = ["--results", results / "mixed", "--out", results / "page"]
    expect_refusal("evaluate.report", given, "afw/results.json: 'benchmark' is not afw")
    assert not (results / "page").exists()


def test_times_that_are_none_are_refused(results, expect_refusal):
    bench = results / "bench.json"
    bench.write_text(json.dumps(dict(image_full_width_s=dict(dense=float("nan")))))
    expect_refusal("evaluate.report", [*options(results), "--bench", bench], "bench.json")


def test_results_that_are_broken_are_named(results, expect_refusal):
    path = results / "eval" / "aflw" / "results.json"
    text = path.read_text()
    path.write_text("{")
    parts = ("aflw/results.json", "make eval-aflw")
    expect_refusal("evaluate.report", options(results), *parts)
    path.write_text(text.replace('"rules"', '"roles"'))
    expect_refusal("evaluate.report", options(results), *parts, "no 'rules'")
