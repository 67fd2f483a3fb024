"""The tables of the report: ours beside the paper's rows and beside other systems."""

import csv
import re

from conftest import run_well
from report_results import COMMON, made, options, write

from evaluate import benchmark


def test_deviations_and_end_to_end_systems_stand_beside_ours(tmp_path):
    """Table V's deviations with its figures and its peers, table VI below."""
    ours = dict(figures=dict(cosine_rank_1=0.9), deviations=dict(cosine_rank_1=0.01))
    write(tmp_path / "eval", "ijba", **ours)
    source = made(tmp_path).source
    cell = '</td><td class="number {}" data-is="{}">{}'
    assert (
        "cosine: rank 1" + cell.format("ours", "measured", "0.900 ± 0.010")
        + cell.format("paper", "the paper's", "0.941 ± 0.008")
    ) in source  # fmt: skip
    assert re.search(r"Crosswhite et al.</td>\s*<td class=.number.>–</td>", source)
    assert "0.774 ± 0.049" in source and source.count("<td>table V</td>") == 8
    system = source[source.index("End-to-end systems") :]
    assert system.count("<td>HyperFace</td>") == 6 and "0.776 ± 0.033" in system
    done = run_well("evaluate.report", *options(tmp_path))
    with open(tmp_path / "report" / "results.csv", encoding="utf-8") as stream:
        (row,) = [row for row in csv.DictReader(stream) if row["benchmark"] == "ijba"]
    assert (row["paper"], row["paper_deviation"]) == ("0.941", "0.008") and "ijba" in done.stdout


def cells_of(source, model):
    """Return the texts of the row of table VI whose descriptor is of a model."""
    table = source[source.index("End-to-end systems") :].split("</table>")[0]
    rows = [row for row in table.split("<tr")[1:] if f"<td>{model}</td>" in row]
    return [re.findall(r"<td[^>]*>([^<]*)</td>", row) for row in rows]


def test_systems_that_were_measured_stand_below_those_of_table_vi(tmp_path, expect_refusal):
    """Ours, and our descriptor on the faces of another model: a row for each metric."""
    figures = dict(cosine_rank_1=0.9, cosine_rank_10=0.99, tpe_rank_1=0.91)
    deviations = dict(cosine_rank_1=0.01, tpe_rank_1=0.02)
    write(tmp_path / "eval", "ijba", figures=figures, deviations=deviations)
    two = dict(COMMON["model"], folders=["out/joint"], stage1=dict(folders=["out/hyperface"]))
    figures = {"cosine_rank_1": 0.8, "cosine_tar_at_far_0.01": 0.7}
    write(tmp_path / "eval-vi", "ijba", figures=figures, model=two)
    run_well("evaluate.report", *options(tmp_path), "--systems", tmp_path / "eval-vi")
    source = (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
    boxes = "the protocol&#39;s boxes"
    assert cells_of(source, "out/model") == [
        [boxes, "out/model", "out/model", "cosine", "–", "0.900 ± 0.010"],
        [boxes, "out/model", "out/model", "TPE", "–", "0.910 ± 0.020"],
    ]
    assert cells_of(source, "out/joint") == [
        [boxes, "out/hyperface", "out/joint", "cosine", "0.700", "0.800"]
    ]
    write(tmp_path / "eval-lfw", "lfw", figures={})
    lfw, ours = tmp_path / "eval-lfw", tmp_path / "eval"
    for given in (["--systems", lfw], ["--results", lfw, "--systems", ours]):
        said = f"{lfw}: no results of IJB-A"
        expect_refusal("evaluate.report", [*options(tmp_path), *given], said)


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
