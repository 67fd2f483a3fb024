"""Progress of long work: how much, how fast, how long still."""
import sys
import time


class Progress:
    """Print one line that is rewritten on a terminal, and a new line every few seconds elsewhere; total: None where it is not known."""

    def __init__(self, what, total, every=5.0):
        self.what, self.total, self.done = what, total, 0
        self.start = self.shown = time.monotonic()
        self.terminal = sys.stdout.isatty()
        self.every = 0.2 if self.terminal else every

    def step(self, count=1):
        """Count finished items, and show them when it is time."""
        self.done += count
        now = time.monotonic()
        last = self.total is not None and self.done >= self.total
        if count and (now - self.shown >= self.every or last):
            self.shown = now
            spent = max(now - self.start, 1e-6)
            line = f"  {self.what}: {self.done}, {self.done / spent:.1f}/s" if self.total is None else (
                f"  {self.what}: {self.done}/{self.total}, {self.done / spent:.1f}/s, {spent / self.done * (self.total - self.done):.0f} s left")
            end = "\r" if self.terminal and not last else "\n"
            print(line.ljust(70), end=end, flush=True)
