"""Things that have the name of a file and are none: folders, pipes, devices, links, sockets."""

from __future__ import annotations

import os
import random
import socket

from tools.fuzzing import damage

SPARSE = 20 << 30  # bytes that a file claims, of which the disk holds none


def _socket(path: str) -> None:
    """Leave a socket's file."""
    with socket.socket(socket.AF_UNIX) as one:
        folder = os.getcwd()
        os.chdir(os.path.dirname(path))  # the name of a socket is short
        try:
            one.bind(os.path.basename(path))
        finally:
            os.chdir(folder)


def _sparse(path: str) -> None:
    """Write a file that is larger than any memory, without using the disk."""
    with open(path, "wb") as stream:
        stream.truncate(SPARSE)


def _empty(path: str) -> None:
    """Write a file of no bytes."""
    with open(path, "wb"):
        pass


KINDS = {
    "a folder": os.mkdir,
    "a pipe": os.mkfifo,
    "a socket": _socket,
    "an endless device": lambda path: os.symlink("/dev/zero", path),
    "an empty device": lambda path: os.symlink("/dev/null", path),
    "a link to itself": lambda path: os.symlink(os.path.basename(path), path),
    "a link to nothing": lambda path: os.symlink("nothing", path),
    "an empty file": _empty,
    "20 GB of zeros": _sparse,
}


def put(rng: random.Random, path: str) -> str:
    """Put something odd at a path where nothing is; return what it is."""
    what = rng.choice(list(KINDS))
    KINDS[what](path)
    return what


def spoil(rng: random.Random, path: str) -> str:
    """Damage a file by its kind, or put something odd in its place; return what was done."""
    if rng.random() < 0.1:
        os.remove(path)
        return put(rng, path)
    if path.endswith((".jsonl", ".jsonl.partial")):
        return damage.of_json_lines(rng, path)
    return (damage.of_json_file if path.endswith(".json") else damage.of_file)(rng, path)
