"""Snapshots: whole or not at all, whatever happens while they are written."""

import os
import re
import shutil
import subprocess
from types import SimpleNamespace

import numpy as np
import pytest
from training_runs import snapshot_of

from allinone import snapshots
from allinone.errors import InputError


class Killed(BaseException):
    """Stands for a SIGKILL."""


@pytest.mark.parametrize(
    "moment", ["while Caffe writes", "between the two files", "before the old ones go"]
)
def test_a_kill_in_the_middle_of_a_snapshot_leaves_one_that_resumes(
    chain, tmp_path, monkeypatch, moment
):
    """What is on the disk at each moment of a snapshot, as a SIGKILL would leave it."""
    run = tmp_path / "run"
    shutil.copytree(chain / "run", run)
    for iteration in (15, 20):
        for kind in ("solverstate", "caffemodel"):
            os.remove(snapshot_of(run, iteration, kind))
    partial = run / "snapshots" / "partial"

    def solver_writes():
        for kind in ("caffemodel", "solverstate"):
            shutil.copy(snapshot_of(chain / "run", 15, kind), partial / f"run_iter_15.{kind}")
        if moment == "while Caffe writes":
            with open(partial / "run_iter_15.solverstate", "r+b") as stream:
                stream.truncate(100)
            raise Killed

    replace, renamed = os.replace, []

    def rename(source, target):
        if moment == "between the two files" and renamed:
            raise Killed
        renamed.append(target)
        replace(source, target)

    def remove(path):
        raise Killed

    solver = SimpleNamespace(iter=15, snapshot=solver_writes, net=SimpleNamespace(params={}))
    monkeypatch.setattr(os, "replace", rename)
    monkeypatch.setattr(os, "remove", remove)
    monkeypatch.setattr(snapshots, "KEEP", 1)
    with pytest.raises(Killed):
        snapshots.save(solver, str(run))
    monkeypatch.undo()
    newest = snapshots.iteration_of(snapshots.newest_whole(str(run)))
    assert newest == (15 if moment == "before the old ones go" else 10)


@pytest.mark.parametrize("kind", ["caffemodel", "solverstate"])
@pytest.mark.parametrize("place", [0.02, 0.5, 0.99])
def test_a_bit_that_flips_in_a_snapshot_is_noticed_and_the_one_before_is_used(
    chain, tmp_path, capsys, kind, place
):
    run = tmp_path / "run"
    shutil.copytree(chain / "run", run)
    flip(snapshot_of(run, 20, kind), place)
    assert snapshots.iteration_of(snapshots.newest_whole(str(run))) == 15
    said = capsys.readouterr().out
    assert "skipping a damaged snapshot" in said and f"iter_0000020.{kind}" in said
    kept = {path.name for path in (run / "snapshots" / "damaged").iterdir()}
    assert kept == {f"iter_0000020.{one}" for one in ("caffemodel", "sha256", "solverstate")}


def flip(path, place):
    """Change a bit of a file, at a share of its length."""
    with open(path, "r+b") as stream:
        where = int(os.path.getsize(path) * place)
        stream.seek(where)
        byte = stream.read(1)[0]
        stream.seek(where)
        stream.write(bytes([byte ^ 16]))


def test_hashes_of_a_snapshot_are_those_of_sha256sum(chain):
    checked = subprocess.run(
        ["sha256sum", "--check", "--strict", "iter_0000020.sha256"],
        cwd=chain / "run" / "snapshots",
        capture_output=True,
        text=True,
    )
    assert checked.returncode == 0 and checked.stdout.count(": OK") == 2


def test_weights_of_a_damaged_snapshot_are_refused(chain, tmp_path):
    run = tmp_path / "my run [1] *"  # no pattern
    shutil.copytree(chain / "run", run)
    newest = snapshot_of(run, 20)
    assert snapshots.newest(str(run)) == str(newest)
    assert snapshots.newest_whole(str(run)) == str(snapshot_of(run, 20, "solverstate"))
    flip(newest, 0.5)
    for source in (run, newest):
        with pytest.raises(
            InputError, match=re.escape(f"{newest}: is not the file that was saved")
        ):
            snapshots.weights_of(str(source))
    assert snapshots.weights_of(str(snapshot_of(run, 15))) == str(snapshot_of(run, 15))


def test_a_snapshot_from_before_hashes_were_kept_is_used_and_said(chain, tmp_path, capsys):
    run = tmp_path / "run"
    shutil.copytree(chain / "run", run)
    for path in (run / "snapshots").glob("*.sha256"):
        path.unlink()
    assert snapshots.newest_whole(str(run)) == str(snapshot_of(run, 20, "solverstate"))
    assert "has no hashes beside it" in capsys.readouterr().out


def test_a_folder_in_the_place_of_a_snapshot_is_skipped(chain, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(chain / "run", run)
    newest = snapshot_of(run, 20)
    newest.unlink()
    (newest / "inside").mkdir(parents=True)
    assert snapshots.iteration_of(snapshots.newest_whole(str(run))) == 15
    assert (run / "snapshots" / "damaged" / newest.name / "inside").is_dir()


def solver_with(weights):
    """Return as much of a solver at iteration 7 as saving needs."""
    params = {"det/conv1": [SimpleNamespace(data=np.array(weights))]}
    return SimpleNamespace(iter=7, net=SimpleNamespace(params=params))


def test_a_full_disk_stops_before_caffe_would_abort(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=10))
    with pytest.raises(InputError, match="no room left on the disk.*--resume"):
        snapshots.save(solver_with([0.0] * 100), str(tmp_path))


def test_weights_that_are_no_numbers_are_not_saved(tmp_path):
    with pytest.raises(InputError, match="weights of 'det/conv1' are no numbers at iteration 7"):
        snapshots.save(solver_with([1, np.nan]), str(tmp_path))


def test_a_run_a_model_and_a_single_snapshot_have_weights_net_and_profile(chain):
    run, model = str(chain / "run"), str(chain / "model")
    newest = str(snapshot_of(chain / "run", 20))
    assert snapshots.weights_of(run) == snapshots.weights_of(newest) == newest
    assert snapshots.net_of(newest) == f"{run}/train.prototxt"
    fused = snapshots.weights_of(model)
    assert fused == f"{model}/allinone.caffemodel"
    assert snapshots.net_of(fused) == f"{model}/deploy.prototxt"
    assert {snapshots.profile_of(source) for source in (run, newest, model, fused)} == {"tiny"}
    shared = set(snapshots.parameters(fused))
    assert {"conv1/w", "fc_full/b", "fc7/a"} <= shared <= set(snapshots.parameters(newest))


def test_what_has_no_weights_is_named(tmp_path):
    with pytest.raises(InputError, match="none: no such run, model or caffemodel"):
        snapshots.weights_of(str(tmp_path / "none"))
    with pytest.raises(InputError, match="snapshots: no snapshot there; train first"):
        snapshots.weights_of(str(tmp_path))


def test_snapshots_that_may_not_be_made_are_a_sentence(tmp_path):
    """Caffe would end with an exception of its file system library."""
    folder = tmp_path / snapshots.PARTIAL
    folder.mkdir(parents=True)
    folder.chmod(0)
    if os.access(folder, os.W_OK):
        pytest.skip("this user may write everywhere")
    with pytest.raises(InputError, match="partial: no right to write"):
        snapshots.remove_unfinished(str(tmp_path))
    folder.chmod(0o700)
