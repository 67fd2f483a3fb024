"""allinone analyze in several processes: the same bytes as in one, whatever stops it."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from analysis_runs import COMMAND, faces_in, write_photos
from conftest import ROOT, run, run_well, started

from allinone.analysis.work import ahead

COUNT, BAD = 15, 4
QUICK = ["--engine", "opencv", "--smallest", "60", "--batch", "2"]


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """A folder of fifteen pictures: a face, mirrored by turns, and one that cannot be read."""
    folder = tmp_path_factory.mktemp("photos")
    write_photos(folder, COUNT, BAD)
    return folder


@pytest.fixture(scope="module")
def alone(photos, tmp_path_factory):
    """The folder that one process leaves."""
    out = tmp_path_factory.mktemp("alone") / "out"
    done = run(COMMAND, photos, "--out", out, "--workers", "1", "--csv", *QUICK)
    assert done.returncode == 2 and done.stderr.count("error: ") == 1, done.stderr
    return out


def contents(folder):
    """Return {name: bytes} of what an analysis leaves."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".json"}


def test_more_processes_leave_the_same_bytes_in_the_same_order(photos, alone, tmp_path):
    out = tmp_path / "out"
    done = run(COMMAND, photos, "--out", out, "--workers", "3", "--csv", *QUICK)
    assert done.returncode == 2 and f"{COUNT - 1} analyzed, 1 could not be read" in done.stdout
    assert done.stderr.count(f"error: {photos}/{BAD:02d}.png: no picture") == 1
    assert contents(out) == contents(alone)
    found = [os.path.basename(face.image) for face in faces_in(out)]
    assert found == [f"{number:02d}.png" for number in range(COUNT)]


def test_boxes_reach_every_process(photos, tmp_path):
    boxes = tmp_path / "boxes.csv"
    rows = [f"{photos}/{number:02d}.png,{60 + number},20,150,140" for number in (0, 3, 8)]
    boxes.write_text("\n".join(["image,x1,y1,x2,y2", *rows]) + "\n")
    for workers in ("1", "2"):
        out = tmp_path / workers
        given = ["--boxes", boxes, "--engine", "opencv", "--batch", "1", "--workers", workers]
        run(COMMAND, photos, "--out", out, *given)
    assert contents(tmp_path / "1") == contents(tmp_path / "2")
    described = {face.image: face.box for face in faces_in(tmp_path / "2") if face.box}
    assert described == {
        f"{photos}/{number:02d}.png": [60 + number, 20, 150, 140] for number in (0, 3, 8)
    }


def children(pid):
    """Return the numbers of a process's children that work: of Python's own they are not all."""
    with open(f"/proc/{pid}/task/{pid}/children") as stream:
        found = stream.read().split()
    working = []
    for child in found:
        with open(f"/proc/{child}/cmdline") as stream:
            if "spawn_main" in stream.read():
                working.append(int(child))
    return working


def stopped_amid(out, given, stop):
    """Start an analysis, call stop(process) when its first lines are there; return (code, said)."""
    process = started([sys.executable, "-m", COMMAND, *map(str, given), "--out", str(out), *QUICK])
    partial, deadline = out / "faces.jsonl.partial", time.monotonic() + 60
    while not (partial.is_file() and partial.stat().st_size) and time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    stop(process)
    return process.wait(60), process.communicate()[1]


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="looks into /proc")
def test_after_ctrl_c_it_goes_on_to_the_same_bytes(photos, alone, tmp_path):
    out = tmp_path / "out"
    given = [photos, "--workers", "2", "--csv"]
    code, said = stopped_amid(out, given, lambda one: os.killpg(one.pid, signal.SIGINT))
    assert code == 130 and "interrupted: what is finished is kept" in said
    assert "Traceback" not in said and not (out / "faces.jsonl").exists()
    run(COMMAND, photos, "--out", out, "--workers", "3", "--csv", *QUICK)
    assert contents(out) == contents(alone)


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="looks into /proc")
def test_after_the_death_of_a_process_it_goes_on_to_the_same_bytes(photos, alone, tmp_path):
    out = tmp_path / "out"

    def kill_a_worker(process):
        os.kill(children(process.pid)[0], signal.SIGKILL)

    code, said = stopped_amid(out, [photos, "--workers", "2", "--csv"], kill_a_worker)
    assert code == 2 and "one of the 2 processes that work has died" in said
    assert "fewer workers" in said and "Traceback" not in said
    run(COMMAND, photos, "--out", out, "--workers", "1", "--csv", *QUICK)
    assert contents(out) == contents(alone)


def test_few_pictures_need_no_further_process(photos, tmp_path):
    """Two pictures share a call: this process's own analyzer does it."""
    code = (
        "import sys; from allinone.analysis import crew; from allinone.commands import analyze\n"
        "crew.elsewhere = None\nsys.exit(analyze.main(sys.argv[1:]))"
    )
    given = [photos / "00.png", photos / "01.png", "--out", tmp_path, *QUICK]
    subprocess.run([sys.executable, "-c", code, *map(str, given)], cwd=ROOT, check=True)
    assert len(faces_in(tmp_path)) == 2


def test_the_next_is_read_while_one_is_worked_on():
    second = threading.Event()

    def read(number):
        if number == 1:
            second.set()
        return number

    found = ahead(read, range(3))
    assert next(found) == 0 and second.wait(20)
    assert list(found) == [1, 2]
    assert list(ahead(read, [])) == []


def test_what_one_cannot_read_comes_in_its_turn():
    def read(number):
        return 1 // number

    found = ahead(read, [1, 0, 1])
    assert next(found) == 1
    with pytest.raises(ZeroDivisionError):
        next(found)


@pytest.mark.parametrize(
    "given, says",
    [
        (["--workers", "0"], "--workers 0: must be a whole number from 1"),
        (["--workers", "2", "--dask", "tcp://a:1"], "not allowed with argument"),
        (["--dask", "nowhere"], "'nowhere' is no address of a scheduler"),
        (
            ["--start", "1"],
            "--every, --start, --end, --search-every: are of videos, and none is among the inputs",
        ),
        (["--every", "2"], "--every, --start, --end, --search-every: are of videos"),
        (["--start", "1e308"], "must be a number from 0 up to 1e+09"),
        (["--start", "3", "--end", "2"], "--end 2: must be above --start 3"),
    ],
)
def test_what_makes_no_sense_is_refused(photos, tmp_path, expect_refusal, given, says):
    expect_refusal(COMMAND, [photos, "--out", tmp_path / "out", *QUICK, *given], says)


def test_make_hands_on_how_many(photos):
    """The variable is CORES, as of training."""
    done = subprocess.run(
        ["make", "-n", "analyze", f"IN={photos}", "CORES=3"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert "--workers '3'" in done.stdout, done.stdout + done.stderr
    done = subprocess.run(
        ["make", "-n", "analyze", f"IN={photos}"], cwd=ROOT, capture_output=True, text=True
    )
    assert "tools.analyze" in done.stdout and "--workers" not in done.stdout


def test_a_picture_alone_is_as_before(photos, tmp_path):
    run_well(COMMAND, photos / "00.png", "--out", tmp_path, *QUICK)
    assert [face.number for face in faces_in(tmp_path)] == [1]


def test_where_dask_is_not_there_it_is_said(photos, tmp_path):
    (tmp_path / "distributed.py").write_text("raise ImportError('No module named distributed')")
    given = [photos / "00.png", "--out", tmp_path / "out", *QUICK, "--dask", "tcp://a:1"]
    done = run(COMMAND, *given, PYTHONPATH=str(tmp_path))
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "error: dask: No module named distributed; pip install distributed" in done.stderr
