"""What came of a case: the answer of the healthy input, a sentence, or a failure of some kind."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from typing import NamedTuple, Optional

from tools.fuzzing.case import Case, Finished

RIGHT, SAID = "right", "said"
TRACEBACK, ABORT, HANG = "traceback", "abort", "hang"
SILENT, WRONG, LOST, WORDLESS = "silent", "wrong", "lost", "no sentence"
NOT_MADE = "not made"
GOOD = (RIGHT, SAID)
BAD = (TRACEBACK, ABORT, HANG, SILENT, WRONG, LOST, WORDLESS, NOT_MADE)
MEANING = {
    RIGHT: "exit code 0 and the answer of the undamaged input, or the one that this input has",
    SAID: "exit code 2 and a sentence that names the file; of many inputs the others are done",
    TRACEBACK: "an exception reached the user, or another exit code",
    ABORT: "a signal ended the process",
    HANG: "no end within two minutes of computing, or after two minutes 20 seconds of nothing",
    SILENT: "exit code 0, another answer, and not a word about the damage",
    WRONG: "exit code 2, though the input is good, or other inputs of the call are not done",
    LOST: "a file that is no output of the command is gone or changed",
    WORDLESS: "exit code 2 without a sentence that names the file",
    NOT_MADE: "the fuzzer itself could not make the case",
}
SENTENCE = re.compile(r"^(\S*: |\s*)error: .*\S", re.MULTILINE)
SMALL = 1 << 22  # our choice: bytes; of larger files only size and time are compared

State = dict[str, tuple]  # {path: what tells a file from another}


class Verdict(NamedTuple):
    """What came of a case."""

    outcome: str
    why: str = ""  # of a failure


def state_of(path: str) -> tuple:
    """Return what tells a file from another without opening anything but plain files."""
    about = os.lstat(path)
    if stat.S_ISLNK(about.st_mode):
        return ("link", os.readlink(path))
    if not stat.S_ISREG(about.st_mode):
        return (stat.S_IFMT(about.st_mode),)
    if about.st_size > SMALL:
        return (about.st_size, about.st_mtime_ns)
    with open(path, "rb") as stream:
        return (about.st_size, hashlib.sha1(stream.read()).hexdigest())


def state(folder: str) -> State:
    """Return {path: state} of all that is not a folder below a folder."""
    found = {}
    for place, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(place, name)
            found[path] = state_of(path)
    return found


def lost(before: State, after: State, folder: str, case: Case) -> Optional[str]:
    """Return a file that a command has destroyed though it is none of its outputs, or None."""
    allowed = [os.path.join(folder, path) for path in case.writes]
    for path, was in before.items():
        if not any(path == one or path.startswith(one + os.sep) for one in allowed):
            if after.get(path) != was:
                return f"{path} is {'changed' if path in after else 'gone'}"
    return None


def of(case: Case, finished: Finished, before: State, after: State, folder: str) -> Verdict:
    """Return what came of a case."""
    if finished.hung:
        return Verdict(HANG, "killed")
    if finished.code is None:
        return Verdict(ABORT, f"signal {finished.signal}")
    if "Traceback (most recent call last)" in finished.err or finished.code not in (0, 2):
        return Verdict(TRACEBACK, finished.err.strip().splitlines()[-1] if finished.err else "")
    gone = lost(before, after, folder, case)
    if gone:
        return Verdict(LOST, gone)
    why = case.wrong(finished)
    if why:
        return Verdict(WRONG if finished.code else SILENT, why)
    if finished.code == 0:
        return Verdict(RIGHT)
    if not SENTENCE.search(finished.err):
        return Verdict(WORDLESS, "no line 'error: ...'")
    if case.names and not finished.says(*case.names):
        return Verdict(WORDLESS, f"none of {', '.join(case.names)} is named")
    return Verdict(SAID)
