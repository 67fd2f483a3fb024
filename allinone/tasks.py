"""The table of tasks: everything that the network says of a face. Every other module reads it.

A task is a row here and nothing else: records, results, training nets, validation, tables, CSV,
drawings and contact sheets loop over TASKS. Sources: arXiv 1611.00851 (the paper) and arXiv
1603.01249 (HyperFace); what neither states is marked as our choice.
"""

from __future__ import annotations

from dataclasses import dataclass

# Kinds: what the numbers of a task mean.
PROBABILITY = "probability"  # a softmax over two classes; the answer is the probability of class 1
NUMBER = "number"  # one number in units of its own
POINTS = "points"  # the 21 landmarks
VISIBILITY = "visibility"  # of each landmark, 0 hidden to 1 seen
ANGLES = "angles"  # roll, pitch and yaw
DESCRIPTOR = "descriptor"  # the identity descriptor, learnt by classifying people
OFFSETS = "offsets"  # of a face's box from a window (allinone.windows)

# Heads: where a task's layers stand in the network (figure 3).
INDEPENDENT = "independent"  # on the fused conv1, conv3 and conv5: subject-independent tasks
ATTRIBUTE = "attribute"  # three fully connected layers on the pooled conv6
IDENTITY = "identity"  # conv7, fc6, fc7


@dataclass(frozen=True)
class Figure:
    """The one figure that says how good a task is done."""

    metric: str  # its key in results: results[task][metric]
    means: str  # for people
    unit: str  # "%": a share from 0 to 1 that is shown in percent; else shown as it is
    higher: bool  # True where more is better

    def show(self, value: float) -> str:
        """Return a value as text."""
        return f"{value:.1%}" if self.unit == "%" else f"{value:.1f}{self.unit}"


ACCURACY = Figure("accuracy", "accuracy", "%", True)


@dataclass(frozen=True)
class Task:
    """One thing that the network says of a face."""

    name: str
    tower: str  # the sub-network that learns it
    stage: int  # 1: on region proposals, 2: on the aligned face (section III-D)
    head: str  # INDEPENDENT, ATTRIBUTE or IDENTITY
    kind: str  # PROBABILITY, NUMBER, POINTS, VISIBILITY, ANGLES or DESCRIPTOR
    size: int  # numbers for each face
    loss: str  # softmax, euclidean (masked) or age (eq. 6)
    weight: float  # in eq. 8
    figure: Figure  # in tables
    label: str = ""  # field of a record that holds the truth; "": the name
    field: str = ""  # field of a result that holds the answer; "": the name
    output: str = ""  # blob of the deploy net; "": the name
    words: tuple[str, ...] = ()  # PROBABILITY: class 0 and class 1, for people
    unit: str = ""  # NUMBER: for people
    validation: Figure | None = None  # figure of a running training, where it is another one
    factor: float = 1.0  # euclidean: what the squared error of a row is multiplied with

    def __post_init__(self) -> None:
        """Fill in the names that follow from the task's own."""
        for name in ("label", "field", "output"):
            object.__setattr__(self, name, getattr(self, name) or self.name)
        object.__setattr__(self, "validation", self.validation or self.figure)

    def answer_in_words(self, value: float) -> str:
        """Return an answer for people: "female 97%", "33 years"; a PROBABILITY or a NUMBER."""
        if self.kind == NUMBER:
            return f"{value:.0f} {self.unit}".rstrip()
        return f"{self.words[value >= 0.5]} {max(value, 1 - value):.0%}"

    def label_in_words(self, value: float) -> str:
        """Return a label for people: "female", "33 years", "person 17"."""
        if self.kind == NUMBER:
            return f"{value:.0f} {self.unit}".rstrip()
        if self.kind == DESCRIPTOR:
            return f"person {value}"
        return self.words[int(value)]


# Weights of eq. 8: detection, landmarks, visibility, pose and gender as in HyperFace; smile and
# identity 1 are our choice; age: our choice, 1 / AGE_SCALE^2, which gives its gradient at the last
# layer the size of the others'. Factors: 1/(2N), 1/N with N = 21, and 1/3, as in HyperFace.
AGE_SCALE, AGE_CENTER = 20.0, 40.0  # the age layer gives AGE_CENTER + AGE_SCALE * (its last fc)
TASKS: tuple[Task, ...] = (
    Task(
        name="detection",
        tower="det",
        stage=1,
        head=INDEPENDENT,
        kind=PROBABILITY,
        size=2,
        loss="softmax",
        weight=1.0,
        figure=Figure("ap50", "average precision at IoU 0.5", "%", True),
        validation=ACCURACY,
        label="box",
        field="score",
        words=("no face", "face"),
    ),
    Task(
        name="landmarks",
        tower="det",
        stage=1,
        head=INDEPENDENT,
        kind=POINTS,
        size=42,
        loss="euclidean",
        factor=1 / 42,
        weight=5.0,
        figure=Figure("nme", "mean error of visible points / sqrt(w h) of the box", "%", False),
    ),
    Task(
        name="visibility",
        tower="det",
        stage=1,
        head=INDEPENDENT,
        kind=VISIBILITY,
        size=21,
        loss="euclidean",
        factor=1 / 21,
        weight=0.5,
        figure=Figure("accuracy", "points rightly called visible or hidden", "%", True),
    ),
    Task(
        name="pose",
        tower="det",
        stage=1,
        head=INDEPENDENT,
        kind=ANGLES,
        size=3,
        loss="euclidean",
        factor=1 / 3,
        weight=5.0,
        figure=Figure("yaw_mae", "mean absolute error of yaw", "°", False),
    ),
    Task(
        name="smile",
        tower="smile",
        stage=2,
        head=INDEPENDENT,
        kind=PROBABILITY,
        size=2,
        loss="softmax",
        weight=1.0,
        figure=ACCURACY,
        words=("no smile", "smile"),
    ),
    Task(
        name="gender",
        tower="gender",
        stage=2,
        head=ATTRIBUTE,
        kind=PROBABILITY,
        size=2,
        loss="softmax",
        weight=2.0,
        figure=ACCURACY,
        words=("male", "female"),
    ),
    Task(
        name="age",
        tower="age",
        stage=2,
        head=ATTRIBUTE,
        kind=NUMBER,
        size=1,
        loss="age",
        weight=1 / AGE_SCALE**2,
        figure=Figure("mae", "mean absolute error", " years", False),
        unit="years",
    ),
    Task(
        name="identity",
        tower="id",
        stage=2,
        head=IDENTITY,
        kind=DESCRIPTOR,
        size=512,
        loss="softmax",
        weight=1.0,
        figure=Figure("auc", "area under ROC, same or different person, unseen people", "%", True),
        field="descriptor",
        output="descriptor",
    ),
)
BY_NAME: dict[str, Task] = {task.name: task for task in TASKS}
TOWERS: tuple[str, ...] = tuple(dict.fromkeys(task.tower for task in TASKS))
REGION_TOWER = "det"  # the tower that learns from regions of pictures
ALIGNED_TOWERS: tuple[str, ...] = tuple(tower for tower in TOWERS if tower != REGION_TOWER)

# The baseline that the paper compares with (HyperFace, figure 3) is a tower of its own. It shares
# no weight with the others and learns five tasks from regions alone.
HYPERFACE = "hyperface"
HYPERFACE_TASKS = ("detection", "landmarks", "visibility", "pose", "gender")

# What learns from another net's descriptors: a job of the identity tower, and its database.
DISTILL = "distill"

# The proposal net and the screening net are our addition, towers of their own too: they tell
# windows that show a face from those that show none, so that stage 1 need not look everywhere. The
# first looks at all of a picture, the second closer at what the first takes for faces. What they
# say is no answer about a face, so that their tasks stand in no table.
PROPOSAL, SCREEN = "proposal", "screen"
WINDOW_NETS = (PROPOSAL, SCREEN)
PROPOSAL_TASKS: tuple[Task, ...] = (
    Task(
        name="face",
        tower=PROPOSAL,
        stage=0,
        head=PROPOSAL,
        kind=PROBABILITY,
        size=2,
        loss="softmax",
        weight=1.0,
        figure=ACCURACY,
        words=("no face", "face"),
    ),
    Task(
        name="offsets",
        tower=PROPOSAL,
        stage=0,
        head=PROPOSAL,
        kind=OFFSETS,
        size=4,
        loss="euclidean",
        factor=1 / 4,
        weight=5.0,  # our choice: as the landmarks, which are shares of the region's size too
        figure=Figure("iou", "mean IoU with the face's box", "%", True),
    ),
)
# All that some net learns, by name.
LEARNT: dict[str, Task] = {**BY_NAME, **{task.name: task for task in PROPOSAL_TASKS}}

# Region sampling (section III-C1): an IoU with the face above POSITIVE is a face, under NEGATIVE is
# none, between is ignored by the detection loss; landmarks, visibility and pose learn from every
# region above REGRESS.
POSITIVE_IOU, NEGATIVE_IOU, REGRESS_IOU = 0.5, 0.35, 0.35

AGE_SIGMA = 3.0  # years, where a label has none (section III-C4)
# our choice: what eq. 6's Gaussian term is multiplied by, 36. As printed, its gradient at sigma 3
# is 15 times smaller than the Euclidean one 3 years off the truth, 36 times at 5, 2,300 at 10.
# Under profile paper's SGD it moves a tower that is 5 years off by a thirtieth of what it moved
# before the switch (tests/python_layers/test_age_learning.py). With 4 sigma^2 both pull equally at
# 1.67 sigma = 5 years, about the error that nets switch with; sigma^2 would leave a quarter there.
# One weight for all faces, not each face's own sigma^2: eq. 6 then still trusts a label the more,
# the smaller its sigma is. The paper, too, weights regressions up for their low losses (III-C).
AGE_GAUSSIAN_WEIGHT = 4 * AGE_SIGMA**2


def tasks_of(tower: str) -> list[Task]:
    """Return the tasks that a tower learns, in the table's order."""
    if tower == HYPERFACE:
        return [BY_NAME[name] for name in HYPERFACE_TASKS]
    if tower in WINDOW_NETS:
        return list(PROPOSAL_TASKS)
    return [task for task in TASKS if task.tower == tower]


def aligned_task(tower: str) -> Task:
    """Return the one task that a tower of aligned faces learns."""
    (task,) = tasks_of(tower)
    return task


def of_stage(stage: int) -> list[Task]:
    """Return the tasks of stage 1 or 2."""
    return [task for task in TASKS if task.stage == stage]
