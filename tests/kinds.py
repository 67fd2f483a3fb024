"""Two kinds of tests that take their time, marked as they are collected; `make quick` leaves both.

net: of a fixture that makes nets, or of a module that imports Caffe. command: starts commands of
the kit in processes of their own, which costs a second each.
"""

import ast
import functools
import os

from allinone import closure

CAFFE = os.path.join(closure.ROOT, "allinone", "pycaffe.py")
ROOTS = (closure.ROOT, os.path.dirname(os.path.abspath(__file__)))  # of the kit, of the tests
NET_FIXTURES = {"chain", "exported_model", "proposing"}
COMMAND_FIXTURES = {"command", "expect_refusal", "real_source", "real_folders"}
STARTERS = {"subprocess", "kit_copies", "makefile", "browser", "service_calls.serving"} | {
    f"conftest.{one}" for one in ("run", "run_well", "refused", "started")
}


@functools.cache
def imported_at_once(path):
    """Return the names that a file imports when it is imported itself."""
    with open(path, encoding="utf-8") as stream:
        body = ast.parse(stream.read()).body
    names = set()
    for node in body:
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


@functools.cache
def imports_caffe(path):
    """Tell whether a file imports Caffe, itself or through others."""
    if path == CAFFE:
        return True
    for name in imported_at_once(path):
        for root in ROOTS:
            found = closure.path_of(name, root)
            if found and imports_caffe(os.path.join(root, found)):
                return True
    return False


def marks_of(test):
    """Return the names of the marks of a collected test."""
    path, fixtures = str(test.path), set(test.fixturenames)
    marks = set()
    if fixtures & NET_FIXTURES or imports_caffe(path):
        marks.add("net")
    if fixtures & COMMAND_FIXTURES or imported_at_once(path) & STARTERS:
        marks.add("command")
    return marks
