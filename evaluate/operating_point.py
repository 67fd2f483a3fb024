"""Find the score from which on a model's detections are right often enough; keep it with the model.

    python -m evaluate.operating_point --model out/real/model \\
        --records data/real/composites_val/records.jsonl --precision 0.995
    python -m evaluate.operating_point --model out/paper/model --run out/paper/joint

The scenes must be such that the model has not learnt from, and that nothing is reported on: those
of some records, or those that its run is validated on. On photographs a model is less often right
than on composed scenes, so that more is asked for here than is hoped for there. The score stands in
the model's model.json, that of fast proposals beside that of all other ways. Where a run has no
such scenes, one that was measured before stays, as that of the model whose detection was taken;
else, and where none of its scores will do, it is 0.5.
"""

import sys

from allinone import arguments, device, files, model, model_writing
from allinone.errors import InputError, command
from allinone.searching import FAST, NEEDED, SELECTIVE_SEARCH
from evaluate import operating_score, photographs

ENGINE = "opencv"  # on a CPU
PRECISION = 0.95  # our choice


def parse(argv):
    """Return the command's arguments."""
    parser = arguments.Parser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, help="folder of the fused model")
    parser.add_argument("--records", help="records of scenes with faces")
    parser.add_argument(
        "--run",
        action="append",
        help="a run that the model was fused from: the scenes that it is validated on; may be "
        "repeated",
    )
    parser.add_argument(
        "--precision",
        type=arguments.Real(least=0),
        default=PRECISION,
        help="least share of detections that must be faces, default %(default)s",
    )
    parser.add_argument("--gpu", default="", help="GPU number; empty: CPU")
    return parser.parse_args(argv)


def keep(args, proposals, choice, **source):
    """Write the score that was chosen for a way to look for faces into the model; print it."""
    before, point = model.open_model(args.model).score_of(proposals), choice.point
    found_by = dict(**source, precision=point.precision, recall=point.recall)
    model_writing.set_score(args.model, point.score, own(proposals), **found_by)
    print(
        f"{args.model}, {proposals}: score {point.score:g} (before: {before:g}), where "
        f"{point.precision:.1%} of the detections are faces, and {point.recall:.1%} of "
        f"{choice.counted.faces} faces of {photographs.LEAST_FACE} pixels and more are found"
    )


def own(proposals):
    """Return the way that a score stands for, "" for all that have none of their own."""
    return FAST if proposals == FAST else ""


def by_run(args, proposals, engine):
    """Choose the score by what the runs are validated on; 0.5 where that tells nothing."""
    from evaluate import validation  # here: where Caffe is missing, that is a sentence

    folder = validation.scenes_of(args.run)
    why = f"{', '.join(args.run)}: no validation data with faces"
    if folder:
        try:
            choice = operating_score.of_database(
                args.model, folder, args.precision, engine, args.gpu, proposals
            )
        except operating_score.NothingFits as error:
            why = str(error)
        else:
            keep(args, proposals, choice, database=folder)
            return
    about = model.read_about(args.model)
    score, score_from = about.score, about.score_from
    if own(proposals):
        score, score_from = about.scores.get(proposals), about.scores_from.get(proposals)
    if not folder and score_from:  # of the model that its detection comes from
        print(f"{args.model}, {proposals}: score {score:g} stays as it was measured, since {why}")
        return
    model_writing.set_score(args.model, operating_score.UNMEASURED, own(proposals))
    print(f"{args.model}, {proposals}: score {operating_score.UNMEASURED} is used, since {why}")


@command
def main(argv=None):
    """Run the command."""
    args = parse(argv)
    args.run = arguments.several(args.run or [])
    if bool(args.records) == bool(args.run):
        raise InputError("give either --records or --run")
    opened = model.open_model(args.model)
    if args.gpu:
        device.use(args.gpu)
    engine = "caffe" if args.gpu else ENGINE
    for proposals in ways_of(opened):
        if args.run:
            by_run(args, proposals, engine)
            continue
        choice = operating_score.of_records(
            args.model, args.records, args.precision, engine, args.gpu, proposals
        )
        keep(args, proposals, choice, records=files.sha256(args.records))


def ways_of(opened):
    """Return the ways to look for faces that a model has nets for; selective search without any."""
    ways = [way for way, names in NEEDED.items() if opened.has(names[1])]
    return ways or [SELECTIVE_SEARCH]


if __name__ == "__main__":
    sys.exit(main())
