"""What CelebA and Faces of the World have in common: accuracy of gender and smile (section IV-D)."""

from evaluate import benchmark, metrics, predictions

RULES = (
    "a face is female, or smiles, where its score is at least 0.5; faces without the label do not count",
)


def measure(pairs):
    """Return ({figure: percent}, {count}) of [(FaceRecord, prediction)]; a label that no face has is left out."""
    figures, counts = {}, {}
    for task in ("gender", "smile"):
        known = [
            (getattr(face, task), found[task] >= 0.5)
            for face, found in pairs
            if getattr(face, task) is not None
        ]
        if known:
            truth, guess = zip(*known)
            figures[task], counts[f"faces with {task}"] = (
                100 * metrics.accuracy(guess, truth),
                len(known),
            )
    return figures, counts


def failures(pairs):
    """Return the faces that are wrong with the greatest certainty."""
    names = dict(gender=("male", "female"), smile=("not smiling", "smiling"))
    return benchmark.worst(
        (
            abs(found[task] - getattr(face, task))
            if abs(found[task] - getattr(face, task)) > 0.5
            else None,
            face.image,
            face.box,
            f"{names[task][int(found[task] >= 0.5)]} ({found[task]:.2f}), is {names[task][getattr(face, task)]}",
        )
        for face, found in pairs
        for task in names
        if getattr(face, task) is not None
    )


def evaluate(name, description, splits, argv):
    """Run the benchmark of that name on some splits."""
    parser = benchmark.parser_of(name, description)
    benchmark.add_score(parser, "mean-regions", "gender and smile")
    args = parser.parse_args(argv)
    run = benchmark.start(name, args, splits)
    lines = benchmark.predict(run, "faces", 2, args.score, attributes=True)
    pairs = predictions.pair_up(run.pictures, lines)
    figures, counts = measure(pairs)
    benchmark.finish(
        run, figures, counts, RULES + (f"scores: {args.score}",), failures=failures(pairs)
    )
