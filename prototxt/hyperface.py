"""The baseline that the paper compares with: HyperFace (arXiv 1603.01249), AlexNet fused, five tasks from regions alone."""

from allinone import profiles, tasks
from prototxt import backbone, heads


def add_outputs(tower, data, profile):
    """Add AlexNet, the fusion and the five heads on a data blob; return {task name: raw output}.

    Widths are those of profiles.HYPERFACE, whatever the profile's own are.
    """
    sizes = profiles.HYPERFACE[profile.name]
    backbone.alexnet(tower, data, sizes)
    fc_full = heads.fusion(tower, sizes)
    return {
        task.name: heads.independent(tower, task, fc_full, sizes)
        for task in tasks.tasks_of(tasks.HYPERFACE)
    }
