"""Ctrl-C and SIGTERM at every moment of a command: while it imports, works, tidies up and ends."""

import os
import random
import signal
import subprocess
import sys
import time

import pytest
from conftest import ROOT, started, with_ctrl_c

CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}
# One of every package that has commands.
COMMANDS = (
    "allinone analyze",
    "tools.analyze",
    "tools.recipes.demo",
    "data_prep.build_db",
    "evaluate.measure",
    "prototxt.generate",
    "examples.analyze_photograph",
)
# Leaves the file `ready` when the signal may come, and `tidied` when it has tidied up.
PROGRAM = """
import os, signal, sys, time
from allinone.errors import command

def mark(name):
    open(name, "w").close()

def wait():
    mark("ready")
    time.sleep(60)

class Slow:
    def __del__(self):
        wait()

def works():
    wait()

def tidies_up_for_long():
    try:
        signal.raise_signal(signal.SIGINT)
    finally:
        wait()

def told_twice():
    try:
        signal.raise_signal(signal.SIGTERM)
    finally:
        signal.raise_signal(signal.SIGTERM)
        mark("tidied")

def in_a_destructor():
    Slow()
    time.sleep(60)

def made_into_another_error():
    try:
        wait()
    except KeyboardInterrupt:
        sys.excepthook(*sys.exc_info())  # as PyErr_Print of numpy and of Caffe
        raise ImportError("numpy.core.multiarray failed to import") from None

def ignored():
    signal.raise_signal(signal.SIGINT)
    mark("tidied")

@command
def main(argv=None):
    globals()[sys.argv[1]]()

if __name__ == "__main__":
    sys.exit(main())
"""


def start(folder, work, prepare=with_ctrl_c):
    """Start the program above in a folder."""
    (folder / "program.py").write_text(PROGRAM)
    return subprocess.Popen(
        [sys.executable, "program.py", work],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": ROOT},
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=prepare,
    )


def wait_for(path, running):
    while not path.exists():
        assert running.poll() is None, running.stderr.read()
        os.sched_yield()


def check(running, code):
    """Check that a stopped program says so in one line, and its exit code."""
    text = running.communicate(timeout=60)[1]
    own = [line for line in text.splitlines() if line and not line.startswith("import time:")]
    assert running.returncode == code, text
    assert own == ["interrupted: what is finished is kept"], text


@pytest.mark.parametrize("number", CODES)
@pytest.mark.parametrize("command", COMMANDS)
def test_while_a_command_imports(command, number):
    """Python says on standard error what it has imported: the signal comes after some line."""
    modules = random.Random(f"{command} {number}").randint(1, 40)  # after the kit's own first one
    with subprocess.Popen(
        [sys.executable, "-X", "importtime", "-m", *command.split()],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=with_ctrl_c,
    ) as running:
        for line in running.stderr:
            if line.rstrip().endswith(" allinone.interrupts"):
                break
        for _ in range(modules):
            running.stderr.readline()
        running.send_signal(number)
        check(running, CODES[number])


@pytest.mark.parametrize("number", CODES)
@pytest.mark.parametrize("work", ["works", "in_a_destructor", "made_into_another_error"])
def test_while_it_works(tmp_path, work, number):
    running = start(tmp_path, work)
    wait_for(tmp_path / "ready", running)
    running.send_signal(number)
    check(running, CODES[number])


def test_pressed_again_while_it_tidies_up(tmp_path):
    running = start(tmp_path, "tidies_up_for_long")
    wait_for(tmp_path / "ready", running)
    deadline = time.monotonic() + 60
    while running.poll() is None and time.monotonic() < deadline:
        running.send_signal(signal.SIGINT)
        time.sleep(0.1)
    check(running, 130)


def test_when_its_work_is_done(tmp_path):
    """What Python still does, here for a minute, is not waited for."""
    (tmp_path / "kit").mkdir()
    start_up = "from allinone import interrupts\ninterrupts.end_while_importing()\n"
    (tmp_path / "kit" / "__init__.py").write_text(start_up)
    body = PROGRAM.replace("globals()[sys.argv[1]]()", "import atexit\n    atexit.register(wait)")
    (tmp_path / "kit" / "program.py").write_text(body)
    running = subprocess.Popen(
        [sys.executable, "-m", "kit.program"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": ROOT},
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=with_ctrl_c,
    )
    wait_for(tmp_path / "ready", running)
    running.send_signal(signal.SIGINT)
    check(running, 130)


def test_a_signal_that_is_sent_twice_does_not_cut_the_tidying_up(tmp_path):
    """As timeout(1) sends it: to the process, and to its group."""
    check(start(tmp_path, "told_twice"), 143)
    assert (tmp_path / "tidied").exists()


def test_what_a_shell_lets_a_background_job_ignore_stays_ignored(tmp_path):
    def ignore():
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    running = start(tmp_path, "ignored", ignore)
    assert running.communicate(timeout=60)[1] == "" and running.returncode == 0
    assert (tmp_path / "tidied").exists()


@pytest.mark.parametrize("how", [["-m", "app"], ["app.py"], ["-c", "import app"]])
def test_a_program_that_imports_the_kit_keeps_its_own_handlers_and_hooks(tmp_path, how):
    (tmp_path / "app.py").write_text(
        "import signal, sys\n"
        "def state():\n"
        "    handlers = [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)]\n"
        "    return handlers, sys.excepthook, sys.unraisablehook\n"
        "before = state()\n"
        "import allinone, allinone.errors, allinone.parallel, evaluate.metrics, allinone.gallery\n"
        "assert state() == before\n"
        "assert before[0] == [signal.default_int_handler, signal.SIG_DFL]\n"
    )
    done = subprocess.run(
        [sys.executable, *how],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": ROOT},
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=with_ctrl_c,
    )
    assert done.returncode == 0, done.stderr


def test_through_make(tmp_path):
    """A terminal sends Ctrl-C to make and to the command; the set-up is not what is tested."""
    for folder in (".", "tools"):
        (tmp_path / folder).mkdir(exist_ok=True)
        for name in os.listdir(os.path.join(ROOT, folder)):
            if name not in (".venv", ".git", "tools", "setup.sh"):
                (tmp_path / folder / name).symlink_to(os.path.join(ROOT, folder, name))
    (tmp_path / "tools" / "setup.sh").write_text("exit 0\n")
    (tmp_path / ".venv").symlink_to(sys.prefix)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    command = ["make", "analyze", f"IN={ROOT}/docs", f"OUT={tmp_path}/found"]
    with started(command, cwd=tmp_path, env=clean, stderr=subprocess.STDOUT) as running:
        for line in running.stdout:
            if line.startswith("model "):
                break
        os.killpg(running.pid, signal.SIGINT)
        text = running.communicate(timeout=60)[0]
    assert "interrupted: what is finished is kept" in text and "Error 130" in text, text
    assert "Traceback" not in text and running.returncode == -signal.SIGINT, text
