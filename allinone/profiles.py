"""The sizes of a network and of its training: the paper's, and two small ones of the same shape."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from allinone.tasks import AGE_SCALE, WINDOW_NETS, Task

USUAL_BATCH = 16  # our choice: pictures of a mini-batch for a tower that a profile does not name
# How far apart the eye centres of an aligned face are, as a share of its side, unless a profile, a
# database or a model says otherwise (allinone/align.py); the least and the largest share.
EYES, LEAST_EYES, MOST_EYES = 0.238, 0.15, 0.6


@dataclass(frozen=True)
class Profile:
    """Sizes of a network and of its training."""

    name: str
    input_size: int  # pixels, square
    conv: tuple[int, ...]  # maps of conv1 to conv7
    fuse: tuple[int, int]  # maps of conv1a, conv3a
    conv_all: int  # maps after the 1x1 reduction of the fused maps
    fc_full: int
    head: int  # the fc of each subject-independent task
    attribute: tuple[int, int]  # the two hidden fc of age and of gender
    identity: tuple[int, int]  # fc6, fc7 (the descriptor)
    identities: int  # classes of fc8 in the committed files
    dropout: float  # share of the units of hidden layers, in all sub-networks but those below
    batch: dict[str, int]  # images (det, hyperface: regions) of each tower in a mini-batch
    weights: dict[str, float] = field(default_factory=dict)  # tasks whose weight in eq. 8 differs
    erasing: float = 0.0  # share of aligned faces that lose a rectangle in training
    without_dropout: tuple[str, ...] = ()  # sub-networks that have no dropout
    eyes: float = EYES  # how far apart eye centres of aligned faces are, as a share of the side

    def weight(self, task: Task) -> float:
        """Return the weight of a task in eq. 8."""
        return self.weights.get(task.name, task.weight)

    def dropout_of(self, tower: str) -> float:
        """Return the share of the units of a sub-network's hidden layers that training drops."""
        without = (*self.without_dropout, *WINDOW_NETS)
        return 0.0 if tower in without else self.dropout

    def batch_of(self, tower: str) -> int:
        """Return how many pictures of a tower are in a mini-batch."""
        return self.batch.get(tower, USUAL_BATCH)


PAPER = Profile(
    name="paper",
    input_size=227,
    conv=(96, 256, 384, 384, 512, 512, 512),
    fuse=(256, 256),
    conv_all=256,
    fc_full=2048,
    head=512,
    attribute=(1024, 512),
    identity=(1024, 512),
    identities=10548,
    dropout=0.5,  # our choice: the paper does not mention any
    # our choice: none where numbers are learnt (landmarks, visibility, pose, age), twice in series
    # before each of them. Of a net trained with it, 2,000 iterations without took age from 7.65 to
    # 7.04 years, landmarks from 4.4 to 4.1 %, yaw from 6.5 to 6.1 degrees; with it ages were drawn
    # to their mean (docs/training_notes.md). The baseline learns the same numbers and has none.
    without_dropout=("det", "age", "hyperface"),
    # our choice, not stated: 192 aligned faces by the sizes of the towers' data (Table I:
    # smile 182,637; gender, of four sets, 953,441; age, of three, 299,818; identity 490,356), so
    # that 200,000 joint iterations are about 20 epochs of each. With 32, 32, 32 and 96 they were
    # 35, 7, 21 and 39: the largest data were seen least. det: 16 pictures of 4 regions, about 157
    # epochs of AFLW, whose regions are drawn anew each time.
    batch=dict(det=64, smile=18, gender=94, age=30, id=50, hyperface=128),
)

# our choice: the paper's topology at a sixth to a quarter of the width and half the input, so that
# two CPU cores train it in minutes; 115 gives 3x3 maps on all three fusion branches. Batches and
# the weight of the age are the ones with which all eight tasks learn within its few iterations.
TINY = Profile(
    name="tiny",
    input_size=115,
    conv=(16, 32, 64, 64, 96, 96, 96),
    fuse=(32, 32),
    conv_all=64,
    fc_full=256,
    head=96,
    attribute=(96, 64),
    identity=(192, 512),
    identities=1000,
    dropout=0.0,
    batch=dict(det=36, smile=20, gender=18, age=22, id=16, hyperface=36),
    weights=dict(age=2 / AGE_SCALE**2),
)

# our choice: tiny with twice the maps and units, as wide as 16 MB of weights allow, for the model
# that the kit ships (docs/training_notes.md). Gender and age learn slowest from photographs and
# have most of each mini-batch, age more weight too; dropout and erasing keep the net from learning
# a few thousand portraits by heart.
SMALL = replace(
    TINY,
    name="small",
    conv=tuple(2 * maps for maps in TINY.conv),
    fuse=(64, 64),
    conv_all=128,
    fc_full=512,
    head=192,
    attribute=(192, 128),
    identity=(384, 512),
    dropout=0.3,
    erasing=0.5,
    batch=dict(det=16, smile=14, gender=32, age=48, id=8, hyperface=36),
    weights=dict(age=4 / AGE_SCALE**2),
)

PROFILES: dict[str, Profile] = {profile.name: profile for profile in (PAPER, TINY, SMALL)}


def with_eyes(name: str, eyes: float | None) -> Profile:
    """Return a profile with eye centres so far apart in aligned faces, None for its own."""
    profile = PROFILES[name]
    return profile if eyes is None else replace(profile, eyes=eyes)


# Sizes of the baseline HyperFace: AlexNet's five convolutions with max1, conv3 and pool5 fused.
HYPERFACE: dict[str, Profile] = {
    "paper": replace(PAPER, conv=(96, 256, 384, 384, 256), conv_all=192, fc_full=3072),
    "tiny": replace(TINY, conv=(16, 32, 64, 64, 64), conv_all=48, fc_full=384),
    "small": replace(SMALL, conv=(32, 64, 128, 128, 128), conv_all=96, fc_full=768),
}
