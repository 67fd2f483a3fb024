"""The tops of the data layers, from the table of tasks: what they are called and how wide they are.

The first top is always `data`, the pictures; labels follow.
"""

from allinone import tasks

REGION_TOWERS = (tasks.REGION_TOWER, tasks.HYPERFACE)  # sub-networks that learn from regions
WINDOWS_OF_A_PICTURE = 16  # our choice: what a net of windows learns of each of a mini-batch


def database_of(tower):
    """Return the name of a sub-network's database.

    HyperFace and the nets of windows learn from the detection tower's.
    """
    return tasks.REGION_TOWER if tower in (*REGION_TOWERS, *tasks.WINDOW_NETS) else tower


def region_regressions():
    """Return the tasks of regions whose label comes with a mask, each (n, task.size)."""
    return [task for task in tasks.tasks_of(tasks.REGION_TOWER) if task.loss == "euclidean"]


def region_classes():
    """Return the tasks of regions, detection apart, whose label is a class (n,).

    Those of the detection tower come first; after them what HyperFace alone learns from regions.
    """
    own = tasks.tasks_of(tasks.REGION_TOWER)
    others = [task for task in tasks.tasks_of(tasks.HYPERFACE) if task not in own]
    return [
        task for task in own + others if task.kind == tasks.PROBABILITY and task.name != "detection"
    ]


def labels_of(tower):
    """Return {task name: names of its label tops} of a sub-network, in the order of the tops."""
    if tower in tasks.WINDOW_NETS:
        return dict(face=("label",), offsets=("offsets_label", "offsets_mask"))
    if tower not in REGION_TOWERS:
        task = tasks.aligned_task(tower)
        return {task.name: ("label", "sigma") if task.loss == "age" else ("label",)}
    labels = {"detection": ("label",)}
    for task in region_regressions():
        labels[task.name] = (f"{task.name}_label", f"{task.name}_mask")
    for task in region_classes():
        if task.tower == tower or tower == tasks.HYPERFACE:
            labels[task.name] = (f"{task.name}_label",)
    return labels


def aligned_shapes(rows, side, numbers=0):
    """Return the shapes of FaceData's tops: data, label and, for the age alone, sigma.

    numbers: of a teacher's descriptor, where the label is one; else 0.
    """
    label = (rows, numbers) if numbers else (rows,)
    return [(rows, 3, side, side), label, (rows,)]


def region_shapes(rows, side):
    """Return the shapes of all tops that RegionData can have."""
    shapes = [(rows, 3, side, side), (rows,)]
    for task in region_regressions():
        shapes += [(rows, task.size), (rows, task.size)]
    return shapes + [(rows,) for _ in region_classes()]


def window_shapes(rows, side):
    """Return the shapes of the tops of a net of windows: data, label, offsets and their mask."""
    return [(rows, 3, side, side), (rows,), (rows, 4), (rows, 4)]
