"""What code a command depends on: what it imports, and the modules that it names in words.

A layer that Caffe loads, a reader that a registry finds and a command that another one starts are
imported nowhere: their names stand as text in a module, like "python_layers.age_loss".
"""

from __future__ import annotations

import ast
import functools
import glob
import os
from collections.abc import Iterable

from allinone import closure


def named_by(path: str, root: str = closure.ROOT) -> set[str]:
    """Return the modules of the kit that a file names as text; of a package all of its modules.

    A package's __init__ is left out: what it names, it loads only for who asks for it.
    """
    if os.path.basename(path) == "__init__.py":
        return set()
    with open(os.path.join(root, path), encoding="utf-8") as stream:
        nodes = ast.walk(ast.parse(stream.read(), path))
    texts = {node.value for node in nodes if isinstance(node, ast.Constant)}
    dotted = [text for text in texts if isinstance(text, str) and _is_dotted(text)]
    return {module for name in dotted for module in _modules(name, root)}


def _is_dotted(text: str) -> bool:
    return "." in text and all(part.isidentifier() for part in text.split("."))


def _modules(name: str, root: str) -> list[str]:
    """Return the modules that a dotted name stands for; [] where it is no module of the kit."""
    path = closure.path_of(name, root)
    if path is None or os.path.basename(path) != "__init__.py":
        return [] if path is None else [name]
    inside = sorted(glob.glob(os.path.join(root, os.path.dirname(path), "*.py")))
    return [f"{name}.{os.path.basename(one)[:-3]}" for one in inside]


@functools.cache
def _paths(modules: frozenset[str], root: str) -> tuple[str, ...]:
    paths = closure.closure(sorted(modules), root)
    named = set().union(*(named_by(path, root) for path in paths))
    return tuple(paths) if named <= modules else _paths(modules | named, root)


def paths(modules: Iterable[str], root: str = closure.ROOT) -> list[str]:
    """Return the paths, sorted, of all code of the kit that some modules depend on."""
    return list(_paths(frozenset(modules), root))


@functools.cache
def _digest(path: str, root: str, _written: int) -> str:
    return closure.code_hash(path, root)


def hashes(modules: Iterable[str], root: str = closure.ROOT) -> dict[str, str]:
    """Return {path: digest} of the code that some modules depend on."""
    found = {}
    for path in paths(modules, root):
        written = os.stat(os.path.join(root, path)).st_mtime_ns
        found[path] = _digest(path, root, written)
    return found
