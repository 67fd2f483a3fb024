"""How a command ends: bad input, a full disk and unusable paths are sentences, Ctrl-C is 130."""

from __future__ import annotations

import errno
import functools
import sys
from collections.abc import Callable

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
INTERRUPTED = 130  # exit code after Ctrl-C


def _in_words(error: OSError) -> str:
    """Return what is wrong with a file, and the mend; raise the error where it is of no file."""
    if error.errno in NO_ROOM:
        return (
            f"{error.filename or 'a file'}: cannot be written ({error.strerror}); free space and "
            "run the same command again, what is finished is kept"
        )
    if error.filename is None:
        raise error
    return f"{error.filename}: {error.strerror}; check the path and who may use it"


class InputError(Exception):
    """Says what is wrong, in which file and field, and how to mend it."""


def command(main: Callable) -> Callable:
    """Wrap `main(argv=None) -> int | None` of a command.

    Bad input, and a path that cannot be used, is one sentence on stderr and exit code 2. Ctrl-C is
    exit code 130.
    """

    @functools.wraps(main)
    def run(argv=None) -> int:
        try:
            return main(argv) or 0
        except InputError as error:
            print(f"error: {error}", file=sys.stderr)
            return 2
        except OSError as error:
            print(f"error: {_in_words(error)}", file=sys.stderr)
            return 2
        except KeyboardInterrupt:
            print("\ninterrupted: what is finished is kept", file=sys.stderr)
            return INTERRUPTED

    return run
