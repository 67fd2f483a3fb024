"""What CelebA and Faces of the World have in common: gender and smile (section IV-D)."""

from __future__ import annotations

from collections.abc import Sequence

from allinone import tasks
from allinone.record import FaceRecord
from evaluate import answers, curves, metrics, predictions
from evaluate.benchmark import Measured
from evaluate.run import Run, worst

TASKS = (tasks.BY_NAME["gender"], tasks.BY_NAME["smile"])
SCORE_OF = "gender and smile"
RULES = (
    "a face is female, or smiles, where its score is at least 0.5; faces without the label do not "
    "count",
)
Pairs = Sequence[tuple[FaceRecord, FaceRecord]]  # (annotated face, prediction)


def measure(run: Run) -> Measured:
    """Measure gender and smile of a model."""
    rules, names = [f"scores: {run.options.score}"], [task.name for task in TASKS]
    if run.is_of_regions("gender"):  # HyperFace, table III
        said = run.predict(answers.FACES, stage=1, needs=names)
        rules.append(
            "gender: of stage 1, on the regions as they are, as HyperFace has it; no smile"
        )
    else:
        said = run.predict(answers.FACES, stage=2, attributes=True, needs=names)
    pairs = predictions.pair_up(run.pictures, said)
    figures, counts = figures_of(pairs)
    return Measured(
        figures=figures,
        counts=counts,
        rules=rules,
        curves=reliability_of(pairs),
        failures=failures(pairs),
    )


def figures_of(pairs: Pairs) -> tuple[dict[str, float], dict[str, int]]:
    """Return ({figure: percent}, {count}); what no face has, or no answer, is left out."""
    figures, counts = {}, {}
    for task in TASKS:
        known = [one for one in pairs if is_known(task, *one)]
        if known:
            truth = [getattr(face, task.label) for face, _ in known]
            guess = [getattr(found, task.field) >= 0.5 for _, found in known]
            figures[task.name] = 100 * metrics.accuracy(guess, truth)
            counts[f"faces with {task.name}"] = len(known)
    return figures, counts


def reliability_of(pairs: Pairs) -> dict[str, dict]:
    """Return {name: the reliability diagram} of what faces have, and an answer."""
    diagrams = {}
    for task in TASKS:
        known = [one for one in pairs if is_known(task, *one)]
        if known:
            said = [getattr(found, task.field) for _, found in known]
            truth = [getattr(face, task.label) for face, _ in known]
            diagrams[curves.reliability_name(task)] = curves.reliability(task, said, truth)
    return diagrams


def is_known(task: tasks.Task, face: FaceRecord, found: FaceRecord) -> bool:
    """Tell whether a face has the label of a task, and its prediction the answer."""
    return getattr(face, task.label) is not None and getattr(found, task.field) is not None


def failures(pairs: Pairs) -> list[dict]:
    """Return the faces that are wrong with the greatest certainty."""
    entries = []
    for face, found in pairs:
        for task in TASKS:
            label, answer = getattr(face, task.label), getattr(found, task.field)
            if is_known(task, face, found) and abs(answer - label) > 0.5:
                text = f"{task.answer_in_words(answer)}, is {task.label_in_words(label)}"
                entries.append((abs(answer - label), face.image, face.box, text))
    return worst(entries)
