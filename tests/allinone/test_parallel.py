import os
import signal
import subprocess
import sys
import time

import cv2
import pytest
from conftest import ROOT, started, with_ctrl_c

from allinone import parallel
from allinone.errors import InputError


def doubled(numbers):
    return [number * 2 for number in numbers]


def process(numbers):
    return [os.getpid() for _ in numbers]


def threads(numbers):
    return [(cv2.getNumThreads(), os.environ["OPENBLAS_NUM_THREADS"]) for _ in numbers]


def refuse(numbers):
    raise InputError(f"{numbers[0]} is no good")


def die_at_5(numbers):
    if 5 in numbers:
        os._exit(3)
    return numbers


def killed_at_5(numbers):
    if 5 in numbers:
        os.kill(os.getpid(), signal.SIGKILL)
    return numbers


def large(numbers):
    return [bytes(5_000_000) for _ in numbers]


def test_results_come_in_order_and_no_more_is_under_way_than_needed():
    """What keeps memory flat: items are taken from their source only as results are."""
    taken = []
    source = (taken.append(number) or number for number in range(1000))
    results = parallel.in_order(doubled, source, workers=2, chunk=10)
    assert next(results) == (0, 0) and len(taken) == 2 * parallel.AHEAD * 10
    assert list(results) == [(number, number * 2) for number in range(1, 1000)]


def test_the_work_is_done_by_other_processes():
    found = {number for _, number in parallel.in_order(process, range(8), workers=2)}
    assert os.getpid() not in found and len(found) <= 2


@pytest.mark.parametrize("said", [None, "3"])
def test_each_process_computes_with_one_thread_unless_the_user_says_otherwise(monkeypatch, said):
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    if said:
        monkeypatch.setenv("OPENBLAS_NUM_THREADS", said)
    found = {number for _, number in parallel.in_order(threads, range(4), workers=1)}
    assert found == {(1, said or "1")} and os.environ.get("OPENBLAS_NUM_THREADS") == said


def test_nothing_to_do_is_done_at_once():
    assert list(parallel.in_order(doubled, [])) == []


@pytest.mark.parametrize("work", [die_at_5, killed_at_5])
def test_a_process_that_dies_is_a_sentence_and_no_hang(work):
    start = time.monotonic()
    with pytest.raises(InputError, match="one of the 2 processes that work has died"):
        list(parallel.in_order(work, range(1000), workers=2))
    assert time.monotonic() - start < 20


def test_processes_that_die_amid_a_message_are_a_sentence_too(own_children):
    results = parallel.in_order(large, range(50), workers=2)
    next(results)
    for process in own_children():  # they wait for this one to read on
        process.kill()
    with pytest.raises(InputError, match="has died"):
        list(results)


def test_what_a_process_refuses_is_refused_here():
    with pytest.raises(InputError, match="is no good"):
        list(parallel.in_order(refuse, range(100), workers=2))


LARGE = """
import os, sys
from allinone import parallel
from allinone.errors import command

def work(items):
    if sys.argv[1] == "dies":
        os.kill(os.getpid(), 9)
    return items

@command
def main(argv=None):
    large = (bytes(200_000) for _ in range(40))  # more than a pipe holds
    for _ in parallel.in_order(work, large, workers=2):
        if sys.argv[1] == "is left":
            os.kill(os.getpid(), 2)

if __name__ == "__main__":
    sys.exit(main())
"""


@pytest.mark.parametrize("how, code", [("ends", 0), ("dies", 2), ("is left", 130)])
def test_large_items_that_nobody_reads_any_more_hold_nothing_up(tmp_path, how, code):
    (tmp_path / "large.py").write_text(LARGE)
    done = subprocess.run(
        [sys.executable, "large.py", how],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": ROOT},
        stderr=subprocess.PIPE,
        text=True,
        timeout=120,
        preexec_fn=with_ctrl_c,
    )
    assert done.returncode == code and "Traceback" not in done.stderr, done.stderr


LONG = """
import os
import sys
import time
from allinone import parallel
from allinone.errors import command

def minute(folders):
    open(os.path.join(folders[0], str(os.getpid())), "w").close()
    time.sleep(60)
    return folders

@command
def main(argv=None):
    list(parallel.in_order(minute, [sys.argv[1]] * 8, workers=2))

if __name__ == "__main__":
    sys.exit(main())
"""


def alive(pid):
    """Tell whether a process is there and no zombie."""
    try:
        with open(f"/proc/{pid}/stat") as stream:
            return stream.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="looks into /proc")
@pytest.mark.parametrize("number, code", [(signal.SIGINT, 130), (signal.SIGKILL, -9)])
def test_processes_end_with_the_one_that_started_them(tmp_path, number, code):
    """Each item takes a minute: Ctrl-C (to all of them) and kill -9 end them at once.

    A process leaves a file of its name when it begins.
    """
    script, marks = tmp_path / "long.py", tmp_path / "marks"
    script.write_text(LONG)
    marks.mkdir()
    environment = {**os.environ, "PYTHONPATH": ROOT}
    command = [sys.executable, str(script), str(marks)]
    with started(command, env=environment, stdout=subprocess.DEVNULL) as running:
        deadline = time.monotonic() + 60
        while len(os.listdir(marks)) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        workers = [int(name) for name in os.listdir(marks)]
        if number == signal.SIGINT:
            os.killpg(running.pid, number)
        else:
            running.send_signal(number)
        message = running.communicate(timeout=20)[1]
    assert running.returncode == code and len(workers) == 2, message
    assert "Traceback" not in message and ("interrupted" in message) == (code == 130)
    deadline = time.monotonic() + 10
    while any(map(alive, workers)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(alive, workers))


def test_a_program_that_lets_its_processes_start_it_again_is_told(tmp_path):
    text = (
        "from allinone import parallel\nlist(parallel.in_order(sorted, [[2, 1]] * 9, workers=1))\n"
    )
    (tmp_path / "bare.py").write_text(text)
    done = subprocess.run(
        [sys.executable, "bare.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": ROOT},
        stderr=subprocess.PIPE,
        text=True,
        timeout=120,
    )
    assert done.returncode == 1 and "only where its __name__ is '__main__'" in done.stderr
