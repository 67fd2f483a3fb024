"""A cluster of dask on this machine, for tests."""

import contextlib
import os

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
WORKERS = 2


@contextlib.contextmanager
def started_in(folder, distributed):
    """Give a cluster of two processes of one thread each, which see the kit and start in a folder.

    distributed: the package.
    """
    with distributed.LocalCluster(
        n_workers=WORKERS,
        threads_per_worker=1,
        dashboard_address=":0",
        local_directory=str(folder),
        env={"PYTHONPATH": ROOT},
        silence_logs=50,  # CRITICAL: tests kill workers
    ) as cluster:
        yield cluster


def worker_pids(cluster):
    """Return the numbers of the processes that work now; one that was killed is started anew."""
    return [worker.pid for worker in cluster.workers.values() if worker.pid]
