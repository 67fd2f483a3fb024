"""Work on many items on the workers of a dask cluster: results in the items' order, memory flat.

dask's scheduler hands out the work, and gives what a dead worker had to another. The workers need
the same kit as this process, and see the same files: a path that is relative is so to the folder in
which this process works.
"""

from __future__ import annotations

import asyncio
import collections
import concurrent.futures
import contextlib
import functools
import logging
import os
import pickle
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import cv2

from allinone import closure
from allinone.errors import InputError
from allinone.parallel import AHEAD, CONFIGURED, is_cluster

PATIENCE = 20.0  # our choice: seconds until somebody must answer, or be there to work
LEAVING = 2.0  # our choice: seconds until a scheduler that says nothing any more is left
KEPT = "run the same command again, what is finished is kept"
TIMEOUTS = (asyncio.TimeoutError, concurrent.futures.TimeoutError, TimeoutError)
CANCELLED = (asyncio.CancelledError, concurrent.futures.CancelledError)


class Job(NamedTuple):
    """What a worker must know beside the items."""

    work: bytes  # pickled
    module: str  # that has the work
    code: str  # hash of all that the work depends on
    folder: str  # to which paths are relative


# ---- On a worker.
@functools.lru_cache(maxsize=1)
def _loaded(work: bytes) -> Callable:
    """Return the work, the same one for the chunks of a command, which opens its model once."""
    return pickle.loads(work)


@functools.cache
def _own_code(module: str) -> str:
    return closure.hash_of([module])


class _Folder:
    """The working directory of a process, which threads use for one command at a time."""

    def __init__(self) -> None:
        self.turn, self.users, self.before = threading.Condition(), 0, ""

    @contextlib.contextmanager
    def used(self, folder: str) -> Iterator[None]:
        with self.turn:
            while self.users and os.getcwd() != folder:
                self.turn.wait()
            if not self.users:
                self.before = os.getcwd()
                os.chdir(folder)
            self.users += 1
        try:
            yield
        finally:
            with self.turn:
                self.users -= 1
                if not self.users:
                    os.chdir(self.before)
                    self.turn.notify_all()


_folder = _Folder()


def do(call: bytes) -> list:
    """Return the results of some items, on a worker; call: (Job, items), pickled."""
    job, items = pickle.loads(call)
    if _own_code(job.module) != job.code:
        raise InputError(
            f"dask: the kit of a worker ({closure.ROOT}) is another than that of the command; "
            "install the same one and start the worker again"
        )
    if not os.path.isdir(job.folder):
        raise InputError(
            f"dask: a worker has no folder {job.folder}, in which the command was started; start "
            "it in a folder that all machines share"
        )
    cv2.setNumThreads(1)
    with _folder.used(os.path.realpath(job.folder)):
        return list(_loaded(job.work)(items))


# ---- Here.
def _distributed():
    try:
        import distributed  # only who has a cluster needs it
    except ImportError as error:
        raise InputError(f"dask: {error}; pip install distributed") from None
    return distributed


def _address(given: str) -> str:
    """Return the address of a scheduler; InputError where none is given or configured."""
    if not is_cluster(given):
        raise InputError(f"dask: {given!r} is no address of a scheduler, such as tcp://host:8786")
    if given != CONFIGURED:
        return given
    import dask  # has come with distributed

    address = dask.config.get("scheduler-address", None)
    if not address:
        raise InputError(
            "dask: its configuration has no scheduler-address; set it there, or give an address, "
            "such as tcp://host:8786"
        )
    return address


@contextlib.contextmanager
def _connected(distributed, address: str) -> Iterator[Any]:
    """Connect to a scheduler; InputError where there is none, or nobody works for it."""
    # What matters is a sentence; tornado tells of callbacks that an interrupt has cut off.
    for name in ("distributed", "distributed.client", "tornado.application"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        client = distributed.Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError, *TIMEOUTS) as error:
        raise InputError(
            f"dask: no scheduler answers at {address} ({error}); start one (dask scheduler), or "
            "mend the address"
        ) from None
    try:
        with contextlib.suppress(*TIMEOUTS):
            client.wait_for_workers(1, timeout=PATIENCE)
        _refuse_nobody(client, address)
        yield client
    finally:
        client.close(timeout=LEAVING)


def _gone(address: str) -> InputError:
    return InputError(f"dask: the scheduler at {address} has gone; start it again, then {KEPT}")


def _threads(client, address: str) -> int:
    """Return how many threads the workers have now, all together."""
    try:
        return sum(client.nthreads().values())
    except (*CANCELLED, *TIMEOUTS, OSError):
        raise _gone(address) from None


def _refuse_nobody(client, address: str) -> None:
    if not _threads(client, address):
        raise InputError(
            f"dask: nobody works for {address}; start some (dask worker {address}), then {KEPT}"
        )


def _result(distributed, client, address: str, future) -> list:
    """Return the results of a chunk; InputError where nobody works on it any more."""
    while True:
        try:
            return future.result(timeout=PATIENCE)
        except distributed.scheduler.KilledWorker as error:
            raise InputError(
                f"dask: one worker after another has died at the same part (is the memory full?): "
                f"{error.task}; look into the workers' logs, then {KEPT}"
            ) from None
        except ImportError as error:
            raise InputError(
                f"dask: a worker cannot import the kit ({error}); install it where the workers "
                "are, and start them again"
            ) from None
        except TIMEOUTS:
            if not future.done():
                _refuse_nobody(client, address)
        except (*CANCELLED, OSError):
            if future.status == "error":  # of the work itself
                raise
            raise _gone(address) from None


def _on_worker() -> Callable[[bytes], list]:
    """Return what calls `do`: made here, it is sent as a whole, and the scheduler needs no kit."""

    def call(pickled):
        from allinone import cluster

        return cluster.do(pickled)

    return call


def in_order(
    work: Callable[[list], Iterable], chunks: Iterable[list], address: str
) -> Iterator[tuple[Any, Any]]:
    """Yield (item, result) for the items of every chunk; work(chunk) returns their results.

    work must be importable by name, on the workers too. address: of a scheduler, or CONFIGURED.
    Chunks are taken from their source only as results are asked for: AHEAD for each thread are
    under way at most. InputError where scheduler or workers are missing, or have another kit.
    """
    address, distributed = _address(address), _distributed()
    module = getattr(work, "func", work).__module__  # func: of functools.partial
    job = Job(pickle.dumps(work), module, closure.hash_of([module]), os.getcwd())
    under_way: collections.deque = collections.deque()
    with _connected(distributed, address) as client:
        try:
            for some in chunks:
                call = pickle.dumps((job, some))
                under_way.append((some, client.submit(_on_worker(), call, pure=False)))
                while len(under_way) >= AHEAD * max(1, _threads(client, address)):
                    items, future = under_way.popleft()
                    yield from zip(items, _result(distributed, client, address, future))
            while under_way:
                items, future = under_way.popleft()
                yield from zip(items, _result(distributed, client, address, future))
        finally:
            with contextlib.suppress(*CANCELLED, *TIMEOUTS, OSError):  # it may have gone
                client.cancel([future for _, future in under_way])
