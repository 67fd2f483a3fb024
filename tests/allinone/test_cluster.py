"""Work on a dask cluster of this machine: results as of one process, deaths, what is refused."""

import json
import os
import signal
import subprocess
import sys
import time

import cv2
import pytest
import video_files
from analysis_runs import COMMAND, faces_in, photo, write_photos
from clusters import started_in, worker_pids
from conftest import ROOT, run, run_well, started

from allinone import analyze_files, cluster
from allinone.analysis import crew
from allinone.analysis import run as analysis
from allinone.analysis.settings import Settings
from allinone.errors import InputError

distributed = pytest.importorskip("distributed", reason="dask is not there; make setup")

COUNT, BAD = 10, 7
QUICK = ["--engine", "opencv", "--smallest", "60", "--batch", "1"]


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """A folder of ten pictures, one of which cannot be read, and a video."""
    folder = tmp_path_factory.mktemp("photos")
    write_photos(folder, COUNT, BAD)
    video_files.write(folder / "film.avi", [cv2.resize(photo(), (240, 200))] * 3)
    return folder


@pytest.fixture(scope="module")
def alone(photos, tmp_path_factory):
    """The folder that one process leaves."""
    out = tmp_path_factory.mktemp("alone") / "out"
    run(COMMAND, photos, photos / "film.avi", "--out", out, "--csv", "--workers", "1", *QUICK)
    return out


def contents(folder):
    """Return {name: bytes} of what an analysis leaves."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".json"}


def test_a_cluster_leaves_the_same_bytes(local_cluster, photos, alone, tmp_path):
    """Also with paths that are relative to where the command is started, not the workers."""
    out, inside = tmp_path / "out", ["photos", "photos/film.avi", "--out", "out", "--csv"]
    os.symlink(photos, tmp_path / "photos")
    command = [sys.executable, "-m", COMMAND, *inside, *QUICK, "--dask"]
    done = subprocess.run(
        [*command, local_cluster.scheduler_address],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": ROOT},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2 and "Traceback" not in done.stderr, done.stderr
    assert done.stderr.count("error: ") == 1 and f"photos/{BAD}.png" in done.stderr
    expected = {
        name: text.replace(str(photos).encode(), b"photos")
        for name, text in contents(alone).items()
    }
    assert contents(out) == expected


def test_what_a_dead_worker_had_is_done_by_another(local_cluster, photos, alone, tmp_path):
    """One of two is killed when the first results are there."""
    out, before = tmp_path / "out", worker_pids(local_cluster)
    given = [photos, photos / "film.avi", "--out", out, "--csv", *QUICK]
    address = local_cluster.scheduler_address
    command = [sys.executable, "-m", COMMAND, *map(str, given), "--dask", address]
    with started(command) as process:
        deadline = time.monotonic() + 60
        while not list(out.glob("*.png")) and time.monotonic() < deadline:
            time.sleep(0.01)
        os.kill(before[0], signal.SIGKILL)
        said = process.communicate(timeout=120)[1]
    assert process.returncode == 2 and "Traceback" not in said, said
    assert contents(out) == contents(alone)
    local_cluster.get_client().wait_for_workers(2, timeout=60)
    assert before[0] not in worker_pids(local_cluster)


def test_a_command_that_was_stopped_goes_on(local_cluster, photos, alone, tmp_path):
    out, address = tmp_path / "out", local_cluster.scheduler_address
    given = [photos, photos / "film.avi", "--out", out, "--csv", *QUICK, "--dask", address]
    partial, deadline = out / "faces.jsonl.partial", time.monotonic() + 60
    with started([sys.executable, "-m", COMMAND, *map(str, given)]) as process:
        while not (partial.is_file() and partial.stat().st_size) and time.monotonic() < deadline:
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGINT)
        said = process.communicate(timeout=60)[1]
    assert process.returncode == 130 and "Traceback" not in said, said
    run(COMMAND, *given)
    assert contents(out) == contents(alone)


def test_a_program_names_a_cluster_too(local_cluster, photos):
    paths = [str(photos / f"{number}.png") for number in range(6)]
    settings = dict(engine="opencv", smallest=60)
    found = list(analyze_files(paths, local_cluster.scheduler_address, **settings))
    assert [one.path for one in found] == paths and all(len(one.faces) == 1 for one in found)


def test_items_are_taken_as_results_are_asked_for(local_cluster, photos):
    taken = []

    def endless():
        while True:
            taken.append(0)
            yield str(photos / "0.png")

    settings = dict(engine="opencv", smallest=60)
    results = analyze_files(endless(), local_cluster.scheduler_address, **settings)
    assert next(results).faces and len(taken) <= 4 * 2 * cluster.AHEAD + 8
    results.close()


def test_dask_has_an_address_of_its_own(local_cluster, photos, tmp_path):
    given = [photos / "0.png", photos / "1.png", "--out", tmp_path, *QUICK, "--dask", "config"]
    address = local_cluster.scheduler_address
    done = run(COMMAND, *given, DASK_SCHEDULER_ADDRESS=address)
    assert done.returncode == 0, done.stderr
    assert len(faces_in(tmp_path)) == 2


def test_work_whose_workers_die_again_and_again_is_a_sentence(photos, tmp_path, monkeypatch):
    """dask gives up what has killed too many; here one is. The cluster is this test's own."""
    paths = [str(photos / "0.png")] * 60
    with started_in(tmp_path, distributed) as own:
        monkeypatch.setattr(own.scheduler, "allowed_failures", 0)
        results = analyze_files(paths, own.scheduler_address, engine="opencv", smallest=60)
        next(results)
        for pid in worker_pids(own):
            os.kill(pid, signal.SIGKILL)
        with pytest.raises(InputError, match="dask: one worker after another has died"):
            list(results)


def test_a_scheduler_that_goes_is_a_sentence(photos, tmp_path):
    """Scheduler and worker are started by their own commands, as on machines."""
    known = tmp_path / "scheduler.json"
    common = ["--scheduler-file", str(known), "--no-dashboard"]
    dask = [sys.executable, "-m", "distributed.cli.dask_"]
    scheduler = started([*dask[:2], f"{dask[2]}scheduler", "--port", "0", *common])
    there = ["--nthreads", "1", "--no-nanny", "--local-directory", str(tmp_path)]
    worker = started([*dask[:2], f"{dask[2]}worker", *there, *common])
    try:
        deadline = time.monotonic() + 60
        while not known.is_file() and time.monotonic() < deadline:
            time.sleep(0.05)
        address = json.loads(known.read_text())["address"]
        results = analyze_files([str(photos / "0.png")] * 60, address, engine="opencv", smallest=60)
        next(results)
        scheduler.kill()
        with pytest.raises(InputError, match="dask: the scheduler at tcp://.* has gone"):
            list(results)
    finally:
        for process in (scheduler, worker):
            process.kill()
            process.communicate()


def test_other_code_on_a_worker_is_refused(local_cluster, photos, monkeypatch):
    monkeypatch.setattr(cluster.closure, "hash_of", lambda modules: "another")
    with pytest.raises(InputError, match="the kit of a worker .* is another"):
        list(analyze_files([str(photos / "0.png")] * 9, local_cluster.scheduler_address))


def test_another_model_on_a_worker_is_refused(local_cluster, photos, tmp_path, monkeypatch):
    monkeypatch.setattr(crew, "models_of", lambda analyzer: [{"a": "1"}] * 2)
    settings = Settings(
        [str(photos)],
        str(tmp_path),
        engine="opencv",
        workers=local_cluster.scheduler_address,
        without_pictures=True,
    )
    with pytest.raises(InputError, match="models/small: on the machine of a worker"):
        analysis.run(settings)


def test_nobody_and_nothing_there_is_said(photos, monkeypatch, tmp_path):
    monkeypatch.setattr(cluster, "PATIENCE", 1.0)
    paths = [str(photos / "0.png")] * 9
    with pytest.raises(InputError, match="dask: no scheduler answers at tcp://127.0.0.1:9"):
        list(analyze_files(paths, "tcp://127.0.0.1:9"))
    with distributed.LocalCluster(n_workers=0, dashboard_address=":0") as empty:
        with pytest.raises(InputError, match="dask: nobody works for tcp://.*start some"):
            list(analyze_files(paths, empty.scheduler_address))
    monkeypatch.delenv("DASK_SCHEDULER_ADDRESS", raising=False)
    with pytest.raises(InputError, match="configuration has no scheduler-address"):
        list(analyze_files(paths, "config"))


def test_a_camera_is_at_this_machine(expect_refusal, tmp_path):
    expect_refusal(COMMAND, ["0", "--out", tmp_path, "--dask", "tcp://a:1"], "leave --dask out")


def test_few_pictures_go_to_the_cluster_as_well(local_cluster, photos, tmp_path):
    address = local_cluster.scheduler_address
    run_well(COMMAND, photos / "0.png", "--out", tmp_path, *QUICK, "--dask", address)
    assert len(faces_in(tmp_path)) == 1
