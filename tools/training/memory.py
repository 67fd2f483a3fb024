"""The memory that a training run needs at least, so that it is refused before Caffe aborts."""

from __future__ import annotations

import math
import os

from allinone import net_text, nets
from allinone.errors import InputError
from allinone.nets import GIB, NUMBER
from prototxt import deploy
from tools.training.settings import Settings

MOST = 256 * GIB  # our choice: of a run on GPUs, whose memory we do not ask for
COPIES = 2  # of a blob: values and gradients
OF_WEIGHTS = 4  # the same, and the history of the solver, which Adam keeps twice
LARGEST = 2**31 - 1  # numbers that a blob of Caffe can have


def check(settings: Settings) -> None:
    """Raise InputError where a mini-batch cannot be held."""
    needed = 0
    for tower in settings.job.towers:
        text = str(deploy.bare_net(settings.profile, (tower,)))
        shapes = nets.of_message(net_text.parse(text.encode(), tower), tower).shapes()
        rows = settings.job.batch_of(tower, settings.profile)
        largest = rows * max(map(math.prod, shapes.blobs.values()))
        if largest > LARGEST:
            raise InputError(
                f"--batch: {rows} pictures at once for tower {tower} give a blob of {largest} "
                f"numbers, more than Caffe's {LARGEST}; lower --batch, --iter-size makes up for it"
            )
        needed += COPIES * NUMBER * rows * shapes.picture + OF_WEIGHTS * NUMBER * shapes.weights
    needed *= 1 if settings.gpu else settings.processes
    most = MOST if settings.gpu else machine_memory()
    if needed > most:
        raise InputError(
            f"--batch: such mini-batches need {needed / GIB:.0f} GiB of memory at least, there are "
            f"{most / GIB:.0f}; lower --batch, --iter-size makes up for it"
        )


def machine_memory() -> int:
    """Return the bytes of this machine's memory."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
