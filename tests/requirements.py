"""What the kit's two lists of packages name: requirements.txt, and pyproject.toml for the wheel."""

import os
import re

from conftest import ROOT

NAME = r"[A-Za-z][\w-]*"


def of_kit(name="requirements.txt"):
    """Return {package: versions} of a requirements file, those of its first line of a package.

    Further lines are for newer Pythons.
    """
    with open(os.path.join(ROOT, name), encoding="utf-8") as lines:
        found = re.findall(rf"^({NAME})([^;\s]*)", lines.read(), re.M)
    return dict(reversed(found))


def of_project():
    """Return {list: {package: versions}} of pyproject.toml; Python 3.9 has no reader of TOML."""
    with open(os.path.join(ROOT, "pyproject.toml"), encoding="utf-8") as stream:
        text = stream.read()
    lists = re.findall(r"^(\w+) = \[((?:\"[^\"]*\"|#[^\n]*|[^\]\"#])*)\]", text, re.M)
    return {name: dict(re.findall(rf'"({NAME})([^";\s]*)', items)) for name, items in lists}
