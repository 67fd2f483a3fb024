"""What the kit's two lists of packages name: requirements.txt, and pyproject.toml for the wheel."""

import os
import re

from conftest import ROOT

try:
    import tomllib
except ImportError:  # before Python 3.11; pytest brings it there
    import tomli as tomllib

NAME = r"[A-Za-z][\w-]*"


def of_kit(name="requirements.txt"):
    """Return {package: versions} of a requirements file, those of its first line of a package.

    Further lines are for newer Pythons.
    """
    with open(os.path.join(ROOT, name), encoding="utf-8") as lines:
        found = re.findall(rf"^({NAME})([^;\s]*)", lines.read(), re.M)
    return dict(reversed(found))


def of_project():
    """Return {list: {package: versions}} of pyproject.toml."""
    with open(os.path.join(ROOT, "pyproject.toml"), "rb") as stream:
        told = tomllib.load(stream)
    lists = {
        **told["project"]["optional-dependencies"],
        "dependencies": told["project"]["dependencies"],
        "requires": told["build-system"]["requires"],
    }
    found = {}
    for name, items in lists.items():
        found[name] = dict(re.match(rf"({NAME})([^;\s]*)", one).groups() for one in items)
    return found
