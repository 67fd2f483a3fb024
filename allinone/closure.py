"""What code a result depends on: the modules of the kit that some modules import, all the way down.

A training run and a step of a recipe are redone, or refused, when any of that code has changed.
Changes of comments, docstrings and layout do not count.
"""

from __future__ import annotations

import ast
import hashlib
import os
from collections.abc import Iterable

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def path_of(module: str, root: str = ROOT) -> str | None:
    """Return the path of a module of the kit, relative to its root, or None where it is none."""
    base = module.replace(".", os.sep)
    for path in (f"{base}.py", os.path.join(base, "__init__.py")):
        if os.path.isfile(os.path.join(root, path)):
            return path
    return None


def _syntax_tree(path: str, root: str) -> ast.Module:
    with open(os.path.join(root, path), encoding="utf-8") as stream:
        return ast.parse(stream.read(), path)


def imported_by(path: str, root: str = ROOT) -> set[str]:
    """Return the names that a file imports, inside functions too; of `from a import b` also a.b."""
    names = set()
    for node in ast.walk(_syntax_tree(path, root)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def closure(modules: Iterable[str], root: str = ROOT) -> list[str]:
    """Return the paths, sorted, of modules of the kit and of all of the kit that they import.

    modules: dotted names. ValueError where one of them is no module of the kit.
    """
    waiting, found = list(modules), set()
    for module in waiting:
        if path_of(module, root) is None:
            raise ValueError(f"{module}: no module of the kit")
    while waiting:
        module = waiting.pop()
        parts = module.split(".")
        for end in range(1, len(parts) + 1):  # a package's own __init__ runs first
            path = path_of(".".join(parts[:end]), root)
            if path and path not in found:
                found.add(path)
                waiting.extend(imported_by(path, root))
    return sorted(found)


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            first = node.body[0] if node.body else None
            is_text = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
            if is_text and isinstance(first.value.value, str):
                node.body = node.body[1:]
    return tree


def code_hash(path: str, root: str = ROOT) -> str:
    """Return the hex digest of what a file of the kit does."""
    tree = _without_docstrings(_syntax_tree(path, root))
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()


def hashes(modules: Iterable[str], root: str = ROOT) -> dict[str, str]:
    """Return {path: digest} of the closure of some modules."""
    return {path: code_hash(path, root) for path in closure(modules, root)}
