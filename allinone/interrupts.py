"""How Ctrl-C and SIGTERM stop a command, from its first import to its end.

While it is still imported, and after its work is done, they end it at once. While it works, the
first raises KeyboardInterrupt, so that it can tidy up; one that comes more than a second later ends
it at once, which is safe, since what is finished survives even a kill. The exit code is 130 after
Ctrl-C and 143 after SIGTERM. Nothing of this is done to a program that only imports the library.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)
SIGNALLED = 128  # and the signal's number: exit code of what a signal has ended
INTERRUPTED = SIGNALLED + signal.SIGINT
WORDS = "\ninterrupted: what is finished is kept"
# our choice: seconds in which a signal counts as the one before; timeout(1) sends each twice
TWICE = 1.0
SOON = 0.05  # our choice: seconds until an interrupt that was swallowed is raised again


class _Asked:
    """The signal that has asked this process to stop, 0: none, and whether it was raised."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self.number, self.at, self.raised = 0, 0.0, False

    def note(self, number: int) -> bool:
        """Note a signal; return whether it is the first. One that comes later ends the process."""
        if not self.number:
            self.number, self.at = number, time.monotonic()
            return True
        if time.monotonic() - self.at > TWICE:
            end_at_once(number)
        return False


_asked = _Asked()


def end_at_once(number: int, _frame: Any = None) -> None:
    """End this process with the exit code of a signal."""
    with contextlib.suppress(OSError):
        os.write(2, f"{WORDS}\n".encode())
    os._exit(SIGNALLED + number)


def code() -> int:
    """Return the exit code of a command that was stopped."""
    return SIGNALLED + (_asked.number or signal.SIGINT)


def _hand_to(handler: Callable[[int, Any], None]) -> dict[int, Any]:
    """Give the signals to a handler; return those before. An ignored signal stays ignored."""
    before = {}
    if threading.current_thread() is threading.main_thread():  # no other may set a handler
        for number in SIGNALS:
            if signal.getsignal(number) not in (signal.SIG_IGN, None):
                before[number] = signal.signal(number, handler)
    return before


def _give_back(before: dict[int, Any]) -> None:
    for number, handler in before.items():
        signal.signal(number, handler)


def _ignore() -> None:
    """Let Python take itself apart undisturbed: all is done."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def end_while_importing() -> None:
    """Let the signals end `python -m <command>` at once while it is still imported.

    For the __init__ of a package of commands. Nothing happens in any other program: only while
    Python looks for the module that -m names is sys.argv[0] "-m".
    """
    if sys.argv[:1] == ["-m"]:
        end_while_starting()


def end_while_starting() -> None:
    """Let the signals end this process at once until its work begins, and when that is done."""
    _hand_to(end_at_once)
    atexit.register(_ignore)


class _Work:
    """The work of a command, which the first signal ends with KeyboardInterrupt."""

    def __init__(self) -> None:
        self.before, self.over = {}, False
        self.hooks = sys.excepthook, sys.unraisablehook

    def begin(self) -> None:
        _asked.forget()
        sys.excepthook, sys.unraisablehook = self._print, self._raise_again
        self.before = _hand_to(self._came)

    def give_back(self) -> None:
        _give_back(self.before)
        sys.excepthook, sys.unraisablehook = self.hooks

    def _came(self, number: int, _frame: Any) -> None:
        if not _asked.note(number):
            return
        if self.over:
            end_at_once(number)
        _asked.raised = True
        raise KeyboardInterrupt

    def _print(self, kind: type, error: BaseException, trace: Any) -> None:
        """Print an error for a library in C that does so before it makes another of it."""
        if not issubclass(kind, KeyboardInterrupt):
            self.hooks[0](kind, error, trace)

    def _raise_again(self, swallowed: Any) -> None:
        """Raise an interrupt again that came in a destructor, where Python would only print it."""
        if not issubclass(swallowed.exc_type, KeyboardInterrupt):
            self.hooks[1](swallowed)
            return
        main, number = threading.main_thread().ident, code() - SIGNALLED
        _asked.forget()
        threading.Timer(SOON, signal.pthread_kill, (main, number)).start()


def stoppable(main: Callable[..., Any], *arguments: Any) -> int:
    """Return the exit code of main(*arguments), or that of the signal that has stopped it."""
    work = _Work()
    try:
        work.begin()
        try:
            return main(*arguments) or 0
        finally:
            work.over = True  # from here on there is nothing to tidy up
    except KeyboardInterrupt:
        pass
    except Exception:
        if not _asked.raised:  # else some library has made it of the interrupt
            raise
    finally:
        work.give_back()
    print(WORDS, file=sys.stderr)
    return code()


def _tell_nobody(_number: int) -> None:
    pass


@contextlib.contextmanager
def noted(tell: Callable[[int], None] = _tell_nobody) -> Iterator[Callable[[], int]]:
    """Give a function that returns the number of the signal that has come, 0 where none has.

    Meanwhile it raises nothing. tell: gets the number of every signal.
    """

    def came(number: int, _frame: Any) -> None:
        tell(number)
        _asked.note(number)

    _asked.forget()
    before = _hand_to(came)
    try:
        yield lambda: _asked.number
    finally:
        _give_back(before)


@contextlib.contextmanager
def held() -> Iterator[None]:
    """Start processes that are to call leave_to_parent(); no signal reaches them until they do.

    They inherit that signals are blocked. One that comes meanwhile is raised here afterwards, when
    they can be ended: a process that is half started would end with a traceback. A library's
    thread may take a signal that is blocked in this one, so the handler only notes it.
    """
    from multiprocessing import resource_tracker  # here: a command must be stoppable before

    resource_tracker.ensure_running()  # else a process starts it first, and that unblocks signals
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    came: list[int] = []
    before = _hand_to(lambda number, _frame: came.append(number))
    try:
        yield
    finally:
        _give_back(before)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        if came:
            signal.raise_signal(came[0])


def leave_to_parent() -> None:
    """Let signals to a terminal's processes go to the parent alone, which ends this one."""
    os.setpgrp()
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)  # forgets one that has come meanwhile
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
