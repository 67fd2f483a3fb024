"""Figures and curves of other methods for the report, from files in the folder peers of a set.

AFW and PASCAL faces: detections in any format of face_eval; FDDB: <method>DiscROC.txt and
<method>ContROC.txt, as its program writes them. Curves of every other kind are files of two
numbers a line, x and y, in a folder of their own: peers/landmarks/<method>.txt (AFW, AFLW),
peers/yaw/<method>.txt (AFW), peers/roc/<method>.txt (IJB-A, LFW).
"""

from __future__ import annotations

import glob
import os
from typing import Optional

import numpy as np

from allinone.errors import InputError
from evaluate import curves, detection_files, face_eval
from evaluate.benchmark import OtherCurves, Peer, PeerFiles
from evaluate.curves import Kind

FOLDER = "peers"


def _files(data: str, *parts: str) -> list[str]:
    return sorted(glob.glob(os.path.join(glob.escape(data), FOLDER, *parts)))


def precision_recall(
    data: str, annotations: str, suffix: str = ""
) -> tuple[list[Peer], OtherCurves]:
    """Return (rows, [(method, curve)]) of the detections in peers, by a file of face-eval.

    data: folder of the set; annotations: the file's name in it; suffix: of the figures' names.
    """
    rows, found = [], []
    path, some = os.path.join(data, annotations), _files(data, "*.*")
    truth = face_eval.read_annotations(path) if os.path.isfile(path) and some else {}
    for path in some if truth else ():
        method, ending = os.path.splitext(os.path.basename(path))
        if ending.lower() in detection_files.READERS:
            figures, points = face_eval.assess(detection_files.read(path), truth)
            found.append((method, curves.precision_recall(*points, figures["ap_refined"])))
            values = {f"{name}{suffix}": figures[name] for name in face_eval.PRECISIONS}
            source = f"its detections in {FOLDER}, by our evaluation"
            rows.append(Peer(method, values, source))
    return rows, found


def points(data: str, folder: str, kind: Kind, at: Optional[float] = None) -> OtherCurves:
    """Return [(method, curve)] of the files peers/<folder>/<method>.txt, x and y in each line.

    at: where a share is read off for the legend; None: no share is shown.
    """
    found = []
    for path in _files(data, folder, "*.txt"):
        rows = _numbers(path, "must hold two numbers in each line, x and y of a curve")
        rows = rows[np.argsort(rows[:, 0], kind="stable")]
        value = None if at is None else 100 * float(np.interp(at, rows[:, 0], rows[:, 1]))
        method = os.path.splitext(os.path.basename(path))[0]
        found.append((method, curves.curve(rows[:, 0], rows[:, 1], kind, value)))
    return found


def roc(data: str) -> tuple[list[Peer], OtherCurves]:
    """Return (no rows, [(method, curve)]) of FDDB's curves in peers, discrete and continuous."""
    found = []
    for ending, kind in (("DiscROC.txt", curves.DISCRETE), ("ContROC.txt", curves.CONTINUOUS)):
        for path in _files(data, f"*{ending}"):
            mend = "must hold a rate and a number of false positives in each line"
            rows = _numbers(path, mend)
            rows = rows[np.argsort(rows[:, 1], kind="stable")]
            method = os.path.basename(path)[: -len(ending)].rstrip("-_ ")
            allowed = rows[rows[:, 1] <= curves.FALSE_POSITIVES, 0]
            value = 100 * float(allowed.max(initial=0))
            found.append((method, curves.curve(rows[:, 1], rows[:, 0], kind, value)))
    return [], found


def _numbers(path: str, mend: str) -> np.ndarray:
    """Return the first two numbers of each line of a file (n, 2)."""
    try:
        rows = np.loadtxt(path, ndmin=2, usecols=(0, 1))
    except (ValueError, IndexError) as error:
        raise InputError(f"{path}: {mend} ({error})") from None
    if not len(rows):
        raise InputError(f"{path}: {mend}; it is empty")
    bad = np.flatnonzero(~np.isfinite(rows).all(axis=1))
    if len(bad):
        raise InputError(f"{path}: {mend}; row {bad[0] + 1} holds no finite ones")
    return rows


def curves_alone(folder: str, kind: Kind, at: Optional[float] = None) -> PeerFiles:
    """Return the function of a Benchmark that reads curves of one kind, and no figures."""

    def peer_files(data: str) -> tuple[list[Peer], OtherCurves]:
        return [], points(data, folder, kind, at)

    return peer_files
