"""Closed-set and open-set identification of anybody's scores.

    python -m evaluate.identification --scores scores.hdf5 --threshold 0.5 --json

The file has two matrices with a row for each probe: one whose name holds "neg", scores of other people, and one whose name holds "pos", scores of mates.
What a probe lacks is NaN; a probe without any mate counts for the false alarm rate alone.
"""

import argparse
import json
import os
import sys

import h5py
import numpy as np

from allinone.errors import InputError, command
from evaluate import metrics


def read_probes(path):
    """Return [(scores of others, scores of mates)] of an HDF5 file; InputError where it is none or has another form."""
    if not os.path.isfile(path):
        raise InputError(f"{path}: no such file of scores")
    try:
        with h5py.File(path, "r") as data:
            found = {}
            for kind in ("neg", "pos"):
                names = [
                    name
                    for name in data
                    if kind in name.lower() and isinstance(data[name], h5py.Dataset)
                ]
                if len(names) != 1:
                    raise InputError(
                        f"{path}: must have one dataset whose name holds '{kind}', has {names or 'none'} among {', '.join(data)}"
                    )
                found[kind] = np.asarray(data[names[0]][...], np.float64)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: no HDF5 file of numbers ({error})") from None
    if any(scores.ndim != 2 for scores in found.values()) or len(found["neg"]) != len(found["pos"]):
        raise InputError(
            f"{path}: both must be matrices with a row for each probe, are {found['neg'].shape} and {found['pos'].shape}"
        )
    known = lambda row: row[np.isfinite(row)]
    return [
        (known(negatives), known(positives))
        for negatives, positives in zip(found["neg"], found["pos"])
    ]


def measure(probes, threshold):
    """Return {rank_1, detection_identification_rate, false_alarm_rate, probes, probes_without_mate}; a rate that no probe has is None."""
    ranks = [metrics.mate_rank(*probe) for probe in probes if len(probe[1])]
    rates = dict(
        rank_1=metrics.cmc(ranks, 1)[0] if ranks else np.nan,
        detection_identification_rate=metrics.detection_identification_rate(probes, threshold),
        false_alarm_rate=metrics.false_alarm_rate(
            [probe for probe in probes if len(probe[0])], threshold
        ),
    )
    return dict(
        {name: None if np.isnan(rate) else rate for name, rate in rates.items()},
        probes=len(probes),
        probes_without_mate=len(probes) - len(ranks),
    )


@command
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scores", required=True, help="HDF5 file of scores")
    parser.add_argument(
        "--threshold", type=float, required=True, help="least score of somebody who is recognised"
    )
    parser.add_argument("--json", action="store_true", help="print nothing but one line of JSON")
    args = parser.parse_args(argv)
    found = measure(read_probes(args.scores), args.threshold)
    if args.json:
        print(json.dumps(found))
    else:
        print(
            "\n".join(
                f"  {name.replace('_', ' ')}: {'no such probe' if value is None else value}"
                for name, value in found.items()
            )
        )


if __name__ == "__main__":
    sys.exit(main())
