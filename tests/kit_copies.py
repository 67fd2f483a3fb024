"""Copies of the kit's packages, to add a module or a row of a table and start commands there."""

import os
import shutil
import subprocess
import sys

from conftest import ROOT

END_OF_TASKS = ")\nBY_NAME"
GLASSES = """    Task(
        name="glasses",
        tower="glasses",
        stage=2,
        head=INDEPENDENT,
        kind=PROBABILITY,
        size=2,
        loss="softmax",
        weight=1.0,
        figure=ACCURACY,
        words=("no glasses", "glasses"),
    ),
"""


def copy(folder, *packages):
    """Copy some packages of the kit into a folder."""
    ignored = shutil.ignore_patterns("__pycache__")
    for package in packages:
        shutil.copytree(os.path.join(ROOT, package), folder / package, ignore=ignored)


def add_glasses(folder):
    """Add a ninth task to the table of a copy."""
    table = folder / "allinone" / "tasks.py"
    text = table.read_text()
    assert text.count(END_OF_TASKS) == 1
    table.write_text(text.replace(END_OF_TASKS, GLASSES + END_OF_TASKS))


def start(folder, *arguments):
    """Run `python <arguments>` in a copy; return what it printed."""
    done = subprocess.run(
        [sys.executable, *map(str, arguments)], cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
