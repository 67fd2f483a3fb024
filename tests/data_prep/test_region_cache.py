"""Region proposals are found once, whatever stops the search, and are the same every time."""

import os
import shutil
import signal
import subprocess
import sys

import cv2
import numpy as np
import pytest
from conftest import ROOT

from allinone import FaceAnalyzer, dense, proposals, record, store
from data_prep import build_db, region_cache


@pytest.fixture
def scenes(tmp_path):
    """A records file of 80 small pictures, in three splits by turns."""
    rng = np.random.default_rng(3)
    lines = []
    for number in range(80):
        cv2.imwrite(
            str(tmp_path / f"{number}.png"),
            cv2.resize(rng.integers(0, 255, (6, 8, 3)).astype(np.uint8), (80, 60)),
        )
        lines.append(
            record.to_line(
                record.FaceRecord(f"{number}.png", box=[10, 10, 50, 50], split="abc"[number // 32])
            )
        )
    path = tmp_path / "records.jsonl"
    path.write_text("".join(lines))
    return path


def files_of(folder):
    return {
        path.relative_to(folder): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "lock.mdb"
    }


def test_proposals_are_those_of_each_picture(scenes):
    region_cache.fill(str(scenes))
    for start, pictures in region_cache.parts(str(scenes), None):
        names = [name for name, _ in pictures]
        for name, found in zip(names, region_cache.load(str(scenes), start, names)):
            np.testing.assert_array_equal(
                found, proposals.selective_search(cv2.imread(str(scenes.parent / name)))
            )


def test_two_runs_leave_identical_files(scenes, tmp_path):
    out = []
    for run in ("first", "second"):
        assert (
            build_db.main(
                [
                    "scenes",
                    "--records",
                    str(scenes),
                    "--out",
                    str(tmp_path / run),
                    "--workers",
                    "1" if run == "first" else "2",
                ]
            )
            == 0
        )
        out.append((files_of(tmp_path / run), files_of(tmp_path / region_cache.Selective.folder)))
        shutil.rmtree(tmp_path / region_cache.Selective.folder)
    assert out[0] == out[1] and len(out[0][1]) == 3


def test_a_killed_search_goes_on_where_it_was(scenes, tmp_path):
    command = [
        sys.executable,
        "-m",
        "data_prep.build_db",
        "scenes",
        "--records",
        str(scenes),
        "--out",
        str(tmp_path / "db"),
    ]
    folder = tmp_path / region_cache.Selective.folder
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as first:
        while not (folder / "00000000.h5").is_file() and first.poll() is None:
            os.sched_yield()
        first.send_signal(signal.SIGKILL)
    assert not (tmp_path / "db" / "det" / "manifest.json").exists()
    kept = {path.name: path.stat().st_mtime_ns for path in folder.glob("*.h5")}
    assert "00000000.h5" in kept
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert all((folder / name).stat().st_mtime_ns == changed for name, changed in kept.items())
    assert store.manifest(str(tmp_path / "db" / "det"))["count"] == 80


def test_only_what_has_changed_is_searched_again(scenes, tmp_path):
    region_cache.fill(str(scenes))
    folder = tmp_path / region_cache.Selective.folder
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    shutil.copyfile(tmp_path / "0.png", tmp_path / "40.png")
    region_cache.fill(str(scenes))
    after = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert [name for name in sorted(after) if after[name] != before[name]] == ["00000032.h5"]


def test_a_split_is_searched_alone(scenes, tmp_path):
    region_cache.fill(str(scenes), splits=["b"])
    assert [path.name for path in (tmp_path / region_cache.Selective.folder).iterdir()] == [
        "00000032.h5"
    ]


def test_pictures_that_change_between_search_and_building_are_noticed(
    scenes, tmp_path, monkeypatch, expect_refusal
):
    fill = region_cache.fill

    def fill_then_change(*arguments):
        fill(*arguments)
        shutil.copyfile(tmp_path / "0.png", tmp_path / "1.png")

    monkeypatch.setattr(region_cache, "fill", fill_then_change)
    expect_refusal(
        build_db.main,
        ["scenes", "--records", scenes, "--out", tmp_path / "db"],
        scenes,
        "have changed",
    )


def test_a_models_dense_net_proposes_in_the_same_way(chain, tmp_path, monkeypatch):
    """Regions of drawn scenes by the chain's model: its best windows, and the rectangles of landmarks that its own analyzer finds in them."""
    shutil.copytree(chain / "scenes", tmp_path / "scenes")
    records = str(tmp_path / "scenes" / "records.jsonl")
    command = [
        "scenes",
        "--records",
        records,
        "--regions-from",
        str(chain / "model"),
        "--out",
        str(tmp_path / "db"),
    ]
    assert build_db.main(command) == 0
    way, analyzer = (
        region_cache.Dense(str(chain / "model")),
        FaceAnalyzer(str(chain / "model"), "opencv"),
    )
    ((start, pictures),) = region_cache.parts(records, None)
    names = [name for name, _ in pictures]
    for name, found in zip(names, region_cache.load(records, start, names, way)):
        image = cv2.imread(str(tmp_path / "scenes" / name))
        windows, scores = dense.windows(analyzer.backend, image, region_cache.LEAST)
        count = min(region_cache.MOST, len(windows))
        best = windows[np.argsort(-scores, kind="stable")[:count]]
        np.testing.assert_allclose(found[:count], best, atol=1e-3)
        seen = analyzer.look(image, best)
        assert len(found) == count + (seen["score"] >= 0.3).sum()
    assert store.manifest(str(tmp_path / "db" / "det"))["proposals"] == sum(
        map(len, region_cache.load(records, start, names, way))
    )
    monkeypatch.setattr(region_cache.Dense, "search", lambda *_: iter(()))  # found once
    assert build_db.main(command) == 0
