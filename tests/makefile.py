"""Make, started for the tests: in the kit itself, or in a folder like it."""

import os
import re
import subprocess
import sys

from conftest import ROOT


def make(*arguments, cwd=ROOT, **environment):
    """Run make; return the finished process with its text."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(
        ["make", *arguments], cwd=cwd, env={**clean, **environment}, capture_output=True, text=True
    )


def planned(*arguments):
    """Return the lines that make would run, without quotes around words that need none."""
    done = make("-n", *arguments)
    assert done.returncode == 0, done.stderr
    text = re.sub(r"(?<!\S)'([\w./:-]+)'(?!\S)", r"\1", done.stdout)
    return re.sub(r" *\\\n\s*", " ", text).splitlines()


def help_text():
    """Return {target: (words, variables that it takes)} as make help prints them."""
    found, name = {}, None
    for line in make("help").stdout.splitlines():
        target = re.match(r"  make (\S+) +(\S.*)", line)
        if target:
            name, words = target.groups()
            found[name] = (words, set())
        elif name and re.fullmatch(r" {20,}[A-Z0-9_ ]+", line):
            found[name][1].update(line.split())
    return found


class Kit:
    """A folder like the kit's, with a stand-in for Python that writes down what it is called."""

    def __init__(self, root):
        self.root = root
        for name in os.listdir(ROOT):
            if name not in (".venv", ".git", "out", "data"):
                os.symlink(os.path.join(ROOT, name), root / name)
        self.python, self.log = root / ".venv/bin/python", root / "called"
        self.python.parent.mkdir(parents=True)

    def make(self, *arguments, real=False):
        """Run make without the set-up; real: with the Python of these tests."""
        stand_in = f'echo "$@" >> {self.log}'
        text = f'exec {sys.executable} "$@"' if real else stand_in
        self.python.write_text(f"#!/bin/sh\n{text}\n")
        self.python.chmod(0o755)
        return make("-o", "setup", *arguments, cwd=self.root)

    def calls(self, *arguments):
        """Return the arguments of every call of Python."""
        self.log.unlink(missing_ok=True)
        done = self.make(*arguments)
        assert done.returncode == 0, done.stderr
        return self.log.read_text().splitlines()
