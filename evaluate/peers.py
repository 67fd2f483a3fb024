"""Figures and curves of other methods for the report, from files in the folder peers of a set.

AFW and PASCAL faces: detections in any format of face_eval; FDDB: <method>DiscROC.txt and
<method>ContROC.txt, as its program writes them.
"""

from __future__ import annotations

import glob
import os
from typing import Any

import numpy as np

from allinone.errors import InputError
from evaluate import curves, detection_files, face_eval
from evaluate.benchmark import Peer

FOLDER = "peers"


def _files(data: str, ending: str = "") -> list[str]:
    return sorted(glob.glob(os.path.join(glob.escape(data), FOLDER, f"*{ending}")))


def precision_recall(
    data: str, annotations: str, suffix: str = ""
) -> tuple[list[Peer], dict[str, Any]]:
    """Return (rows, {method: curve}) of the detections in peers, by a file of face-eval.

    data: folder of the set; annotations: the file's name in it; suffix: of the figures' names.
    """
    rows, found = [], {}
    path = os.path.join(data, annotations)
    truth = face_eval.read_annotations(path) if os.path.isfile(path) and _files(data) else {}
    for path in _files(data) if truth else ():
        method, ending = os.path.splitext(os.path.basename(path))
        if ending.lower() in detection_files.READERS:
            figures, (recall, precision) = face_eval.assess(detection_files.read(path), truth)
            found[method] = dict(x=curves.thin(recall), y=curves.thin(precision))
            values = {f"{name}{suffix}": figures[name] for name in ("ap_plain", "ap_refined")}
            source = f"its detections in {FOLDER}, by our evaluation"
            rows.append(Peer(method, values, source))
    return rows, found


def roc(data: str, ending: str = "DiscROC.txt") -> tuple[list[Peer], dict[str, Any]]:
    """Return (no rows, {method: curve}) of FDDB's curves in peers."""
    found = {}
    for path in _files(data, ending):
        try:
            points = np.loadtxt(path, ndmin=2, usecols=(0, 1))
        except ValueError as error:
            raise InputError(
                f"{path}: must hold a rate and a number of false positives in each line ({error})"
            ) from None
        points = points[np.argsort(points[:, 1], kind="stable")]
        method = os.path.basename(path)[: -len(ending)].rstrip("-_ ")
        found[method] = dict(x=curves.thin(points[:, 1]), y=curves.thin(points[:, 0]))
    return [], found
