"""Progress of long work: how much, how fast, how long still."""

from __future__ import annotations

import sys

from tqdm import tqdm

EVERY = 0.2  # seconds between two looks of a line on a terminal
EVERY_IN_LOG = 5.0  # seconds between two in a file


class _Log:
    """Standard output that is no terminal: what would rewrite a line is a line of its own."""

    def write(self, text: str) -> None:
        """Write text as a whole line, so that no other message stands in it."""
        line = text.strip()
        if line:
            sys.stdout.write(f"  {line}\n")

    def flush(self) -> None:
        """Flush what was written."""
        sys.stdout.flush()


class Progress(tqdm):
    """Show one line that is rewritten; total: None where nobody knows it.

    Progress.write(text, file=sys.stderr) prints a message that does not break into the line.
    """

    def __init__(self, what: str, total: int | None, unit: str = "", done: int = 0) -> None:
        """Begin at `done` of `total`."""
        terminal = sys.stdout.isatty()
        every = EVERY if terminal else EVERY_IN_LOG
        super().__init__(
            desc=f"  {what}",
            total=total,
            initial=done,
            mininterval=every,
            miniters=1,
            maxinterval=every,
            file=sys.stdout if terminal else _Log(),
            ascii=True,
            unit=unit,
            unit_scale=bool(unit),
            dynamic_ncols=True,
        )

    def step(self, count: int = 1) -> None:
        """Count finished items; closes the line with the last of them."""
        self.update(count)
        if self.total is not None and self.n >= self.total:
            self.close()
