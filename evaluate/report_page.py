"""The report: every benchmark that was measured beside the paper, as one self-contained page.

The page is made by templates/report.html; the tables results.json and results.csv are for other
programs.
"""

from __future__ import annotations

import csv
import datetime
import os
from collections.abc import Mapping, Sequence
from typing import Any, Optional

from allinone import files, folders, pages, reading
from allinone.errors import InputError
from evaluate import benchmark, curves, report_images, report_tables, results_form
from evaluate.benchmark import Benchmark, OtherCurves
from evaluate.results_form import Bench, Result
from evaluate.run import RESULTS

TEMPLATE = "evaluate/templates/report.html"
PAGE = "index.html"
KIND = folders.Kind(
    "report",
    holds=(PAGE, "results.json", "results.csv"),
    proofs={"results.csv": "benchmark,figure,unit,measured,"},
    is_marked=True,
)
# Seconds, section IV-G.
PAPER_PICTURE, PAPER_STAGE2 = 3.5, 0.1
PAPER_MACHINE = "8 CPU cores and a TITAN X, section IV-G"

Results = Mapping[str, Result]  # {benchmark: what its results.json holds}


def gather(results: str) -> dict[str, Result]:
    """Return the results in a folder with a folder for each benchmark that was measured.

    InputError where a results.json is broken, or that of another benchmark.
    """
    found = {}
    for name in benchmark.names():
        path, mend = os.path.join(results, name, RESULTS), f"measure again (make eval-{name})"
        if not os.path.isfile(path):
            continue
        found[name] = results_form.read(path, mend)
        if found[name]["benchmark"] != name:
            raise InputError(f"{path}: 'benchmark' is not {name}; {mend}")
    return found


def page(results: Results, data: str, bench: str, systems: Sequence[Results] = ()) -> str:
    """Return the page.

    data: folder with a folder for each set, for peers' files; bench: figures of make bench;
    systems: results of other models, or pairs of models, for the table of end-to-end systems.
    """
    sections = []
    for one in benchmark.benchmarks():
        others = [some[one.name] for some in systems if one.name in some]
        place = os.path.join(data, one.dataset)
        sections.append(section(one, results.get(one.name), place, others))
    return pages.render(
        TEMPLATE,
        date=datetime.date.today().isoformat(),
        sections=sections,
        overview=[
            report_tables.overview(one, results.get(one.name)) for one in benchmark.benchmarks()
        ],
        runtime=runtime(bench),
    )


def section(
    one: Benchmark, found: Optional[Result], data: str, systems: Sequence[Result]
) -> dict[str, Any]:
    """Return what the page shows of a benchmark; found: its results, None: not measured."""
    shown = dict(benchmark=one, data=data, found=found)
    if found is None:
        paper = [figure for figure in one.figures if figure.paper is not None]
        values = [f"{figure.means} {figure.show_paper()}" for figure in paper]
        return dict(shown, paper="; ".join(values))
    rows, drawn = one.peer_files(data)
    return dict(
        shown,
        counts=", ".join(f"{count} {what}" for what, count in found["counts"].items()),
        figures=report_tables.figures(one, found),
        peers=report_tables.peers(one, [*one.peers, *rows]),
        pipelines=report_tables.pipelines(one, [found, *systems]),
        drawings=drawings(found, drawn),
        failures=report_images.failures(found),
        provenance=provenance(found),
    )


def drawings(found: Result, others: OtherCurves) -> list[dict[str, Any]]:
    """Return the drawings of a benchmark, one for each kind of curve, with others' of the kind."""
    kinds: dict[curves.Kind, dict] = {}
    for name, curve in found["curves"].items():
        kinds.setdefault(curves.kind_of(curve), {})[name] = curve
    shown = []
    for kind, own in kinds.items():
        beside = {name: curve for name, curve in others if curves.kind_of(curve) == kind}
        what = f"{kind.ylabel} over {kind.xlabel}: {', '.join(own)}"
        if beside:
            what += f" beside {', '.join(beside)}"
        svg = report_images.drawing(own, beside, what)
        shown.append(dict(svg=svg, caption=f"{what[0].upper()}{what[1:]}."))
    return shown


def provenance(found: Result) -> str:
    """Return in words what was measured, with which model, where and when."""
    model = found["model"]
    which = model["folders"][0]
    if len(model["folders"]) > 1:
        which = f"{len(model['folders'])} models, {which} and others"
    profile = f" of profile {model['profile']}" if model.get("profile") else ""
    runs = [_run_in_words(source) for source in (model.get("provenance") or {}).get("sources", [])]
    trained = f" ({'; '.join(runs)})" if runs else ""
    return (
        f"Model{profile}: {which}, weights {model['sha256'][0][:12]}{trained}. "
        f"Set: {found['data']}, records {found['records_sha256'][:12]}. "
        f"Proposals {found['proposals']}, engine {found['engine']}; {found['machine']}; "
        f"{found['date']}."
    )


def _run_in_words(source: Mapping[str, Any]) -> str:
    if source.get("iteration") is None:
        return f"the model {source.get('weights') or 'of another'}"
    of_all = f" of {source['iterations']}" if source.get("iterations") else ""
    return f"{source.get('job') or 'a run'} at iteration {source.get('iteration')}{of_all}"


def runtime(bench: str) -> dict[str, Any]:
    """Return the part on run time: what make bench left, beside section IV-G."""
    ours = reading.read_json(bench, "make bench writes it", Bench) if os.path.isfile(bench) else {}
    full = ours.get("image_full_width_s", {})
    stage2 = ours.get("stage2_s_per_face")
    return dict(
        rows=[
            (
                "a picture, selective search",
                _seconds(full.get("selective")),
                _seconds(PAPER_PICTURE),
            ),
            ("a picture, dense proposals", _seconds(full.get("dense")), _seconds(None)),
            ("stage 2 of a face", _seconds(stage2), _seconds(PAPER_STAGE2)),
        ],
        machine=ours.get("machine"),
        bench=bench,
        paper_machine=PAPER_MACHINE,
    )


def _seconds(value: Optional[float]) -> str:
    return "–" if value is None else f"{value:.2f} s"


def write_tables(results: Results, out: str) -> None:
    """Write results.json, all but curves and failures, and results.csv, a row for each figure."""
    shown = {}
    for name, found in results.items():
        shown[name] = {
            key: value for key, value in found.items() if key not in ("curves", "failures")
        }
    files.write_json(os.path.join(out, "results.json"), shown)
    head = ("benchmark", "figure", "unit", "measured", "deviation", "paper")
    head += ("paper_deviation", "better", "drawn")
    with files.replacing(os.path.join(out, "results.csv")) as stream:
        writer = csv.DictWriter(stream, head, lineterminator="\n")
        writer.writeheader()
        for name, found in results.items():
            for figure in benchmark.load(name).figures:
                if figure.name in found["figures"]:
                    writer.writerow(
                        dict(
                            benchmark=name,
                            figure=figure.name,
                            unit=figure.unit,
                            measured=found["figures"][figure.name],
                            deviation=found["deviations"].get(figure.name, ""),
                            paper=_cell(figure.paper),
                            paper_deviation=_cell(figure.paper_deviation),
                            better=figure.better,
                            drawn=int(found["drawn"]),
                        )
                    )


def _cell(value: Optional[float]) -> Any:
    return "" if value is None else value
