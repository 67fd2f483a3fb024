"""Lines that a command writes item by item, so that it can be stopped anywhere and go on.

Beside the lines, and the rows of numbers that may belong to them, stands a third file with an entry
for each finished item: where its lines and rows end, and their hash. Whatever a kill, a crash of
the machine or damage has left, a command goes on behind the last item of which all is there as it
was written; what stands behind it is cut off. So lines and rows never shift against each other.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import struct
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO

from allinone import files

ENTRY = struct.Struct("<QQ16s")  # ends of the lines and of the rows, in bytes; hash of both
HASH, BLOCK = 16, 1 << 20  # bytes
ITEMS = ".items"  # ends the name of the file of entries


def _together(hashes: Sequence[Any]) -> bytes:
    """Return the hash of an item: of its lines and, where there are some, its rows."""
    return hashlib.sha256(b"".join(one.digest() for one in hashes)).digest()[:HASH]


def _hash_of(stream: BinaryIO, size: int) -> Any:
    """Return the hash of the next bytes of a file."""
    found = hashlib.sha256()
    while size > 0:
        block = stream.read(min(size, BLOCK))
        if not block:
            break
        found.update(block)
        size -= len(block)
    return found


class Growing:
    """The files of a command that goes on, open for more; use it as a context.

    done: how many items are whole.
    """

    def __init__(self, lines: str, rows: str | None, made_with: Mapping[str, Any]) -> None:
        """Open what a stopped command has left, or begin.

        lines, rows: paths; rows: None where there are none. made_with: what decides the bytes, as
        JSON has it; where a stopped command's differed, all of it is removed.
        """
        self.paths = [path for path in (lines, rows) if path]
        self.items = f"{lines}{ITEMS}"
        text = json.dumps(made_with, sort_keys=True)
        self.head = hashlib.sha256(text.encode()).digest()[:HASH]
        ends = self._whole_items()
        self.ends, self.done = ends[-1], len(ends) - 1
        self._all_ends = ends
        self._cut()

    def _whole_items(self) -> list[tuple[int, ...]]:
        """Return where each item ends of which all is there, (lines, rows), (0, 0) first."""
        ends: list[tuple[int, ...]] = [(0,) * len(self.paths)]
        with contextlib.ExitStack() as stack:
            try:
                entries = stack.enter_context(open(self.items, "rb"))
                streams = [stack.enter_context(open(path, "rb")) for path in self.paths]
            except FileNotFoundError:
                return ends
            if entries.read(HASH) != self.head:
                return ends
            while len(entry := entries.read(ENTRY.size)) == ENTRY.size:
                *both, digest = ENTRY.unpack(entry)
                now, none = tuple(both[: len(self.paths)]), both[len(self.paths) :]
                sizes = [end - before for end, before in zip(now, ends[-1])]
                left = [os.fstat(one.fileno()).st_size - one.tell() for one in streams]
                if any(none) or any(not 0 <= size <= there for size, there in zip(sizes, left)):
                    break
                if _together([_hash_of(one, size) for one, size in zip(streams, sizes)]) != digest:
                    break
                ends.append(now)
        return ends

    def keep(self, count: int) -> None:
        """Cut off what stands behind the first `count` of the whole items."""
        self.done, self.ends = count, self._all_ends[count]
        self._cut()

    def _cut(self):
        for path, end in zip(self.paths, self.ends):
            with files.appending(path, "ab") as stream:
                stream.truncate(end)
        with files.appending(self.items, "ab") as stream:
            stream.truncate(HASH + self.done * ENTRY.size if self.done else 0)
            if not self.done:
                stream.write(self.head)

    def __enter__(self) -> Growing:
        """Open the files."""
        self._stack = contextlib.ExitStack()
        opened = [self._stack.enter_context(files.appending(path, "ab")) for path in self.paths]
        self._lines, self._rows = opened[0], opened[-1]
        self._entries = self._stack.enter_context(files.appending(self.items, "ab"))
        self._begin_item()
        return self

    def __exit__(self, *error: Any) -> None:
        """Close the files."""
        self._stack.__exit__(*error)

    def write(self, text: str) -> None:
        """Write lines of the item that is under way."""
        self._add(0, text.encode("utf-8", "surrogateescape"))

    def write_rows(self, data: bytes) -> None:
        """Write rows of the item that is under way."""
        self._add(1, data)

    def _begin_item(self):
        self._now = list(self.ends)
        self._hashes = [hashlib.sha256() for _ in self.paths]

    def _add(self, place, data):
        self._now[place] += len(data)
        self._hashes[place].update(data)
        stream = self._rows if place else self._lines
        stream.write(data)
        stream.flush()

    def end_item(self) -> None:
        """Note that the item is whole."""
        self.ends = tuple(self._now)
        self._entries.write(ENTRY.pack(*(*self.ends, 0)[:2], _together(self._hashes)))
        self._entries.flush()
        self.done += 1
        self._begin_item()
