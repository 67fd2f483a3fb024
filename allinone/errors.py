"""One way to refuse bad input: a sentence for the user and exit code 2."""

import errno
import functools
import sys


class InputError(Exception):
    """Say what is wrong, in which file and field, and how to mend it."""


def command(main):
    """Wrap `main(argv=None) -> int`: bad input is one sentence on stderr and code 2, Ctrl-C is code 130."""

    @functools.wraps(main)
    def run(argv=None):
        try:
            return main(argv) or 0
        except InputError as error:
            print(f"error: {error}", file=sys.stderr)
            return 2
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                raise
            print(
                f"error: {error.filename or 'a file'}: cannot be written ({error.strerror}); free space and run the same command "
                "again, what is finished is kept",
                file=sys.stderr,
            )
            return 2
        except KeyboardInterrupt:
            print(
                "\ninterrupted: what is finished is kept; run the same command again to go on",
                file=sys.stderr,
            )
            return 130

    return run
