"""Run a command of the kit as users start it: in a forked child, or in a process of its own.

The parent has imported what is heavy, so that a child starts in milliseconds. A child is the leader
of its own process group; what it leaves behind ends with it.
"""

from __future__ import annotations

import ast
import contextlib
import ctypes
import gc
import glob
import importlib
import os
import resource
import runpy
import select
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Sequence

from allinone import closure
from tools.fuzzing.case import Finished

LIMIT_S = 120  # our choice: a command on small input that computes for longer hangs,
IDLE_S = 20  # and so does one that has taken as long and does not compute for this time
MEMORY = 6 << 30  # our choice: bytes that a process may allocate
# Of Linux: what lets root read and write whatever it likes, and how to give it up.
RIGHTS_OF_ROOT = (1, 2)  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
CAPABILITY_VERSION, DROP = 0x20080522, 24  # _LINUX_CAPABILITY_VERSION_3, PR_CAPBSET_DROP
PACKAGES = ("allinone", "python_layers", "prototxt", "data_prep", "evaluate", "tools")
HEAVY = (
    "matplotlib.figure",
    "onnxruntime",
    "PIL.Image",
    "scipy.io",
    "scipy.optimize",
    "scipy.stats",
    "sklearn.metrics",
    "sqlite3",
)


def _is_library(path: str) -> bool:
    """Tell whether a file is a module that may be imported: a command may not."""
    with open(path, encoding="utf-8") as stream:
        text = stream.read()
    return "\nif __name__ ==" not in text and bool(ast.parse(text).body)


def preload() -> None:
    """Import the kit's libraries and what they need, so that children need not."""
    for name in HEAVY:
        importlib.import_module(name)
    for package in PACKAGES:
        for folder, _, names in sorted(os.walk(os.path.join(closure.ROOT, package))):
            for name in sorted(names):
                path = os.path.join(folder, name)
                if name.endswith(".py") and _is_library(path):
                    module = os.path.relpath(path, closure.ROOT)[: -len(".py")]
                    importlib.import_module(module.replace(os.sep, ".").replace(".__init__", ""))
    gc.collect()
    gc.freeze()  # what is here stays: a child's collections need not copy it


def _be_ordinary() -> None:
    """Give up root's right to pass over the rights of files, in this process and its children."""
    system = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION, 0)
    sets = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable; twice 32 bits each
    for one in RIGHTS_OF_ROOT:
        system.prctl(DROP, one, 0, 0, 0)
    if system.capget(header, sets):
        raise OSError(ctypes.get_errno(), "capget")
    for place in range(3):
        for one in RIGHTS_OF_ROOT:
            sets[place] &= ~(1 << one)
    if system.capset(header, sets):
        raise OSError(ctypes.get_errno(), "capset")


def _limit(is_ordinary: bool) -> None:
    """Bound the memory of this process and its children; give up root's rights where asked."""
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if is_ordinary and os.geteuid() == 0:
        _be_ordinary()


def _be_command(argv: Sequence[str]) -> int:
    """Run a module as `python -m` does; return its exit code."""
    sys.argv = ["", *argv[1:]]
    try:
        runpy.run_module(argv[0], run_name="__main__", alter_sys=True)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def _forked(argv: Sequence[str], out: int, err: int, is_ordinary: bool, folder: str) -> int:
    """Start a forked child with its output in two files; return its number."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        os.setsid()
        null = os.open(os.devnull, os.O_RDONLY)
        for old, new in ((null, 0), (out, 1), (err, 2)):
            os.dup2(old, new)
        _limit(is_ordinary)
        sys.path.append(folder)
        code = _be_command(argv)
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:  # nothing of a child may go on as the parent
        os.write(2, traceback.format_exc().encode(errors="replace"))
    finally:
        os._exit(code)


def _started(argv: Sequence[str], out: int, err: int, is_ordinary: bool, folder: str) -> int:
    """Start a process of its own with its output in two files; return its number."""
    process = subprocess.Popen(
        [sys.executable, "-m", *argv],
        cwd=closure.ROOT,
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=err,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": folder},
        preexec_fn=lambda: _limit(is_ordinary),
    )
    process.returncode = 0  # waited for below, not by Popen
    return process.pid


def _computed(group: int) -> float:
    """Return how many seconds the processes of a group that are still there have computed."""
    ticks = 0
    for path in glob.glob("/proc/[0-9]*/stat"):
        with contextlib.suppress(OSError), open(path, "rb") as stream:
            fields = stream.read().rpartition(b")")[2].split()
            if int(fields[2]) == group:
                ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _ends(pid: int) -> bool:
    """Wait for the end of a command; tell whether it comes, however busy the machine is."""
    handle, before = os.pidfd_open(pid), -1.0
    try:
        if select.select([handle], [], [], LIMIT_S)[0]:
            return True
        while before < (computed := _computed(pid)) < LIMIT_S:
            before = computed
            if select.select([handle], [], [], IDLE_S)[0]:
                return True
        return False
    finally:
        os.close(handle)


def run(
    argv: Sequence[str], is_ordinary: bool = False, by_itself: bool = False, folder: str = ""
) -> Finished:
    """Run a command to its end, or until it hangs.

    by_itself: not forked, but started anew; folder: from which Python may import modules too.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    argv = [str(one) for one in argv]
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        start = _started if by_itself else _forked
        pid = start(argv, out.fileno(), err.fileno(), is_ordinary, folder)
        hung = not _ends(pid)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
        _, status, used = os.wait4(pid, 0)
        texts = []
        for stream in (out, err):
            stream.seek(0)
            texts.append(stream.read().decode(errors="surrogateescape"))
    code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else None
    ended_by = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    return Finished(code, ended_by, hung, *texts, used.ru_utime + used.ru_stime)
