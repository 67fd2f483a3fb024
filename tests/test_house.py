"""The build of the house: what may import what, and what a module may be."""

import ast
import os
import shutil
import subprocess
import sys

import pytest
from conftest import ROOT

from allinone import closure

# A package imports those before it in this list and itself.
FLOORS = ("allinone", "python_layers", "prototxt", "data_prep", "evaluate", "tools")
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
# The only modules that import Caffe when they are imported, beside training and net building.
CAFFE_CORNER = {
    f"allinone/{name}.py" for name in ("caffe_engine", "packed", "surgery", "snapshots", "widen")
}


def modules():
    """Return the paths of all modules of the kit."""
    found = []
    for package in FLOORS:
        for folder, _, names in os.walk(os.path.join(ROOT, package)):
            for name in sorted(names):
                if name.endswith(".py"):
                    found.append(os.path.relpath(os.path.join(folder, name), ROOT))
    return sorted(found)


def text_of(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as stream:
        return stream.read()


@pytest.mark.skipif(shutil.which("git") is None, reason="there is no git")
def test_no_link_is_committed():
    """A link leads to a place of whoever has made it; a committed .venv would break every clone."""
    done = subprocess.run(["git", "ls-files", "-s"], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        pytest.skip("this is no clone")
    assert [line for line in done.stdout.splitlines() if line.startswith("120000")] == []


def is_command(path):
    return 'if __name__ == "__main__":' in text_of(path)


def dotted(path):
    return path[: -len(".py")].replace(os.sep, ".")


def test_no_command_is_imported_by_anything():
    """A module that is both command and library exists twice under `python -m`."""
    commands = {dotted(path) for path in modules() if is_command(path)}
    assert {"tools.train", "data_prep.convert", "evaluate.report"} <= commands
    importers = {}
    for path in modules():
        for name in closure.imported_by(path) & commands:
            importers.setdefault(name, []).append(path)
    assert importers == {}


def test_imports_point_downward():
    upward = []
    for path in modules():
        floor = FLOORS.index(path.split(os.sep)[0])
        for name in closure.imported_by(path):
            package = name.split(".")[0]
            if package in FLOORS and FLOORS.index(package) > floor:
                upward.append((path, name))
    assert upward == []


def test_caffe_is_imported_in_one_place():
    direct, corner = [], []
    for path in modules():
        names = closure.imported_by(path)
        if any(name.partition(".")[0] == "caffe" for name in names):
            direct.append(path)
        tree = ast.parse(text_of(path))
        for node in tree.body:
            if isinstance(node, ast.ImportFrom) and node.module == "allinone.pycaffe":
                corner.append(path)
    assert direct == ["allinone/pycaffe.py"]
    of_library = {path for path in corner if path.startswith("allinone")}
    assert of_library <= CAFFE_CORNER, of_library - CAFFE_CORNER


def test_no_comprehension_stands_in_another():
    nested = []
    for path in modules():
        for node in ast.walk(ast.parse(text_of(path))):
            if isinstance(node, COMPREHENSIONS):
                inner = [one for one in ast.walk(node) if isinstance(one, COMPREHENSIONS)]
                nested += [f"{path}:{node.lineno}"] if len(inner) > 1 else []
    assert nested == []


def commands():
    """Return the names that `python -m` starts commands by."""
    return [dotted(path).replace(".__main__", "") for path in modules() if is_command(path)]


def test_every_package_of_commands_can_be_stopped_while_it_imports():
    """The library imports nothing by itself; its command sees to signals in allinone.cli."""
    packages = {module.split(".")[0] for module in commands()} - {"allinone"}
    assert {"tools", "evaluate"} <= packages
    without = [
        package
        for package in sorted(packages)
        if "\ninterrupts.end_while_importing()\n" not in text_of(f"{package}/__init__.py")
    ]
    assert without == []


# In one process, since most of the time of each goes into the same imports.
ASK_ALL_FOR_HELP = """
import contextlib, io, runpy, sys
modules, sys.argv = sys.argv[1:], ["", "--help"]
for module in modules:
    said, code = io.StringIO(), None
    with contextlib.redirect_stdout(said):
        try:
            runpy.run_module(module, run_name="__main__", alter_sys=True)
        except SystemExit as end:
            code = end.code
    assert code == 0 and "usage:" in said.getvalue(), (module, code, said.getvalue())
"""


def test_every_command_says_what_it_takes():
    """That each works when it is started by itself is tested beside it."""
    done = subprocess.run(
        [sys.executable, "-c", ASK_ALL_FOR_HELP, *commands()],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("module", commands())
def test_every_command_has_a_test_that_starts_it(module):
    tests = ""
    for folder, _, names in os.walk(os.path.join(ROOT, "tests")):
        for name in names:
            if name.endswith(".py") and name != "test_house.py":
                tests += text_of(os.path.relpath(os.path.join(folder, name), ROOT))
    assert f'"{module}"' in tests, f"no test starts python -m {module}"
