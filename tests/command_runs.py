"""Commands of the kit as users run them, `python -m <module> <arguments>` in the root.

The first run of a command is a process that Python starts anew. Those after it are forked from one
that has imported NumPy, OpenCV, Caffe and the like (fork_server.py), which takes a third of a
second less each. The kit's own commands and all that they use are imported anew in both, but for
what finds and imports Caffe, and what keeps hashes of code (allinone.pycaffe, allinone.closure).
"""

import atexit
import json
import os
import socket
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SERVER = os.path.join(ROOT, "tests", "fork_server.py")
OF_PYTEST = "PYTEST_CURRENT_TEST"  # a variable that changes with each test


def variables():
    """Return the environment but for what changes with each test."""
    return {name: value for name, value in os.environ.items() if name != OF_PYTEST}


class Server:
    """A process that forks commands; one for each process that tests."""

    def __init__(self):
        """Start it; it ends with this process."""
        self.environment = variables()
        self.line, other_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with other_end:
            self.process = subprocess.Popen(
                [sys.executable, SERVER, str(other_end.fileno())],
                cwd=ROOT,
                pass_fds=[other_end.fileno()],
                stdin=subprocess.DEVNULL,
            )
        atexit.register(self.end)

    def end(self):
        """End it, and wait for its end."""
        self.line.close()
        self.process.wait()

    def run(self, arguments):
        """Run a module; return (exit code, output, errors)."""
        answer, answer_end = os.pipe()
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as errors:
            files = [answer_end, out.fileno(), errors.fileno()]
            socket.send_fds(self.line, [json.dumps(arguments).encode()], files)
            os.close(answer_end)
            with open(answer) as stream:
                code = int(stream.read())
            for text in (out, errors):
                text.seek(0)
            return code, out.read(), errors.read()


class Runs:
    """The commands that this process has run."""

    def __init__(self):
        """Begin with none."""
        self.started, self.server = set(), None

    def run(self, arguments, environment):
        """Run `python -m <arguments>`; return the finished process with its text."""
        if environment or arguments[0] not in self.started or not self.can_fork():
            self.started.add(arguments[0])
            return subprocess.run(
                [sys.executable, "-m", *arguments],
                cwd=ROOT,
                text=True,
                capture_output=True,
                env={**os.environ, **environment},
            )
        command = [sys.executable, "-m", *arguments]
        return subprocess.CompletedProcess(command, *self.server.run(arguments))

    def can_fork(self):
        """Tell whether a forked command gets the environment that one started anew would get."""
        if self.server is None:
            self.server = Server()
        return variables() == self.server.environment


RUNS = Runs()
