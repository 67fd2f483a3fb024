"""Tables V and VI of the paper: what it and others reach on IJB-A, mean and deviation over splits.

Rows are written as the paper prints them, "0.787(0.04)": shares from 0 to 1, their deviations in
brackets, "-" where the paper prints none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Optional

from evaluate.benchmark import Figure, Peer, Pipeline

# Key of a figure, and for people; rank 5 is not in the paper.
COLUMNS = (
    ("tar_at_far_0.001", "TAR at FAR 0.001"),
    ("tar_at_far_0.01", "TAR at FAR 0.01"),
    ("tar_at_far_0.1", "TAR at FAR 0.1"),
    ("tpir_at_fpir_0.01", "TPIR at FPIR 0.01"),
    ("tpir_at_fpir_0.1", "TPIR at FPIR 0.1"),
    ("rank_1", "rank 1"),
    ("rank_5", "rank 5"),
    ("rank_10", "rank 10"),
)
TABLE_V = tuple(key for key, _ in COLUMNS if key != "rank_5")
TABLE_VI = ("tar_at_far_0.01", "rank_1")

COSINE, TPE = "cosine", "tpe"
OURS = {
    COSINE: "0.787(0.04) 0.893(0.01) 0.968(0.006) 0.704(0.04) 0.836(0.014) 0.941(0.008) "
    "0.988(0.003)",
    TPE: "0.823(0.02) 0.922(0.01) 0.976(0.004) 0.792(0.02) 0.887(0.014) 0.947(0.008) 0.988(0.003)",
}
OTHERS = {
    "GOTS": "0.2(0.008) 0.41(0.014) 0.63(0.023) 0.047(0.02) 0.235(0.03) 0.443(0.02) -",
    "VGG-Face": "0.604(0.06) 0.805(0.03) 0.937(0.01) 0.46(0.07) 0.67(0.03) 0.913(0.01) "
    "0.981(0.005)",
    "Chen et al.": "- 0.838(0.042) 0.967(0.009) - - 0.903(0.012) 0.977(0.007)",
    "Masi et al.": "0.725 0.886 - - - 0.906 0.977",
    "NAN": "0.785(0.03) 0.897(0.01) 0.959(0.005) - - - -",
    "Sankaranarayanan et al. w/o TPE": "0.766(0.02) 0.871(0.01) 0.952(0.005) 0.67(0.05) "
    "0.82(0.013) 0.925(0.01) 0.978(0.005)",
    "Sankaranarayanan et al.": "0.813(0.02) 0.90(0.01) 0.964(0.005) 0.753(0.03) 0.863(0.014) "
    "0.932(0.01) 0.977(0.005)",
    "Crosswhite et al.": "- 0.939(0.013) - 0.774(0.049) 0.882(0.016) 0.928(0.01) 0.986(0.003)",
}
PAPERS = "the paper's"
GIVEN_BOXES = "the protocol's boxes"  # in which landmarks are found; nothing is detected
# Detection, alignment, descriptor, metric learning, figures.
SYSTEMS = (
    ("DP2MFD", "LDDR", "Chen et al.", "Joint Bayesian", "0.776(0.033) 0.834(0.017)"),
    ("HyperFace", "HyperFace", "Sankaranarayanan et al.", "cosine", "0.871(0.01) 0.925(0.01)"),
    ("HyperFace", "HyperFace", "Sankaranarayanan et al.", "TPE", "0.90(0.01) 0.932(0.01)"),
    ("HyperFace", "HyperFace", PAPERS, "cosine", "0.889(0.01) 0.939(0.01)"),
    (PAPERS, PAPERS, PAPERS, "cosine", "0.893(0.01) 0.941(0.008)"),
    (PAPERS, PAPERS, PAPERS, "TPE", "0.922(0.01) 0.947(0.008)"),
)


def _read(keys: Sequence[str], row: str) -> dict[str, tuple[float, Optional[float]]]:
    """Return {figure: (value, deviation or None)} of a row, "-" left out."""
    found = {}
    for key, cell in zip(keys, row.split()):
        match = re.fullmatch(r"([\d.]+)(?:\(([\d.]+)\))?", cell)
        if match:
            value, deviation = match.groups()
            found[key] = (float(value), None if deviation is None else float(deviation))
    return found


def _apart(keys: Sequence[str], row: str) -> tuple[Mapping[str, float], Mapping[str, float]]:
    """Return ({figure: value}, {figure: deviation}) of a row."""
    found = _read(keys, row)
    spread = {key: deviation for key, (_, deviation) in found.items() if deviation is not None}
    return {key: value for key, (value, _) in found.items()}, spread


def figures() -> tuple[Figure, ...]:
    """Return the benchmark's figures, by cosine and by TPE, with the paper's values."""
    found = []
    for kind, word in ((COSINE, "cosine"), (TPE, "TPE")):
        paper = _read(TABLE_V, OURS[kind])
        for key, means in COLUMNS:
            value = paper.get(key, (None, None))
            found.append(Figure(f"{kind}_{key}", f"{word}: {means}", "", True, *value))
    return tuple(found)


def columns() -> tuple[Figure, ...]:
    """Return what others' figures are, whatever they compare descriptors by."""
    return tuple(Figure(key, means, "", True) for key, means in COLUMNS if key in TABLE_V)


def peers() -> tuple[Peer, ...]:
    """Return the rows of table V."""
    rows = []
    for method, row in OTHERS.items():
        values, spread = _apart(TABLE_V, row)
        rows.append(Peer(method, values, "table V", spread))
    return tuple(rows)


def pipelines() -> tuple[Pipeline, ...]:
    """Return the rows of table VI."""
    return tuple(Pipeline(*stages, *_apart(TABLE_VI, row)) for *stages, row in SYSTEMS)


def own_pipelines(found: Mapping[str, Any]) -> list[Pipeline]:
    """Return the systems that a results.json is about: a row for each metric that was measured."""
    describes = found["model"]["folders"]
    stage1 = found["model"].get("stage1")
    finds = stage1["folders"] if stage1 else describes
    systems = []
    for kind, word in ((COSINE, "cosine"), (TPE, "TPE")):
        values, spread = {}, {}
        for key in TABLE_VI:
            name = f"{kind}_{key}"
            if found["figures"].get(name) is not None:
                values[key] = found["figures"][name]
                spread[key] = found["deviations"].get(name)
        if values:
            models = ", ".join(finds), ", ".join(describes)
            systems.append(Pipeline(GIVEN_BOXES, *models, word, values, spread))
    return systems
