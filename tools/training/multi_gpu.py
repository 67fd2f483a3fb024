"""One process for each GPU, joined by NCCL, as Caffe's own python/train.py does it."""

from __future__ import annotations

from allinone.device import parse_gpus
from allinone.errors import InputError
from allinone.pycaffe import caffe

NAME_BYTES = 128  # of an NCCL connection: ncclUniqueId
MEND = "give one number, or build a Caffe that can: make caffe-gpu"


def refuse_without_nccl(gpus: str) -> None:
    """Raise InputError where several GPUs are asked for and this Caffe has no NCCL."""
    if len(parse_gpus(gpus)) > 1 and not getattr(caffe, "has_nccl", bool)():
        raise InputError(
            f"GPU={gpus}: this Caffe was built without NCCL, so training runs on one GPU; {MEND}"
        )


class Meeting:
    """What the processes have in common: the name of their NCCL connection."""

    def __init__(self, gpus: str) -> None:
        """Make the name; InputError where Caffe gives a part of it alone."""
        self.uid = caffe.NCCL.new_uid()
        if len(self.uid) != NAME_BYTES:  # as BVLC's on Python 3: it ends at the first zero
            raise InputError(
                f"GPU={gpus}: this Caffe cuts off the name by which NCCL joins processes, so "
                f"training runs on one GPU; {MEND}"
            )

    def connect(self, solver, rank: int):
        """Link a solver to those of the other processes; keep what is returned.

        All have the first one's weights now, and average their gradients from now on.
        """
        link = caffe.NCCL(solver, self.uid)
        link.bcast()
        solver.add_callback(link)
        return link
