"""The one figure per task that stands in tables: which one, its unit, which way is better."""

from dataclasses import dataclass

from allinone import tasks


@dataclass(frozen=True)
class Figure:
    """A task's headline figure in results: results[task][metric]."""

    task: str
    metric: str
    means: str  # for people
    unit: str  # "%": a share from 0 to 1 that is shown in percent; else shown as it is
    higher: bool  # is more better?

    def show(self, results):
        """Return the figure of a results dict as text."""
        value = results[self.task][self.metric]
        return f"{value:.1%}" if self.unit == "%" else f"{value:.1f}{self.unit}"


FIGURES = (
    Figure("detection", "ap50", "average precision at IoU 0.5", "%", True),
    Figure("landmarks", "nme", "mean error of visible points / sqrt(w h) of the box", "%", False),
    Figure("visibility", "accuracy", "points rightly called visible or hidden", "%", True),
    Figure("pose", "yaw_mae", "mean absolute error of yaw", "°", False),
    Figure("smile", "accuracy", "accuracy", "%", True),
    Figure("gender", "accuracy", "accuracy", "%", True),
    Figure("age", "mae", "mean absolute error", " years", False),
    Figure("identity", "auc", "area under ROC, same or different person, unseen people", "%", True),
)
assert [figure.task for figure in FIGURES] == [task.name for task in tasks.TASKS]


def only_headlines(results):
    """Return {task: {metric: value}} of the headline figures alone."""
    return {figure.task: {figure.metric: results[figure.task][figure.metric]} for figure in FIGURES}


def table(results, chance):
    """Return rows of text: task, what it means, measured, chance, which way is better."""
    return [("task", "figure", "measured", "chance", "better")] + [
        (f.task, f.means, f.show(results), f.show(chance), "higher" if f.higher else "lower")
        for f in FIGURES
    ]


def text_table(rows):
    """Return rows as aligned text."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows
    )
