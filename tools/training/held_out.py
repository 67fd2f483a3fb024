"""Running validation: what a net says of held-out faces while it is trained."""

from __future__ import annotations

import os

from allinone import snapshots
from allinone.pycaffe import caffe
from allinone.tasks import tasks_of
from evaluate import validation
from tools.training import data
from tools.training.settings import Settings


class Validation:
    """The net in its test phase, with the weights of the one that is trained."""

    def __init__(self, solver, settings: Settings) -> None:
        """Count what there is to validate on; the net is made when it is first needed."""
        self.solver, self.net = solver, None
        self.path = os.path.join(settings.out, snapshots.NET)
        self.owners = {}
        for tower in settings.job.towers:
            self.owners.update({task.name: tower for task in tasks_of(tower)})
        self.rows = data.validation_rows(settings.profile, settings.job, settings.databases)
        self.batches = data.validation_batches(settings.profile, settings.job, self.rows)

    def figures(self) -> dict[str, dict[str, float]]:
        """Return {task: {metric: value}}; {} where there is nothing to validate on."""
        if not self.rows:
            return {}
        if self.net is None:
            self.net = caffe.Net(self.path, caffe.TEST)
            self.net.share_with(self.solver.net)
        return validation.measure(self.net, self.owners, self.batches, self.rows)
