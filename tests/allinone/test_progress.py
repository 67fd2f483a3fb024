"""Progress in a log: whole lines, between which messages stand."""

import sys

from allinone.progress import Progress


def test_a_message_stands_in_a_line_of_its_own(capsys):
    progress = Progress("things", 2)
    Progress.write("  error: a thing", file=sys.stdout)
    progress.step(2)
    print("after")
    first, message, last, after = capsys.readouterr().out.splitlines()
    assert first.startswith("  things:   0%") and last.startswith("  things: 100%")
    assert (message, after) == ("  error: a thing", "after")
