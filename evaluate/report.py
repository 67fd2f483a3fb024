"""Write the report: every benchmark that was measured beside the paper, one self-contained page, results.json and results.csv.

    python -m evaluate.report --results out/paper/eval --data data --out report

What peers have is drawn from files in data/<set>/peers, see evaluate.peers; run times from the figures of make bench, if they are there.
"""

import argparse
import base64
import csv
import datetime
import html
import io
import os
import sys

import cv2
import matplotlib
import numpy as np

from allinone import files
from allinone.errors import InputError, command
from data_prep.readers import pascal
from evaluate import afw, benchmark, face_eval, paper_numbers, peers

matplotlib.use("Agg")
from matplotlib import pyplot

SHOWN = 150  # pixels: the height of a failure's picture
AROUND = 0.6  # share of a box that is shown around it
BEST_PEERS = 8  # curves that a drawing takes beside ours
STYLE = """
:root { --ink: #1d2733; --soft: #5b6774; --line: #d9dee4; --ours: #0b62a8; --paper: #a1460b }
* { box-sizing: border-box }
body { font: 16px/1.55 system-ui, -apple-system, "Segoe UI", sans-serif; color: var(--ink); max-width: 60rem; margin: 0 auto; padding: 1.2rem }
h1 { line-height: 1.2; margin-bottom: .2em } h2 { margin-top: 2.4em; border-top: 1px solid var(--line); padding-top: 1em }
.wide { overflow-x: auto } table { border-collapse: collapse; width: 100% } th, td { padding: .35em .7em; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top }
th { font-weight: 600; color: var(--soft); font-size: .88em } td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
td.ours { color: var(--ours); font-weight: 600 } td.paper { color: var(--paper) }
.note, .rules, figcaption { color: var(--soft); font-size: .9em } .rules { padding-left: 1.2em } .warning { background: #fff4dc; border-left: 4px solid #d99a00; padding: .6em .9em; margin: 1em 0 }
figure { margin: 1.2em 0 } figure svg { width: 100%; height: auto; max-width: 40rem } .failures { display: flex; flex-wrap: wrap; gap: .7rem; padding: 0; list-style: none }
.failures li { width: 9.5rem; font-size: .8em; line-height: 1.3; overflow-wrap: anywhere } .failures img { width: 100%; height: auto; border-radius: 4px; display: block; margin-bottom: .3em }
nav { margin: 1em 0 } nav a { display: inline-block; margin-right: .9em } a { color: var(--ours) }
@media print { body { max-width: none; font-size: 11pt } nav { display: none } h2 { break-after: avoid } figure, .failures li, tr { break-inside: avoid } }
"""


def gather(results):
    """Return {benchmark: what its results.json holds} of the folder of results."""
    found = {}
    for name in paper_numbers.FIGURES:
        path = os.path.join(results, name, benchmark.RESULTS)
        if os.path.isfile(path):
            found[name] = files.read_json(path, f"measure again (make eval-{name})")
    return found


def peer_rows(name, data):
    """Return [(method, {figure: value}, source)] and {method: curve} of a benchmark."""
    rows, curves = list(paper_numbers.PEERS.get(name, ())), {}
    if name == "fddb":
        curves = peers.roc(data)
    annotations = dict(afw=afw.NEW, pascal=pascal.FILE).get(name)
    if (
        annotations
        and os.path.isfile(os.path.join(data, annotations))
        and os.path.isdir(os.path.join(data, peers.FOLDER))
    ):
        suffix = "_new" if name == "afw" else ""
        for method, (curve, figures) in peers.precision_recall(
            data, face_eval.read_annotations(os.path.join(data, annotations))
        ).items():
            curves[method] = curve
            rows.append(
                (
                    method,
                    {f"{key}{suffix}": value for key, value in figures.items()},
                    f"its detections in {peers.FOLDER}, by our evaluation",
                )
            )
    return rows, curves


def drawing(curves, others):
    """Return a drawing as SVG of our curves, and of others', {name: {x, y}}; all of one kind, whose labels ours tell."""
    first = next(iter(curves.values()))
    figure, axes = pyplot.subplots(figsize=(6.4, 4.2), constrained_layout=True)
    best = sorted(others.items(), key=lambda item: -max(item[1]["y"], default=0))[:BEST_PEERS]
    for number, (name, curve) in enumerate(best):
        axes.plot(
            curve["x"], curve["y"], color=pyplot.cm.tab10(number % 10), linewidth=1, label=name
        )
    for (name, curve), style in zip(curves.items(), ("-", "--", ":")):
        axes.plot(curve["x"], curve["y"], style, color="#0b62a8", linewidth=2.4, label=name)
    axes.set(xlabel=first["xlabel"], ylabel=first["ylabel"], ylim=(0, 1.02))
    if first.get("log"):
        axes.set_xscale("log")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    text = io.StringIO()
    with pyplot.rc_context({"svg.hashsalt": "report"}):
        figure.savefig(text, format="svg", metadata={"Date": None})
    pyplot.close(figure)
    return text.getvalue()[text.getvalue().index("<svg") :]


def drawings(name, found, others):
    """Return the figures of a benchmark as HTML: one for each kind of curve."""
    kinds = {}
    for curve, points in found["curves"].items():
        kinds.setdefault((points["xlabel"], points["ylabel"]), {})[curve] = points
    parts = []
    for number, ((xlabel, ylabel), curves) in enumerate(kinds.items()):
        beside = others if number == 0 else {}
        what = f"{ylabel} over {xlabel}: {', '.join(curves)}" + (
            f" beside {', '.join(beside)}" if beside else ""
        )
        svg = drawing(curves, beside).replace(
            "<svg", f'<svg role="img" aria-label="{html.escape(what)}"', 1
        )
        parts.append(
            f"<figure>{svg}<figcaption>{html.escape(what[0].upper() + what[1:])}.</figcaption></figure>"
        )
    return "".join(parts)


def crop(path, box):
    """Return the picture around a box, or all of it, with the box drawn, SHOWN pixels high, as a data address; None where it cannot be read."""
    try:
        image = files.read_image(path)
    except InputError:
        return None
    height, width = image.shape[:2]
    if box is not None:
        x1, y1, x2, y2 = box
        room = AROUND * max(x2 - x1, y2 - y1)
        cv2.rectangle(
            image,
            (int(x1), int(y1)),
            (int(x2), int(y2)),
            (0, 150, 255),
            max(1, round((y2 - y1) / 60)),
        )
        left, top, right, bottom = (
            int(np.clip(edge, 0, limit))
            for edge, limit in (
                (x1 - room, width),
                (y1 - room, height),
                (x2 + room, width),
                (y2 + room, height),
            )
        )
        image = image[top : max(bottom, top + 1), left : max(right, left + 1)]
    if not image.size:
        return None
    image = cv2.resize(
        image,
        (max(1, round(image.shape[1] * SHOWN / image.shape[0])), SHOWN),
        interpolation=cv2.INTER_AREA,
    )
    return (
        "data:image/jpeg;base64,"
        + base64.b64encode(
            cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes()
        ).decode()
    )


def failures(found):
    """Return the worst results of a benchmark as HTML, with their pictures."""
    items = []
    for one in found["failures"]:
        address, text = (
            crop(os.path.join(found["data"], one["image"]), one["box"]),
            html.escape(one["text"]),
        )
        if address:
            items.append(
                f'<li><img src="{address}" alt="{html.escape(one["image"])}: {text}">{text}</li>'
            )
    return f'<h3>Worst results</h3><ul class="failures">{"".join(items)}</ul>' if items else ""


def figure_table(name, found, rows):
    """Return the table of a benchmark's figures as HTML: ours, the paper's, and others'."""
    figures = [
        figure
        for figure in paper_numbers.FIGURES[name]
        if figure.name in found["figures"] or figure.paper is not None
    ]
    lines = [
        '<div class="small"><table><tr><th>figure</th><th class="number">measured</th><th class="number">the paper\'s</th><th>better</th></tr>'
    ]
    for figure in figures:
        spread = (
            f" ± {found['deviations'][figure.name]:.3f}"
            if figure.name in found["deviations"]
            else ""
        )
        lines.append(
            f'<tr><td>{html.escape(figure.means)}</td><td class="number ours">{figure.show(found["figures"].get(figure.name))}{spread}</td>'
            f'<td class="number paper">{figure.show(figure.paper)}</td><td>{"higher" if figure.higher else "lower"}</td></tr>'
        )
    lines.append("</table></div>")
    if rows:
        columns = [
            figure
            for figure in paper_numbers.FIGURES[name]
            if any(figure.name in values for _, values, _ in rows)
        ]
        head = "".join(f'<th class="number">{html.escape(figure.means)}</th>' for figure in columns)
        lines.append(
            f'<h3>Others</h3><div class="small"><table><tr><th>method</th>{head}<th>source</th></tr>'
        )
        for method, values, source in rows:
            cells = "".join(
                f'<td class="number">{figure.show(values.get(figure.name))}</td>'
                for figure in columns
            )
            lines.append(
                f"<tr><td>{html.escape(method)}</td>{cells}<td>{html.escape(source)}</td></tr>"
            )
        lines.append("</table></div>")
    return "".join(lines)


def provenance(found):
    """Return a sentence of what was measured, with which model, where and when."""
    model = found["model"]
    sources = (model["provenance"] or {}).get("sources", [])
    trained = "; ".join(
        f"{source.get('job') or 'a run'} at iteration {source.get('iteration')}"
        + (f" of {source['iterations']}" if source.get("iterations") else "")
        for source in sources
    )
    profile = f" of profile {model['provenance']['profile']}" if model["provenance"] else ""
    which = (
        model["folders"][0]
        if len(model["folders"]) == 1
        else f"{len(model['folders'])} models, {model['folders'][0]} and others"
    )
    return (
        f"Model{profile}: {which}, weights {model['sha256'][0][:12]}{f' ({trained})' if trained else ''}. Set: {found['data']}, records {found['records_sha256'][:12]}. "
        f"Proposals {found['proposals']}, engine {found['engine']}; {found['machine']}; {found['date']}."
    )


def section(name, found, data):
    """Return a benchmark's part of the page."""
    title = f'<h2 id="{name}">{html.escape(paper_numbers.TITLES[name])}</h2>'
    where = (
        f'<p class="note">In the paper: {paper_numbers.WHERE[name]}.</p>'
        if paper_numbers.WHERE[name]
        else ""
    )
    rows, others = peer_rows(name, data)
    if found is None:
        paper = [figure for figure in paper_numbers.FIGURES[name] if figure.paper is not None]
        told = (
            f"The paper's: {'; '.join(f'{figure.means} {figure.show(figure.paper)}' for figure in paper)}."
            if paper
            else ""
        )
        return f'{title}{where}<p class="warning">Not measured: put the set into {html.escape(data)} and call make eval-{name}. {html.escape(told)}</p>'
    drawn = (
        "<p class=\"warning\">This set is drawn by the kit in the benchmark's layout. The figures show that the evaluation works; they cannot be set beside the paper's.</p>"
        if found["drawn"]
        else ""
    )
    missing = (
        f'<p class="warning">Incomplete: {html.escape("; ".join(found["incomplete"]))}.</p>'
        if found["incomplete"]
        else ""
    )
    counts = html.escape(", ".join(f"{count} {what}" for what, count in found["counts"].items()))
    rules = "".join(f"<li>{html.escape(rule)}</li>" for rule in found["rules"])
    return (
        f'{title}{where}{drawn}{missing}<p>{counts}.</p>{figure_table(name, found, rows)}{drawings(name, found, others)}<h3>Rules that decide</h3><ul class="rules">{rules}</ul>'
        f'{failures(found)}<p class="note">{html.escape(provenance(found))}</p>'
    )


def overview(found):
    """Return the table of the first figure of every benchmark that has one of the paper's."""
    lines = [
        '<div class="small"><table><tr><th>benchmark</th><th>figure</th><th class="number">measured</th><th class="number">the paper\'s</th></tr>'
    ]
    for name, figures in paper_numbers.FIGURES.items():
        chosen = [figure for figure in figures if figure.paper is not None] or figures[:1]
        mark = "<br>(drawn set)" if name in found and found[name]["drawn"] else ""
        head = f'<td rowspan="{len(chosen)}"><a href="#{name}">{html.escape(paper_numbers.TITLES[name].split(":")[0])}</a>{mark}</td>'
        for figure in chosen:
            told = (
                figure.show(found[name]["figures"].get(figure.name)) if name in found else "missing"
            )
            lines.append(
                f'<tr>{head}<td>{html.escape(figure.means)}</td><td class="number ours">{told}</td><td class="number paper">{figure.show(figure.paper)}</td></tr>'
            )
            head = ""
    return "".join(lines) + "</table></div>"


def runtime(bench):
    """Return the part on run time: what make bench left, beside section IV-G."""
    theirs, ours = (
        paper_numbers.RUNTIME,
        files.read_json(bench, "make bench writes it") if os.path.isfile(bench) else {},
    )
    full = ours.get("image_full_width_s", {})
    seconds = lambda value: "–" if value is None else f"{value:.2f} s"
    rows = [
        ("a picture, selective search", full.get("selective"), theirs["image"]),
        ("a picture, dense proposals", full.get("dense"), None),
        ("stage 2 of a face", ours.get("stage2_s_per_face"), theirs["stage2"]),
    ]
    lines = "".join(
        f'<tr><td>{what}</td><td class="number ours">{seconds(value)}</td><td class="number paper">{seconds(paper)}</td></tr>'
        for what, value, paper in rows
    )
    told = (
        f"Ours: full width, 640x480, on {ours['machine']}."
        if ours
        else f"Ours were not measured: make bench writes {bench}."
    )
    return (
        f'<h2 id="runtime">Run time</h2><div class="small"><table><tr><th></th><th class="number">measured</th><th class="number">the paper\'s</th></tr>{lines}</table></div>'
        f'<p class="note">{html.escape(told)} The paper\'s: {theirs["machine"]}, {theirs["where"]}.</p>'
    )


def page(found, data, bench):
    """Return the whole page."""
    links = "".join(
        f'<a href="#{name}">{html.escape(title.split(":")[0])}</a>'
        for name, title in paper_numbers.TITLES.items()
    )
    parts = "".join(
        section(name, found.get(name), os.path.join(data, name)) for name in paper_numbers.FIGURES
    )
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>All-in-One Face in Caffe: benchmarks</title><style>{STYLE}</style></head><body><h1>All-in-One Face in Caffe: benchmarks</h1>"
        f'<p class="note">{datetime.date.today().isoformat()}. Figures called the paper\'s are those of Ranjan, Sankaranarayanan, Castillo, Chellappa, '
        f'<i>An All-In-One Convolutional Neural Network for Face Analysis</i>, 2016, <a href="https://arxiv.org/abs/1611.00851">arXiv 1611.00851</a>.</p>'
        f'<nav aria-label="benchmarks">{links}<a href="#runtime">Run time</a></nav>{overview(found)}{parts}{runtime(bench)}</body></html>\n'
    )


def write_tables(found, out):
    """Write results.json, everything but curves and failures, and results.csv, a row for each figure."""
    shown = {
        name: {key: value for key, value in one.items() if key not in ("curves", "failures")}
        for name, one in found.items()
    }
    files.write_json(os.path.join(out, "results.json"), shown)
    with files.replacing(os.path.join(out, "results.csv")) as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(
            ("benchmark", "figure", "unit", "measured", "deviation", "paper", "better", "drawn")
        )
        for name, one in found.items():
            for figure in paper_numbers.FIGURES[name]:
                if figure.name in one["figures"]:
                    writer.writerow(
                        (
                            name,
                            figure.name,
                            figure.unit,
                            one["figures"][figure.name],
                            one["deviations"].get(figure.name, ""),
                            "" if figure.paper is None else figure.paper,
                            "higher" if figure.higher else "lower",
                            int(one["drawn"]),
                        )
                    )


@command
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--results", required=True, help="folder with a folder for each benchmark that was measured"
    )
    parser.add_argument(
        "--data", default="data", help="folder with a folder for each set, for peers' files"
    )
    parser.add_argument("--bench", default="out/bench.json", help="figures of make bench")
    parser.add_argument(
        "--out", default="report", help="folder for index.html, results.json and results.csv"
    )
    args = parser.parse_args(argv)
    found = gather(args.results)
    write_tables(found, args.out)
    path = os.path.join(args.out, "index.html")
    with files.replacing(path) as stream:
        stream.write(page(found, args.data, args.bench))
    absent = [name for name in paper_numbers.FIGURES if name not in found]
    print(
        f"{path}: {', '.join(found) or 'no benchmark yet'}"
        + (f"; missing: {', '.join(absent)}" if absent else "")
    )


if __name__ == "__main__":
    sys.exit(main())
