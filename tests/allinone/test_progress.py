"""Progress in a log: whole lines, between which messages stand."""

import subprocess
import sys

from conftest import ROOT

PROGRAM = """
import sys
from allinone.progress import Progress
progress = Progress("things", 2)
Progress.write("  error: a thing", file=sys.stdout)
progress.step(2)
print("after")
"""


def test_a_message_stands_in_a_line_of_its_own():
    """In a process of its own: other tests may leave progress that has not come to its end."""
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    first, message, last, after = done.stdout.splitlines()
    assert first.startswith("  things:   0%") and last.startswith("  things: 100%")
    assert (message, after) == ("  error: a thing", "after")
