"""One process for each GPU, joined by NCCL, as Caffe's own python/train.py does it."""

from __future__ import annotations

from allinone.device import parse_gpus
from allinone.errors import InputError
from allinone.pycaffe import caffe


def refuse_without_nccl(gpus: str) -> None:
    """Raise InputError where several GPUs are asked for and this Caffe has no NCCL."""
    if len(parse_gpus(gpus)) > 1 and not getattr(caffe, "has_nccl", bool)():
        raise InputError(
            f"GPU={gpus}: this Caffe was built without NCCL, so training runs on one GPU; give one "
            "number, or build Caffe with USE_NCCL := 1"
        )


class Meeting:
    """What the processes have in common: the name of their NCCL connection."""

    def __init__(self) -> None:
        """Make the name."""
        self.uid = caffe.NCCL.new_uid()

    def connect(self, solver, rank: int):
        """Link a solver to those of the other processes; keep what is returned.

        All have the first one's weights now, and average their gradients from now on.
        """
        link = caffe.NCCL(solver, self.uid)
        link.bcast()
        solver.add_callback(link)
        if solver.param.layer_wise_reduce:
            solver.net.after_backward(link)
        return link
