"""Curves of other methods for the report, from result files that stand in the folder peers of a set.

AFW and PASCAL faces: detections in any format of face_eval; FDDB: <method>DiscROC.txt and <method>ContROC.txt, as its program writes them.
"""

import glob
import os

import numpy as np

from allinone.errors import InputError
from evaluate import detection, face_eval

FOLDER = "peers"


def _name(path, ending=""):
    return (
        os.path.basename(path)[: -len(ending) or None].rstrip("-_ ")
        if ending
        else os.path.splitext(os.path.basename(path))[0]
    )


def precision_recall(data, annotations):
    """Return {method: (curve, {ap_plain, ap_refined})} of the detections in peers, by an annotation file of face-eval."""
    found = {}
    for path in sorted(glob.glob(os.path.join(glob.escape(data), FOLDER, "*"))):
        if os.path.splitext(path)[1].lower() in face_eval.READERS:
            figures, (recall, precision) = face_eval.assess(
                face_eval.read_detections(path), annotations
            )
            found[_name(path)] = (
                dict(x=detection.thin(recall), y=detection.thin(precision)),
                {name: figures[name] for name in ("ap_plain", "ap_refined")},
            )
    return found


def roc(data, ending="DiscROC.txt"):
    """Return {method: curve} of FDDB's curves in peers."""
    found = {}
    for path in sorted(glob.glob(os.path.join(glob.escape(data), FOLDER, f"*{ending}"))):
        try:
            points = np.loadtxt(path, ndmin=2, usecols=(0, 1))
        except ValueError as error:
            raise InputError(
                f"{path}: must hold a rate and a number of false positives in each line ({error})"
            ) from None
        points = points[np.argsort(points[:, 1], kind="stable")]
        found[_name(path, ending)] = dict(
            x=detection.thin(points[:, 1]), y=detection.thin(points[:, 0])
        )
    return found
