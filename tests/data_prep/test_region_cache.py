"""Region proposals are found once, whatever stops the search, and are the same every time."""

import os
import shutil
import signal
import subprocess
import sys

import cv2
import h5py
import numpy as np
import pytest
from conftest import ROOT, run_well

from allinone import FaceAnalyzer, dense, fast, proposals, record, store
from allinone.backend import Backend
from data_prep import region_cache, region_search, scenes_db
from data_prep.region_search import Dense, Selective, Windows

BUILD = "data_prep.build_db"


@pytest.fixture
def scenes(tmp_path):
    """A records file of 80 small pictures, in three splits by turns."""
    rng = np.random.default_rng(3)
    lines = []
    for number in range(80):
        noise = rng.integers(0, 255, (6, 8, 3)).astype(np.uint8)
        cv2.imwrite(str(tmp_path / f"{number}.png"), cv2.resize(noise, (80, 60)))
        split = "abc"[number // 32]
        face = record.FaceRecord(f"{number}.png", box=[10, 10, 50, 50], split=split)
        lines.append(record.to_line(face))
    path = tmp_path / "records.jsonl"
    path.write_text("".join(lines))
    return path


def build(scenes, out, **options):
    """Build the database of searched scenes in this process; return its folder."""
    scenes_db.build_scenes([str(scenes)], [], str(out), **options)
    return out / "det"


def changed(folder):
    """Return {name: when it was changed} of the files of a folder."""
    return {path.name: path.stat().st_mtime_ns for path in folder.glob("*.h5")}


def files_of(folder):
    """Return {path: bytes} of the files of a folder."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {
        path.relative_to(folder): path.read_bytes()
        for path in paths
        if path.name != "lock.mdb" and not path.name.startswith(".")
    }


def stored(folder):
    """Return the proposals of each picture of a database."""
    with h5py.File(folder / store.REGIONS) as data:
        return np.split(data["proposal"][...], data["proposal_start"][1:-1])


def test_proposals_are_those_of_each_picture(scenes, tmp_path):
    folder = build(scenes, tmp_path / "db")
    kept = []
    for start in (0, 32, 64):
        names = [f"{number}.png" for number in range(start, min(start + 32, 80))]
        kept += region_cache.load(str(scenes), start, names, Selective)
    assert len(kept) == len(stored(folder)) == 80
    for number, (found, there) in enumerate(zip(kept, stored(folder))):
        known = proposals.selective_search(cv2.imread(str(tmp_path / f"{number}.png")))
        np.testing.assert_array_equal(found.proposals, known)
        np.testing.assert_array_equal(there, known)


def test_a_part_of_other_pictures_or_of_another_search_counts_for_nothing(scenes, tmp_path):
    build(scenes, tmp_path / "db")
    names = [f"{number}.png" for number in range(32)]
    assert region_cache.load(str(scenes), 0, names, Selective)
    assert region_cache.load(str(scenes), 0, names[::-1], Selective) is None
    assert region_cache.load(str(scenes), 32, names, Selective) is None

    class Other(Selective):
        name = "slow"

    assert region_cache.load(str(scenes), 0, names, Other) is None
    path = region_cache.path_of(str(scenes), 0, Selective)
    with open(path, "wb") as stream:
        stream.write(b"not ours")
    assert region_cache.load(str(scenes), 0, names, Selective) is None


def test_two_runs_leave_identical_files(scenes, tmp_path):
    out, kept = [], tmp_path / Selective.folder
    for run, workers in (("first", 1), ("second", 2)):
        base = ["scenes", "--records", scenes, "--out", tmp_path / run]
        run_well(BUILD, *base, "--workers", workers)
        out.append((files_of(tmp_path / run), files_of(kept)))
        shutil.rmtree(kept)
    assert out[0] == out[1] and len(out[0][1]) == 3


def test_a_killed_search_goes_on_where_it_was(scenes, tmp_path):
    base = ["scenes", "--records", str(scenes), "--out", str(tmp_path / "db")]
    folder = tmp_path / Selective.folder
    with subprocess.Popen(
        [sys.executable, "-m", BUILD, *base], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as first:
        while not (folder / "00000000.h5").is_file() and first.poll() is None:
            os.sched_yield()
        first.send_signal(signal.SIGKILL)
    assert not (tmp_path / "db" / "det" / "manifest.json").exists()
    kept = changed(folder)
    assert "00000000.h5" in kept
    run_well(BUILD, *base)
    assert {name: changed(folder)[name] for name in kept} == kept
    assert store.manifest(str(tmp_path / "db" / "det"))["count"] == 80


def test_only_what_has_changed_is_searched_again(scenes, tmp_path):
    """What is stored is always what was found in the picture as it is now."""
    build(scenes, tmp_path / "db")
    folder = tmp_path / Selective.folder
    before = changed(folder)
    shutil.copyfile(tmp_path / "0.png", tmp_path / "40.png")
    database = build(scenes, tmp_path / "db")
    after = changed(folder)
    assert [name for name in sorted(after) if after[name] != before[name]] == ["00000032.h5"]
    np.testing.assert_array_equal(stored(database)[40], stored(database)[0])
    assert build(scenes, tmp_path / "again") and changed(folder) == after


def test_a_split_is_searched_alone(scenes, tmp_path):
    manifest = store.manifest(str(build(scenes, tmp_path / "db", splits=["b"])))
    assert manifest["count"] == 32 and list(changed(tmp_path / Selective.folder)) == ["00000032.h5"]


def test_parts_are_whole_whatever_splits_are_wanted(scenes, tmp_path):
    """One picture of the first part is of split c: all of that part are searched."""
    lines = scenes.read_text().splitlines(keepends=True)
    scenes.write_text(lines[0].replace('"a"', '"c"') + "".join(lines[1:]))
    assert store.manifest(str(build(scenes, tmp_path / "db", splits=["c"])))["count"] == 17
    names = [f"{number}.png" for number in range(32)]
    assert len(region_cache.load(str(scenes), 0, names, Selective)) == 32
    before = changed(tmp_path / Selective.folder)
    assert sorted(before) == ["00000000.h5", "00000064.h5"]
    build(scenes, tmp_path / "db", splits=["a"])
    assert changed(tmp_path / Selective.folder) == before


def test_a_picture_that_cannot_be_read_is_searched_once_it_can(scenes, tmp_path):
    whole = (tmp_path / "7.png").read_bytes()
    (tmp_path / "7.png").unlink()
    database = build(scenes, tmp_path / "db")
    assert store.manifest(str(database))["dropped"] == {"unreadable picture": 1}
    before = changed(tmp_path / Selective.folder)
    build(scenes, tmp_path / "db")
    assert changed(tmp_path / Selective.folder) == before  # it is missing still
    (tmp_path / "7.png").write_bytes(whole)
    database = build(scenes, tmp_path / "db")
    assert store.manifest(str(database))["count"] == 80
    known = proposals.selective_search(cv2.imread(str(tmp_path / "7.png")))
    np.testing.assert_array_equal(stored(database)[7], known)


def test_a_models_dense_net_proposes_in_the_same_way(chain, tmp_path, monkeypatch):
    """Its best windows in scenes, and the rectangles of landmarks that it finds in them."""
    shutil.copytree(chain / "scenes", tmp_path / "scenes")
    records, model = str(tmp_path / "scenes" / "records.jsonl"), str(chain / "model")
    base = ["scenes", "--records", records, "--regions-from", model, "--out", tmp_path / "db"]
    run_well(BUILD, *base)
    search, analyzer = Dense(model), FaceAnalyzer(model, "opencv")
    names = [name for name, _ in record.by_picture(record.read(records))]
    kept = region_cache.load(records, 0, names, search)
    for name, (_, found) in zip(names, kept):
        image = cv2.imread(str(tmp_path / "scenes" / name))
        windows, scores = dense.windows(analyzer.backend, image, region_search.LEAST)
        count = min(region_search.MOST, len(windows))
        best = windows[np.argsort(-scores, kind="stable")[:count]]
        np.testing.assert_allclose(found[:count], best, atol=1e-3)
        seen = analyzer.look(image, best)
        assert len(found) == count + (seen["score"] >= 0.3).sum()
    manifest = store.manifest(str(tmp_path / "db" / "det"))
    assert manifest["proposals"] == sum(len(found) for _, found in kept)

    def refuse(*_):
        raise AssertionError("searched again")

    monkeypatch.setattr(Dense, "find", refuse)  # found once
    again = store.manifest(str(build(records, tmp_path / "again", search=search)))
    assert again["hash"] == manifest["hash"]


def test_the_proposal_net_finds_its_own_errors(chain, proposing, tmp_path, expect_refusal):
    """Its best windows, doubtful ones too; of a model without the net nothing is found."""
    shutil.copytree(chain / "scenes", tmp_path / "scenes")
    records, model = str(tmp_path / "scenes" / "records.jsonl"), str(proposing / "model")
    base = ["scenes", "--records", records, "--out", tmp_path / "db", "--windows-from"]
    expect_refusal(BUILD, [*base, chain / "model"], "proposal.prototxt: not in this model")
    expect_refusal(BUILD, [*base, model, "--regions-from", model], "goes without --regions-from")
    run_well(BUILD, *base, model)
    names = [name for name, _ in record.by_picture(record.read(records))]
    kept, backend = region_cache.load(records, 0, names, Windows(model)), Backend(model, "opencv")
    for name, (_, found) in zip(names, kept):
        image = cv2.imread(str(tmp_path / "scenes" / name))
        boxes, scores = fast.windows(backend, image, 20, region_search.DOUBTFUL)
        best = np.argsort(-scores, kind="stable")[: region_search.MOST]
        np.testing.assert_allclose(found, boxes[best], atol=1e-3)
