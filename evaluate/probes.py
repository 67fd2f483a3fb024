"""Closed-set and open-set identification by a file of scores.

The HDF5 file has two matrices with a row for each probe: one whose name holds "neg", scores of
other people, and one whose name holds "pos", scores of mates. What a probe lacks is NaN; a probe
without any mate counts for the false alarm rate alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import h5py
import numpy as np

from allinone import hdf5
from allinone.errors import InputError
from evaluate import metrics

LARGEST = 1 << 34  # our choice: bytes of a matrix; IJB-C's are far smaller
Probe = tuple[np.ndarray, np.ndarray]  # (scores of others, scores of mates)


def read(path: str) -> list[Probe]:
    """Return the probes of a file; InputError where it is none or has another form."""
    with hdf5.opened(path, "give an HDF5 file of scores") as data:
        negatives, positives = _matrix(path, data, "neg"), _matrix(path, data, "pos")
    if negatives.ndim != 2 or positives.ndim != 2 or len(negatives) != len(positives):
        raise InputError(
            f"{path}: both must be matrices with a row for each probe, are {negatives.shape} and "
            f"{positives.shape}"
        )
    for name, scores in (("neg", negatives), ("pos", positives)):
        rows = np.flatnonzero(np.isinf(scores).any(axis=1))
        if len(rows):
            raise InputError(
                f"{path}: row {rows[0] + 1} of '{name}' has an infinite score; write NaN where a "
                "probe has no score"
            )
    return [(_known(others), _known(mates)) for others, mates in zip(negatives, positives)]


def _matrix(path, data, kind):
    """Return the one dataset whose name holds `kind`."""
    found = []
    for name, one in data.items():
        if kind in name.lower() and isinstance(one, h5py.Dataset):
            found.append(name)
    if len(found) != 1:
        raise InputError(
            f"{path}: must have one dataset whose name holds '{kind}', has {found or 'none'} "
            f"among {', '.join(data)}"
        )
    if data[found[0]].nbytes > LARGEST:
        raise ValueError(f"'{found[0]}' takes {data[found[0]].nbytes:.1e} bytes")
    return np.asarray(data[found[0]][...], np.float64)


def _known(row):
    return row[~np.isnan(row)]


def measure(probes: Sequence[Probe], threshold: float) -> dict[str, Any]:
    """Return the rates of probes, and how many there are; a rate that no probe has is None.

    rank_1: of the probes with a mate; detection_identification_rate: those of them whose mate is
    first and scores at least the threshold; false_alarm_rate: of the probes without a mate.
    """
    ranks = [metrics.mate_rank(*probe) for probe in probes if len(probe[1])]
    with_others = [probe for probe in probes if len(probe[0])]
    rates = dict(
        rank_1=metrics.cmc(ranks, 1)[0] if ranks else np.nan,
        detection_identification_rate=metrics.detection_identification_rate(probes, threshold),
        false_alarm_rate=metrics.false_alarm_rate(with_others, threshold),
    )
    return dict(
        {name: None if np.isnan(rate) else rate for name, rate in rates.items()},
        probes=len(probes),
        probes_without_mate=len(probes) - len(ranks),
    )
