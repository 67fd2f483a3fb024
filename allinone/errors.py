"""How a command ends: bad input, a full disk and unusable paths are sentences."""

from __future__ import annotations

import contextlib
import errno
import functools
import io
import os
import select
import sys
from collections.abc import Callable, Iterator

from allinone import interrupts

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
# What helps where a file or folder cannot be used.
MENDS = {
    **dict.fromkeys(NO_ROOM, "free space, then run the same command again"),
    errno.EACCES: "choose a place that you may write to and read, or get the right to (chmod)",
    errno.EPERM: "choose a place that you may write to and read, or get the right to (chmod)",
    errno.EROFS: "choose a place that can be written to",
    errno.EISDIR: "a folder has this name: rename the folder, or choose another name",
    errno.ENOTDIR: "a part of the path is a file: rename it, or choose another folder",
    errno.EEXIST: "a file is there, or is a part of the path: rename it, or choose another",
    errno.ENOTEMPTY: "files are in it: remove or rename it, or choose another",
    errno.ENAMETOOLONG: "the name is too long: choose a shorter one",
    errno.EBUSY: "it is in use, or a disk is mounted there: choose a folder in it",
    errno.EXDEV: "another disk is mounted there: choose a folder in it",
    errno.EMFILE: "let a process open more files (ulimit -n)",
    errno.EIO: "the disk or the network failed: look after it, then run the same command again",
}
PIPE_CLOSED = 141  # exit code where whoever reads the output has gone, as of a shell's own commands


def os_error_in_words(error: OSError) -> str:
    """Return which file cannot be used, why, and the mend; raise the error if it is of no file."""
    if error.filename is None and error.errno not in (*NO_ROOM, errno.EIO):
        raise error
    mend = MENDS.get(error.errno, "check the path")
    return f"{_name(error.filename)}: {error.strerror or error}; {mend}"


def _name(filename) -> str:
    return os.fsdecode(filename) if isinstance(filename, (str, bytes)) else "a file"


def _print_every_name() -> None:
    """Let file names that are not UTF-8 be printed, with backslashes."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _nobody_reads() -> bool:
    """Tell whether whoever read the output has gone; what is left of it is not written then."""
    output = select.poll()
    output.register(sys.stdout.fileno(), 0)
    if not any(events & select.POLLERR for _, events in output.poll(0)):
        return False
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return True


class InputError(Exception):
    """Says what is wrong, in which file and field, and how to mend it."""


class OutputError(InputError):
    """Says which output cannot be written: what is left to do cannot be done either."""


class WorkError(InputError):
    """Says why those who work cannot go on: what is left to do cannot be done either."""


def unwritable(path: str, error: OSError) -> OutputError:
    """Return the error of an output that cannot be written, with the mend."""
    mend = MENDS.get(error.errno, "choose another place")
    return OutputError(
        f"{path}: cannot be written ({error.strerror or error}); {mend}; what was there before is "
        "untouched"
    )


@contextlib.contextmanager
def writing(path: str, place: str | None = None) -> Iterator[None]:
    """Turn an OSError of a block that writes the output `path` into a sentence about it.

    place: where the output stands until it is finished; an error of another file, which the block
    reads, or of a pipe, then stays as it is.
    """
    try:
        yield
    except OSError as error:
        of_another = isinstance(error.filename, str) and not error.filename.startswith(place or "")
        if of_another or error.errno == errno.EPIPE:
            raise
        raise unwritable(path, error) from error


def command(main: Callable) -> Callable:
    """Wrap `main(argv=None) -> int | None` of a command.

    Bad input, and a path that cannot be used, is one sentence on stderr and exit code 2. Ctrl-C is
    exit code 130, SIGTERM 143 (allinone.interrupts).
    """

    @functools.wraps(main)
    def run(argv=None) -> int:
        _print_every_name()
        try:
            code = interrupts.stoppable(main, argv)
            sys.stdout.flush()  # here: at the end of the process an error would be no sentence
            return code
        except InputError as error:
            print(f"error: {error}", file=sys.stderr)
            return 2
        except BrokenPipeError:
            if _nobody_reads():
                return PIPE_CLOSED
            raise
        except OSError as error:
            print(f"error: {os_error_in_words(error)}", file=sys.stderr)
            return 2

    return run
