"""One way to refuse bad input: a sentence for the user and exit code 2."""

from __future__ import annotations

import errno
import functools
import sys
from collections.abc import Callable

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
INTERRUPTED = 130  # exit code after Ctrl-C


class InputError(Exception):
    """Says what is wrong, in which file and field, and how to mend it."""


def command(main: Callable) -> Callable:
    """Wrap `main(argv=None) -> int | None` of a command.

    Bad input is one sentence on stderr and exit code 2, Ctrl-C is exit code 130.
    """

    @functools.wraps(main)
    def run(argv=None) -> int:
        try:
            return main(argv) or 0
        except InputError as error:
            print(f"error: {error}", file=sys.stderr)
            return 2
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise
            print(
                f"error: {error.filename or 'a file'}: cannot be written ({error.strerror}); free "
                "space and run the same command again, what is finished is kept",
                file=sys.stderr,
            )
            return 2
        except KeyboardInterrupt:
            print(
                "\ninterrupted: what is finished is kept; run the same command again to go on",
                file=sys.stderr,
            )
            return INTERRUPTED

    return run
