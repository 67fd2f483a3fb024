"""The one table: eight tasks, five towers, three network profiles. Everybody reads it.

Sources: arXiv 1611.00851 (the paper), arXiv 1603.01249 (HyperFace). What neither states is marked as our choice.
"""
from dataclasses import dataclass, replace
from typing import Dict, Optional, Tuple


@dataclass(frozen=True)
class Task:
    """One thing the network says of a face."""
    name: str
    tower: str                    # the sub-network that learns it
    stage: int                    # 1: on proposals, 2: on the aligned face (section III-D)
    output: str                   # blob of the deploy net
    size: int                     # numbers per face
    loss: str                     # softmax | landmarks | visibility | pose | age
    weight: float                 # in eq. 8


# Weights of eq. 8: detection, landmarks, visibility, pose and gender as in HyperFace; smile and identity 1 are
# our choice; age: our choice, 1 / AGE_SCALE^2, which gives its gradient at the last layer the size of the others'.
AGE_SCALE, AGE_CENTER = 20.0, 40.0   # years: the age layer gives AGE_CENTER + AGE_SCALE * (output of its last fc)
TASKS = (
    Task("detection", "det", 1, "detection", 2, "softmax", 1.0),
    Task("landmarks", "det", 1, "landmarks", 42, "landmarks", 5.0),
    Task("visibility", "det", 1, "visibility", 21, "visibility", 0.5),
    Task("pose", "det", 1, "pose", 3, "pose", 5.0),
    Task("smile", "smile", 2, "smile", 2, "softmax", 1.0),
    Task("gender", "gender", 2, "gender", 2, "softmax", 2.0),
    Task("age", "age", 2, "age", 1, "age", 1 / AGE_SCALE ** 2),
    Task("identity", "id", 2, "descriptor", 512, "softmax", 1.0),
)
TOWERS = ("det", "smile", "gender", "age", "id")
ALIGNED_TOWERS = TOWERS[1:]
BY_NAME = {task.name: task for task in TASKS}

# Which parts of which set a tower learns from (Table I; that Adience gives no gender and who gives gender at all is from memory):
# all of it for None. AFLW without its test pictures, CelebA without its test part; 993,153 faces.
TRAINING_SETS = dict(
    det=dict(aflw=("train",)), smile=dict(celeba=("train", "val")),
    gender=dict(casia=None, morph=None, imdb=None, wiki=None, celeba=("train", "val")),
    age=dict(morph=None, imdb=None, wiki=None, adience=None), id=dict(casia=None))
# our choice: what a running validation looks at, parts that no tower learns from
VALIDATION_SETS = dict(det=dict(aflw=("test", "test_landmarks")), smile=dict(celeba=("test",)), gender=dict(celeba=("test",)),
                       age=dict(fgnet=None), id=dict(lfw=None))

# Region sampling (section III-C1): IoU with the face above POSITIVE is a face, under NEGATIVE is none, between is
# ignored by the detection loss; landmarks, visibility and pose learn from every region above REGRESS.
POSITIVE_IOU, NEGATIVE_IOU, REGRESS_IOU = 0.5, 0.35, 0.35

AGE_SIGMA = 3.0                # years, where a label has none (section III-C4)


@dataclass(frozen=True)
class Profile:
    """Sizes of a network and of its training."""
    name: str
    input_size: int                       # pixels, square
    conv: Tuple[int, ...]                 # maps of conv1 to conv7
    fuse: Tuple[int, int]                 # maps of conv1a, conv3a
    conv_all: int                         # maps after the 1x1 reduction of the fused maps
    fc_full: int
    head: int                             # the fc of each subject-independent task
    attribute: Tuple[int, int]            # the two hidden fc of age and of gender
    identity: Tuple[int, int]             # fc6, fc7 (the descriptor)
    identities: int                       # classes of fc8 in the committed files
    dropout: float
    batch: Dict[str, int]                 # images (det, hyperface: regions) of each tower in a mini-batch
    weights: Optional[Dict[str, float]] = None   # tasks whose weight differs from TASKS
    erasing: float = 0.0                  # share of aligned faces that lose a rectangle in training

    def weight(self, task):
        """Return the weight of a task in eq. 8."""
        return (self.weights or {}).get(task.name, task.weight)


PAPER = Profile(
    name="paper", input_size=227, conv=(96, 256, 384, 384, 512, 512, 512), fuse=(256, 256), conv_all=256,
    fc_full=2048, head=512, attribute=(1024, 512), identity=(1024, 512), identities=10548,
    dropout=0.5,                           # our choice: the paper does not mention any
    # our choice: not stated; the identity tower has half of all images (Table I)
    batch=dict(det=64, smile=32, gender=32, age=32, id=96, hyperface=128))

# our choice: the paper's topology at a sixth to a quarter of the width and half the input, so that two CPU cores train it
# in minutes; 115 gives 3x3 maps on all three fusion branches. Batches and the weight of the age are the ones with
# which all eight tasks learn within its few iterations.
MINI = Profile(
    name="mini", input_size=115, conv=(16, 32, 64, 64, 96, 96, 96), fuse=(32, 32), conv_all=64, fc_full=256, head=96,
    attribute=(96, 64), identity=(192, 512), identities=1000, dropout=0.0,
    batch=dict(det=36, smile=20, gender=18, age=22, id=16, hyperface=36), weights=dict(age=2 / AGE_SCALE ** 2))

# our choice: mini with twice the maps and units, as wide as 16 MB of weights allow, for the model that the kit ships
# (docs/training_notes.md). Gender and age learn slowest from photographs and have most of each mini-batch, age more weight too;
# dropout and erasing keep the net from learning a few thousand portraits by heart.
WIDE = replace(
    MINI, name="wide", conv=tuple(2 * maps for maps in MINI.conv), fuse=(64, 64), conv_all=128, fc_full=512, head=192,
    attribute=(192, 128), identity=(384, 512), dropout=0.3, erasing=0.5,
    batch=dict(det=16, smile=14, gender=32, age=48, id=8, hyperface=36), weights=dict(age=4 / AGE_SCALE ** 2))

PROFILES = {profile.name: profile for profile in (PAPER, MINI, WIDE)}

# The baseline that the paper compares with (HyperFace, figure 3): AlexNet's five convolutions with max1, conv3 and pool5
# fused, and five tasks learnt from regions alone. It is no sub-network of ours: it shares nothing.
HYPERFACE_TASKS = ("detection", "landmarks", "visibility", "pose", "gender")
HYPERFACE = {
    "paper": replace(PAPER, conv=(96, 256, 384, 384, 256), conv_all=192, fc_full=3072),
    "mini": replace(MINI, conv=(16, 32, 64, 64, 64), conv_all=48, fc_full=384),
    "wide": replace(WIDE, conv=(32, 64, 128, 128, 128), conv_all=96, fc_full=768),
}
