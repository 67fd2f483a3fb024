"""The figures of every benchmark: what each is, the paper's value, and what others had, as its tables II to VI give them.

Values of `paper` are stated in arXiv 1611.00851, in the section or table named. Rows of PEERS are published by the sources named; those marked
RECALLED were written down from memory, and whoever has the tables at hand should check them: the report says so beside them.
"""

from dataclasses import dataclass
from typing import Optional

RECALLED = "from memory"


@dataclass(frozen=True)
class Figure:
    """One figure of a benchmark's results."""

    name: str  # key in results.json
    means: str  # for people
    unit: str  # "%", "years", "°", ""; values of "%" are in percent
    higher: bool  # is more better?
    paper: Optional[float] = None  # the paper's value, in the same unit

    def show(self, value):
        """Return a value as text."""
        if value is None or value != value:
            return "–"
        return (
            f"{value:.2f}{' ' if self.unit.isalpha() else ''}{self.unit}"
            if self.unit
            else f"{value:.3f}"
        )


IJBA = (
    ("tar_at_far_0.001", "TAR at FAR 0.001", 0.787, 0.823),
    ("tar_at_far_0.01", "TAR at FAR 0.01", 0.893, 0.922),
    ("tar_at_far_0.1", "TAR at FAR 0.1", 0.968, 0.976),
    ("tpir_at_fpir_0.01", "TPIR at FPIR 0.01", 0.704, 0.792),
    ("tpir_at_fpir_0.1", "TPIR at FPIR 0.1", 0.836, 0.887),
    ("rank_1", "rank 1", 0.941, 0.947),
    ("rank_5", "rank 5", None, None),
    ("rank_10", "rank 10", 0.988, 0.988),
)
FIGURES = dict(
    afw=(
        Figure(
            "ap_refined", "detection: average precision, boxes refined (face-eval)", "%", True, 98.5
        ),
        Figure("ap_plain", "detection: average precision, boxes as they are", "%", True),
        Figure("ap_refined_new", "the same by the toolbox's newer annotations, refined", "%", True),
        Figure("ap_plain_new", "and as they are", "%", True),
        Figure(
            "landmarks_under_5",
            "landmarks: faces with a mean error under 5 % of the face",
            "%",
            True,
            95.5,
        ),
        Figure(
            "landmarks_under_5_large",
            "landmarks: the same, of faces of at least 150 pixels",
            "%",
            True,
        ),
        Figure("nme", "landmarks: mean error / mean of the box's width and height", "%", False),
        Figure("yaw_within_15", "pose: yaw, rounded to 15°, at most 15° off", "%", True, 99.0),
        Figure("yaw_within_15_large", "pose: the same, of faces of at least 150 pixels", "%", True),
    ),
    pascal=(
        Figure("ap_refined", "average precision, boxes refined (face-eval)", "%", True, 95.01),
        Figure("ap_plain", "average precision, boxes as they are", "%", True),
    ),
    fddb=(
        Figure("disc_at_500", "discrete true positive rate at 500 false positives", "%", True),
        Figure("disc_at_1000", "the same at 1,000", "%", True),
        Figure("disc_at_2000", "the same at 2,000", "%", True),
        Figure("cont_at_1000", "continuous true positive rate at 1,000 false positives", "%", True),
    ),
    aflw=(
        Figure("nme_0_30", "mean error / sqrt(w h) of the box, |yaw| 0-30°", "%", False, 2.84),
        Figure("nme_30_60", "mean error, |yaw| 30-60°", "%", False, 2.94),
        Figure("nme_60_90", "mean error, |yaw| 60-90°", "%", False, 3.09),
        Figure("nme_mean", "mean over the three bins", "%", False, 2.96),
        Figure("nme_std", "standard deviation over the three bins", "%", False, 0.13),
        Figure("failures_10", "faces with an error above 10 %", "%", False),
        Figure("visibility", "points rightly called visible or hidden", "%", True),
        *(
            Figure(f"{angle}_mae", f"mean absolute error of {angle}", "°", False)
            for angle in ("roll", "pitch", "yaw")
        ),
    ),
    celeba=(Figure("gender", "gender", "%", True, 99.0), Figure("smile", "smile", "%", True, 93.0)),
    fotw=(Figure("gender", "gender", "%", True, 93.12), Figure("smile", "smile", "%", True, 90.83)),
    lap2015=(
        Figure("epsilon", "mean epsilon error", "", False, 0.293),
        Figure("mae", "mean absolute error", "years", False),
    ),
    fgnet=(
        Figure("mae", "mean absolute error", "years", False, 2.00),
        Figure("mae_people", "the same, mean over people", "years", False),
    ),
    ijba=(
        *(
            Figure(f"cosine_{key}", f"cosine: {means}", "", True, value)
            for key, means, value, _ in IJBA
        ),
        *(Figure(f"tpe_{key}", f"TPE: {means}", "", True, value) for key, means, _, value in IJBA),
    ),
    lfw=(
        Figure("accuracy", "accuracy, mean over 10 folds", "%", True),
        Figure("accuracy_std", "its standard deviation over folds", "%", False),
        Figure("auc", "area under ROC", "%", True),
    ),
)

TITLES = dict(
    afw="AFW: detection, landmarks, pose",
    pascal="PASCAL faces: detection",
    fddb="FDDB: detection",
    aflw="AFLW: landmarks",
    celeba="CelebA: gender and smile",
    fotw="Faces of the World: gender and smile",
    lap2015="ChaLearn LAP 2015: apparent age",
    fgnet="FG-NET: age",
    ijba="IJB-A: verification and identification",
    lfw="LFW: verification (not in the paper)",
)
WHERE = dict(
    afw="sections IV-A to IV-C, figures 6 and 7",
    pascal="section IV-A, figure 6",
    fddb="section IV-A, figure 6",
    aflw="section IV-B, table II",
    celeba="section IV-D",
    fotw="section IV-D",
    lap2015="section IV-E",
    fgnet="section IV-E",
    ijba="section IV-F, table V",
    lfw="",
)

# {benchmark: [(method, {figure: value}, source)]}
PEERS = dict(
    aflw=[
        (
            name,
            dict(zip(("nme_0_30", "nme_30_60", "nme_60_90", "nme_mean", "nme_std"), values)),
            f"arXiv 1603.01249, table of AFLW, {RECALLED}",
        )
        for name, *values in (
            ("RCPR", 5.43, 6.58, 11.53, 7.85, 3.24),
            ("ESR", 5.66, 7.12, 11.94, 8.24, 3.29),
            ("SDM", 4.75, 5.55, 9.34, 6.55, 2.45),
            ("3DDFA", 5.00, 5.06, 6.74, 5.60, 0.99),
            ("3DDFA + SDM", 4.75, 4.83, 6.38, 5.32, 0.92),
            ("HyperFace", 3.93, 4.14, 4.71, 4.26, 0.41),
        )
    ],
    celeba=[
        (name, dict(gender=gender, smile=smile), f"Liu et al. 2015, table of CelebA, {RECALLED}")
        for name, gender, smile in (
            ("FaceTracer", 91.0, 89.0),
            ("PANDA-w", 93.0, 89.0),
            ("PANDA-l", 97.0, 92.0),
            ("LNets + ANet", 98.0, 92.0),
        )
    ],
    lap2015=[("people", dict(epsilon=0.34), "arXiv 1611.00851, section IV-E")],
    fotw=[
        (
            name,
            dict(gender=gender, smile=smile),
            f"Escalera et al. 2016, on the test part, {RECALLED}",
        )
        for name, gender, smile in (
            ("SIAT MMLAB", 92.69, 85.83),
            ("IVA NLPR", 91.52, 82.52),
            ("VISI.CRIM", 90.16, 82.12),
            ("SMILELAB NEU", 89.99, 79.71),
        )
    ],
)
RUNTIME = dict(
    image=3.5, stage2=0.1, machine="8 CPU cores and a TITAN X", where="section IV-G"
)  # seconds
