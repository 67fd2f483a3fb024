"""How tests start tools.analyze, and read what it leaves."""

from allinone import record

COMMAND = "tools.analyze"


def with_model(chain, out, *more):
    """Return the options of an analysis with the chain's model, by Caffe."""
    return ["--model", chain / "model", "--out", out, "--engine", "caffe", *more]


def faces_in(folder):
    """Return the records that an analysis has left in a folder."""
    return list(record.read_results(str(folder / "faces.jsonl")))
