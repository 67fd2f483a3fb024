"""What code a result depends on: modules of the kit that are imported or named, all the way down.

A training run and a step of a recipe are redone, or refused, when any of that code has changed.
Changes of comments, docstrings and layout do not count. Nothing imports a layer that Caffe loads, a
reader that a registry finds or a command that another one starts: a module has their names as text,
like "python_layers.age_loss".
"""

from __future__ import annotations

import ast
import functools
import glob
import hashlib
import os
from collections.abc import Callable, Iterable

LIBRARY = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(LIBRARY)
# Where pip installs the library, the model lies in it, and other packages stand beside it.
IS_INSTALLED = os.path.isdir(os.path.join(LIBRARY, "models"))


def path_of(module: str, root: str = ROOT) -> str | None:
    """Return the path of a module of the kit, relative to its root, or None where it is none."""
    if IS_INSTALLED and module.split(".")[0] != os.path.basename(LIBRARY):
        return None
    base = module.replace(".", os.sep)
    for path in (f"{base}.py", os.path.join(base, "__init__.py")):
        if os.path.isfile(os.path.join(root, path)):
            return path
    return None


def _text(path: str, root: str) -> str:
    with open(os.path.join(root, path), encoding="utf-8") as stream:
        return stream.read()


# The four below keep what they return: a recipe asks for the same files at each of its steps.
@functools.cache
def _nodes(text: str) -> list[ast.AST]:
    return list(ast.walk(ast.parse(text)))


@functools.cache
def _imports(text: str) -> frozenset[str]:
    names = set()
    for node in _nodes(text):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return frozenset(names)


@functools.cache
def _dotted_texts(text: str) -> frozenset[str]:
    nodes = [node for node in _nodes(text) if isinstance(node, ast.Constant)]
    return frozenset(node.value for node in nodes if _is_dotted(node.value))


@functools.cache
def _digest(text: str) -> str:
    nodes = _nodes(text)  # the list keeps the docstrings, which may name modules
    _drop_docstrings(nodes)
    return hashlib.sha256(ast.dump(nodes[0]).encode()).hexdigest()


def _is_dotted(value: object) -> bool:
    if not isinstance(value, str) or "." not in value:
        return False
    return all(part.isidentifier() for part in value.split("."))


def imported_by(path: str, root: str = ROOT) -> set[str]:
    """Return the names that a file imports, inside functions too; of `from a import b` also a.b."""
    return set(_imports(_text(path, root)))


def named_by(path: str, root: str = ROOT) -> set[str]:
    """Return the modules of the kit that a file names as text; of a package all of its modules.

    An __init__ names none: it loads them only on request.
    """
    if os.path.basename(path) == "__init__.py":
        return set()
    found = set()
    for name in _dotted_texts(_text(path, root)):
        place = path_of(name, root)
        if place is None:
            continue
        if os.path.basename(place) != "__init__.py":
            found.add(name)
            continue
        inside = glob.glob(os.path.join(glob.escape(root), os.path.dirname(place), "*.py"))
        found.update(f"{name}.{os.path.basename(one)[:-3]}" for one in inside)
    return found


def _uses(path: str, root: str) -> set[str]:
    return imported_by(path, root) | named_by(path, root)


def _reachable(
    modules: Iterable[str], root: str, used_by: Callable[[str, str], set[str]]
) -> list[str]:
    """Return the paths, sorted, of some modules and of all modules that they lead to."""
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
                waiting.extend(used_by(path, root))
    return sorted(found)


def closure(modules: Iterable[str], root: str = ROOT) -> list[str]:
    """Return the paths, sorted, of modules of the kit and of all of the kit that they import.

    modules: dotted names. ValueError where one of them is no module of the kit.
    """
    return _reachable(modules, root, imported_by)


def depended_on(modules: Iterable[str], root: str = ROOT) -> list[str]:
    """Return the paths, sorted, of modules of the kit and of all that they import or name.

    modules: dotted names. ValueError where one of them is no module of the kit.
    """
    return _reachable(modules, root, _uses)


def _drop_docstrings(nodes: Iterable[ast.AST]) -> None:
    for node in nodes:
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            first = node.body[0] if node.body else None
            is_text = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
            if is_text and isinstance(first.value.value, str):
                node.body = node.body[1:]


def hashes(modules: Iterable[str], root: str = ROOT) -> dict[str, str]:
    """Return {path: digest} of the code that some modules depend on."""
    return {path: _digest(_text(path, root)) for path in depended_on(modules, root)}


def hash_of(modules: Iterable[str], root: str = ROOT) -> str:
    """Return one digest of the code that some modules depend on."""
    found = sorted(hashes(modules, root).items())
    return hashlib.sha256(repr(found).encode("utf-8", "surrogateescape")).hexdigest()
