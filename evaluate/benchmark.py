"""What all benchmarks have in common: their options, records, predictions, results.json and the table that is printed."""

import argparse
import collections
import datetime
import os

import numpy as np

from allinone import analyzer as analysis
from allinone import device, engines, files, snapshots
from allinone.errors import InputError
from data_prep import conversion, layouts
from evaluate import headline, paper_numbers, predictions

RESULTS = "results.json"
SCORES = ("mean-regions", "aligned")
WORST = 12  # faces or pictures that the report shows of a benchmark
Run = collections.namedtuple(
    "Run", "name data out folder pictures models missing device args"
)  # see `start`


def parser_of(name, what):
    """Return the parser of a benchmark's command."""
    parser = argparse.ArgumentParser(description=what)
    parser.add_argument(
        "--data",
        default=os.path.join("data", name),
        help="folder of the set, as data_prep/README.md shows it",
    )
    parser.add_argument(
        "--model",
        help="folder of the fused model, or of a model for each fold (fold_01/model, ...)",
    )
    parser.add_argument(
        "--out",
        help=f"folder for {predictions.LINES} and {RESULTS}; default: eval/{name} in the model's folder",
    )
    parser.add_argument(
        "--proposals",
        choices=analysis.PROPOSALS,
        default="dense",
        help="where faces and regions are looked for",
    )
    parser.add_argument("--engine", choices=engines.ENGINES, default="caffe")
    parser.add_argument("--gpu", default="", help="GPU number; empty: CPU")
    return parser


def add_score(parser, default, what):
    """Add the option --score; what: what is a mean over regions."""
    parser.add_argument(
        "--score",
        choices=SCORES,
        default=default,
        help=f"{what}: means over the region proposals with IoU > 0.5, as in the paper, or of the face aligned by its landmarks",
    )


def records_of(name, data):
    """Return (path of the records of a set, [what of it is missing]); converts the original files where that is not done yet."""
    path = os.path.join(data, conversion.RECORDS)
    if not os.path.isfile(path):
        if not os.path.isdir(data):
            raise InputError(
                f"{data}: no such folder; put the set there as data_prep/README.md shows it, or name its place with --data"
            )
        conversion.convert_set(name, data)
    summary = files.read_json(
        os.path.join(data, conversion.SUMMARY), f"convert the set again (make data-{name})"
    )
    lost = [
        f"{count} rows gave no record: {reason} (each is named in {os.path.join(data, conversion.DROPPED)})"
        for reason, count in summary["dropped"].items()
    ]
    return path, lost + [f"{name} is not there" for name in summary.get("missing", ())]


def start(name, args, splits=None):
    """Return the Run of a benchmark: its pictures, [(image, [FaceRecord])], of some splits (all for None), and its models.

    Says what of the set is missing and what is measured in spite of it.
    """
    if not args.model:
        raise InputError("--model: give the folder of a fused model (make fuse writes one)")
    used = device.use(args.gpu)
    path, missing = records_of(name, args.data)
    pictures = [
        one
        for one in predictions.records_in(path)
        if splits is None or any(face.split in splits for face in one[1])
    ]
    if not pictures:
        raise InputError(
            f"{args.data}: no picture of {', '.join(splits or ('this set',))}; is the set whole?"
        )
    models = predictions.models_of(args.model, {faces[0].split for _, faces in pictures})
    whole, pictures = len(pictures), [one for one in pictures if one[1][0].split in models]
    if len(pictures) < whole:
        missing.append(
            f"{whole - len(pictures)} pictures are of parts without a model of their own in {args.model}"
        )
    for what in missing:
        print(f"  incomplete: {what}")
    return Run(
        name,
        path,
        args.out or os.path.join(args.model, "eval", name),
        args.data,
        pictures,
        models,
        missing,
        used,
        args,
    )


def predict(run, kind, stage=1, score="aligned", attributes=False, descriptors=False):
    """Return the lines of predictions of a Run, see evaluate.predictions; attributes: of gender and smile alone, as `score` says."""
    choices = dict(
        kind=kind, proposals=run.args.proposals, score=score, stage=stage, attributes=attributes
    )
    settings = predictions.settings_of(run.data, run.models, **choices)
    lines = predictions.predict(
        os.path.join(run.out, kind),
        run.folder,
        run.pictures,
        run.models,
        settings,
        run.args.engine,
        descriptors,
    )
    unreadable = sum("error" in line for line in lines)
    if unreadable:
        run.missing.append(f"{unreadable} pictures cannot be read")
    return lines


def tuned(run):
    """Tell whether each part of a Run has a model of its own, which has not learnt from it."""
    return set(run.models.values()) != {run.args.model}


def about_models(models):
    """Return what results.json says of the models: folders, hashes, and the provenance of the first."""
    folders = sorted(set(models.values()))
    path = os.path.join(folders[0], snapshots.PROVENANCE)
    provenance = files.read_json(path, "fuse again") if os.path.isfile(path) else None
    return dict(
        folders=folders,
        sha256=[files.sha256(snapshots.weights_of(folder)) for folder in folders],
        provenance=provenance,
    )


def worst(entries):
    """Return the WORST of (badness, image, box, text), worst first, as plain types; a picture whose badness is None is none."""
    chosen = sorted((one for one in entries if one[0] is not None), key=lambda one: -one[0])[:WORST]
    return [
        dict(
            image=image,
            box=None if box is None else [round(float(edge), 1) for edge in box],
            text=text,
        )
        for _, image, box, text in chosen
    ]


def finish(run, figures, counts, rules, curves=None, failures=(), deviations=None):
    """Write results.json of a Run and print its table with the rules that decide.

    figures: {name: value} of paper_numbers.FIGURES, NaN for one that nothing in the set gives, which becomes null; counts: {what: number}; curves: {name: {x: [...], y: [...], ...}}; deviations: {figure: standard
    deviation over splits}.
    """
    path = os.path.join(run.out, RESULTS)
    known = {figure.name for figure in paper_numbers.FIGURES[run.name]}
    assert set(figures) <= known, set(figures) - known
    figures = {
        name: None if value is None or np.isnan(value) else float(value)
        for name, value in figures.items()
    }
    files.write_json(
        path,
        dict(
            benchmark=run.name,
            figures=figures,
            deviations=deviations or {},
            counts=counts,
            rules=rules,
            incomplete=run.missing,
            data=os.path.abspath(run.folder),
            records_sha256=files.sha256(run.data),
            model=about_models(run.models),
            curves=curves or {},
            failures=list(failures),
            drawn=os.path.isfile(os.path.join(run.folder, layouts.DRAWN)),
            proposals=run.args.proposals,
            engine=run.args.engine,
            machine=device.machine(run.device),
            date=datetime.date.today().isoformat(),
        ),
    )
    if os.path.isfile(os.path.join(run.folder, layouts.DRAWN)):
        print("\n  This set is drawn: its figures cannot be set beside the paper's.")
    print(
        f"\n{paper_numbers.TITLES[run.name]}; {', '.join(f'{count} {what}' for what, count in counts.items())}"
    )
    print(table(run.name, figures, deviations))
    print("".join(f"  - {rule}\n" for rule in rules) + f"{path}")


def table(name, figures, deviations=None):
    """Return the figures of a benchmark beside the paper's, as text."""
    rows = [("figure", "measured", "the paper's", "better")]
    for figure in paper_numbers.FIGURES[name]:
        if figure.name in figures:
            spread = (
                f" ± {deviations[figure.name]:.3f}" if figure.name in (deviations or {}) else ""
            )
            rows.append(
                (
                    figure.means,
                    figure.show(figures[figure.name]) + spread,
                    figure.show(figure.paper),
                    "higher" if figure.higher else "lower",
                )
            )
    return headline.text_table(rows)
