"""The report, from results that are there and results that are not."""

import csv
import json
import re
from html.parser import HTMLParser

import cv2
import numpy as np
import pytest

from evaluate import paper_numbers, report


class Page(HTMLParser):
    """The tags of a page, and its text."""

    def __init__(self, path):
        super().__init__()
        self.tags, self.open, self.text = [], [], ""
        with open(path, encoding="utf-8") as stream:
            self.source = stream.read()
        self.feed(self.source)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "img", "br", "path", "use", "rect"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if self.open and self.open[-1] == tag:
            self.open.pop()

    def handle_data(self, data):
        self.text += data


@pytest.fixture
def results(tmp_path):
    """Results of two benchmarks: AFLW, with a failure's picture, and FDDB, a drawn and incomplete one."""
    cv2.imwrite(str(tmp_path / "face.jpg"), np.full((60, 80, 3), 99, np.uint8))
    common = dict(
        rules=["a <rule>"],
        counts=dict(faces=450),
        deviations={},
        data=str(tmp_path),
        records_sha256="ab" * 32,
        proposals="dense",
        engine="caffe",
        machine="2 cores",
        date="2026-01-02",
        model=dict(
            folders=["out/model"],
            sha256=["cd" * 32],
            provenance=dict(
                profile="tiny", sources=[dict(job="joint", iteration=9, iterations=10)]
            ),
        ),
    )
    curve = dict(
        x=[0, 0.5, 1], y=[1, 0.8, 0.2], xlabel="false positives", ylabel="true positive rate"
    )
    for name, one in dict(
        aflw=dict(
            figures=dict(nme_0_30=3.25, nme_mean=None),
            failures=[
                dict(image="face.jpg", box=[10, 10, 40, 50], text="12% & more"),
                dict(image="gone.jpg", box=None, text="gone"),
            ],
            incomplete=[],
            curves={},
            drawn=False,
        ),
        fddb=dict(
            figures=dict(disc_at_500=81.5),
            failures=[],
            incomplete=["fold 2 is not there"],
            curves={"ours": curve, "ours, continuous": curve},
            drawn=True,
        ),
    ).items():
        (tmp_path / "eval" / name).mkdir(parents=True)
        (tmp_path / "eval" / name / "results.json").write_text(
            json.dumps(dict(common, benchmark=name, **one))
        )
    return tmp_path


def write(results, *more):
    assert (
        report.main(
            [
                "--results",
                str(results / "eval"),
                "--data",
                str(results / "data"),
                "--bench",
                str(results / "bench.json"),
                "--out",
                str(results / "report"),
                *more,
            ]
        )
        == 0
    )
    return Page(results / "report" / "index.html")


def test_ours_stand_beside_the_papers(results):
    page = write(results)
    assert re.search(
        r'\|yaw\| 0-30°</td><td class="number ours">3.25%</td><td class="number paper">2.84%',
        page.source,
    )
    assert re.search(
        r'mean over the three bins</td><td class="number ours">–</td><td class="number paper">2.96%',
        page.source,
    )  # measured, and no number
    for words in (
        "HyperFace",
        "4.26%",
        "from memory",
        "a <rule>",
        "12% & more",
        "cdcdcdcdcdcd",
        "joint at iteration 9 of 10",
        "2 cores",
        "2026-01-02",
        "450 faces",
    ):
        assert words in page.text, words


def test_what_is_missing_is_shown_as_missing(results):
    page = write(results)
    for name in set(paper_numbers.FIGURES) - {"aflw", "fddb"}:
        assert f"make eval-{name}" in page.text
    assert (
        page.text.count("Not measured") == len(paper_numbers.FIGURES) - 2
        and "Incomplete: fold 2 is not there" in page.text
    )
    assert (
        page.text.count("This set is drawn") == 1
        and "Ours were not measured: make bench" in page.text
    )


def test_the_page_is_whole_by_itself_and_can_be_read_aloud(results):
    page = write(results)
    assert page.open == [] or set(page.open) <= {"html", "g", "svg", "clippath", "defs", "style"}
    addresses = [
        value
        for _, attributes in page.tags
        for name, value in attributes.items()
        if name in ("src", "href", "xlink:href")
    ]
    assert all(value.startswith(("#", "data:", "https://arxiv.org/")) for value in addresses)
    assert not any(tag in ("script", "link") for tag, _ in page.tags)
    images = [attributes for tag, attributes in page.tags if tag == "img"]
    assert len(images) == 1 and images[0]["alt"] == "face.jpg: 12% & more"
    drawings = [attributes for tag, attributes in page.tags if tag == "svg"]
    assert (
        len(drawings) == 1
        and drawings[0]["role"] == "img"
        and "true positive rate over false positives" in drawings[0]["aria-label"]
    )
    assert ("html", {"lang": "en"}) in page.tags and any(
        attributes.get("name") == "viewport" for tag, attributes in page.tags if tag == "meta"
    )
    links = {
        value[1:]
        for value in addresses
        if value.startswith("#") and not value.startswith("#m") and "#DejaVu" not in value
    }
    assert {name for name in paper_numbers.FIGURES} <= links & {
        attributes.get("id") for _, attributes in page.tags
    }


def test_peers_curves_are_drawn_where_their_files_are(results):
    peers = results / "data" / "fddb" / "peers"
    peers.mkdir(parents=True)
    (peers / "Hyper_DiscROC.txt").write_text("0.9 100 0.1\n0.7 10 0.5\n")
    page = write(results)
    (drawing,) = [attributes for tag, attributes in page.tags if tag == "svg"]
    assert "beside Hyper" in drawing["aria-label"]
    (peers / "Hyper_DiscROC.txt").write_text("words\n")
    assert (
        report.main(
            [
                "--results",
                str(results / "eval"),
                "--data",
                str(results / "data"),
                "--out",
                str(results / "report"),
            ]
        )
        == 2
    )


def test_tables_for_other_programs(results):
    write(results)
    rows = {
        (row["benchmark"], row["figure"]): row
        for row in csv.DictReader(open(results / "report" / "results.csv", encoding="utf-8"))
    }
    assert (
        rows["aflw", "nme_0_30"]["measured"] == "3.25"
        and rows["aflw", "nme_0_30"]["paper"] == "2.84"
        and rows["fddb", "disc_at_500"]["drawn"] == "1"
    )
    stored = json.loads((results / "report" / "results.json").read_text())
    assert (
        set(stored) == {"aflw", "fddb"}
        and stored["fddb"]["incomplete"]
        and "curves" not in stored["fddb"]
    )


def test_run_time_is_that_of_make_bench(results):
    (results / "bench.json").write_text(
        json.dumps(
            dict(
                machine="16 cores",
                image_full_width_s=dict(dense=2.9, selective=14.5),
                stage2_s_per_face=0.051,
            )
        )
    )
    page = write(results)
    assert (
        re.search(r'14.50 s</td><td class="number paper">3.50 s', page.source)
        and "16 cores" in page.text
        and "TITAN X" in page.text
    )


def test_results_that_are_broken_are_named(results, expect_refusal):
    (results / "eval" / "aflw" / "results.json").write_text("{")
    expect_refusal(
        report.main,
        ["--results", results / "eval", "--out", results / "report"],
        "aflw/results.json",
        "make eval-aflw",
    )


def test_the_papers_figures_are_those_that_it_states():
    """By the rows of its tables: section IV and tables II and V, as published."""
    stated = {
        (name, figure.name): figure.paper
        for name, figures in paper_numbers.FIGURES.items()
        for figure in figures
        if figure.paper is not None
    }
    assert [stated["aflw", f"nme_{key}"] for key in ("0_30", "30_60", "60_90", "mean", "std")] == [
        2.84,
        2.94,
        3.09,
        2.96,
        0.13,
    ]
    assert [
        stated["ijba", f"cosine_{key}"]
        for key in ("tar_at_far_0.001", "tar_at_far_0.01", "tar_at_far_0.1")
    ] == [0.787, 0.893, 0.968]
    assert [
        stated["ijba", f"tpe_{key}"]
        for key in ("tpir_at_fpir_0.01", "tpir_at_fpir_0.1", "rank_1", "rank_10")
    ] == [0.792, 0.887, 0.947, 0.988]
    assert (
        stated["pascal", "ap_refined"] == 95.01
        and stated["lap2015", "epsilon"] == 0.293
        and stated["fgnet", "mae"] == 2.00
    )
    assert (
        stated["celeba", "gender"],
        stated["celeba", "smile"],
        stated["fotw", "gender"],
        stated["fotw", "smile"],
    ) == (99, 93, 93.12, 90.83)
