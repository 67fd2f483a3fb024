"""Runs commands as `python -m` does, in processes that need not import the heavy libraries again.

    python tests/fork_server.py FD

FD is a socket of whole messages. Each message is a JSON list, a module and its arguments, with
three files: where the exit code is written to, output, errors. tests/command_runs.py asks.
"""

import atexit
import gc
import importlib
import json
import os
import runpy
import socket
import sys
import threading
import traceback

HEAVY = (
    "allinone.pycaffe",
    "cv2",
    "h5py",
    "lmdb",
    "matplotlib.backends.backend_agg",
    "matplotlib.figure",
    "msgspec",
    "onnxruntime",
    "PIL.Image",
    "scipy.stats",
    "sklearn.metrics",
    "tqdm",
)
LONGEST = 1 << 20  # bytes of a message


def exit_code(end):
    """Return the exit code that a SystemExit stands for; print its words, as Python does."""
    if end.code is None or isinstance(end.code, int):
        return end.code or 0
    print(end.code, file=sys.stderr)
    return 1


def become_command(arguments, files):
    """Run a module in this process, and end the process as Python does.

    Nothing is taken down, as Python would: that costs more than many a command.
    """
    _, out, errors = files
    null = os.open(os.devnull, os.O_RDONLY)
    for number, file in enumerate((null, out, errors)):
        os.dup2(file, number)
    for file in (null, *files):
        os.close(file)
    sys.argv, code = arguments, 0
    try:
        runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)
    except SystemExit as end:
        code = exit_code(end)
    except BaseException:
        traceback.print_exc()
        code = 1
    threading._shutdown()  # waits for its threads
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code & 0xFF)


def serve(line):
    """Fork for each message; return (arguments, files) in the process that is to be the command.

    None at the end. Between this process and each command stands one that waits for its end.
    """
    while True:
        message, files, _, _ = socket.recv_fds(line, LONGEST, 3)
        if not message:
            return None
        waiting = os.fork()
        if waiting == 0:
            command = os.fork()
            if command == 0:
                line.close()
                return json.loads(message), files
            code = os.waitstatus_to_exitcode(os.waitpid(command, 0)[1])
            os.write(files[0], str(code).encode())
            os._exit(0)
        for file in files:
            os.close(file)
        collect_ended()


def collect_ended():
    """Collect the processes that have waited for a command to the end."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def main():
    """Import what is heavy; serve."""
    line = socket.socket(fileno=int(sys.argv[1]))
    sys.path[0] = os.getcwd()  # as `python -m` has it
    for name in HEAVY:
        importlib.import_module(name)
    closure = importlib.import_module("allinone.closure")
    closure.hash_of(["tools.recipes.demo"])  # it keeps what it finds out about the texts of code
    gc.collect()
    gc.freeze()  # what is here stays: a command's collections need not copy it
    asked = serve(line)
    if asked:
        become_command(*asked)


if __name__ == "__main__":
    main()
