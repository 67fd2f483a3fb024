"""Databases, region search and landmarks by a dask cluster: the same bytes as by this machine."""

import os
import shutil
import signal
import sys
import time

import cv2
import msgspec
import numpy as np
import pytest
from clusters import worker_pids
from conftest import run_well, started

from allinone import record, store
from data_prep import landmark_finder, region_cache, scenes_db
from data_prep.region_search import Dense, Selective

BUILD, LOCATE, DATABASES = "data_prep.build_db", "data_prep.locate", "data_prep.databases"
COUNT = 72  # pictures: in three parts of what is kept


@pytest.fixture
def scenes(tmp_path):
    """A records file of small pictures, among them one that cannot be read."""
    rng, lines = np.random.default_rng(3), []
    for number in range(COUNT):
        noise = rng.integers(0, 255, (6, 8, 3)).astype(np.uint8)
        cv2.imwrite(str(tmp_path / f"{number}.png"), cv2.resize(noise, (160, 120)))
        face = record.FaceRecord(f"{number}.png", box=[10, 10, 50, 50])
        lines.append(record.to_line(face))
    (tmp_path / "5.png").write_text("no picture")
    path = tmp_path / "records.jsonl"
    path.write_text("".join(lines))
    return str(path)


def found_in(records, search):
    """Return the proposals of each part that were kept beside the records."""
    names = [f"{number}.png" for number in range(COUNT)]
    return [
        region_cache.load(records, start, names[start : start + region_cache.PART], search)
        for start in range(0, COUNT, region_cache.PART)
    ]


def test_a_region_search_goes_on_though_a_worker_dies(local_cluster, scenes, tmp_path):
    scenes_db.build_scenes([scenes], [], str(tmp_path / "alone"), workers=1)
    alone = found_in(scenes, Selective())
    place = tmp_path / Selective.folder
    shutil.rmtree(place)
    out, victim = tmp_path / "cluster", worker_pids(local_cluster)[0]
    given = ["scenes", "--records", scenes, "--out", out, "--dask", local_cluster.scheduler_address]
    with started([sys.executable, "-m", BUILD, *map(str, given)]) as process:
        deadline = time.monotonic() + 60
        while not (place.is_dir() and list(place.glob("*.h5"))) and time.monotonic() < deadline:
            time.sleep(0.01)
        os.kill(victim, signal.SIGKILL)
        said = process.communicate(timeout=120)[1]
    assert process.returncode == 0, said
    for ours, theirs in zip(found_in(scenes, Selective()), alone):
        assert [one.sha256 for one in ours] == [one.sha256 for one in theirs]
        for one, other in zip(ours, theirs):
            np.testing.assert_array_equal(one.proposals, other.proposals)
    assert store.manifest(str(out / "det")) == store.manifest(str(tmp_path / "alone" / "det"))


def test_a_models_regions_are_found_by_the_workers(local_cluster, chain, tmp_path):
    manifests = []
    for name in ("alone", "cluster"):
        shutil.copytree(chain / "scenes", tmp_path / name / "scenes")
        records = tmp_path / name / "scenes" / "records.jsonl"
        more = ["--dask", local_cluster.scheduler_address] if name == "cluster" else []
        given = ["scenes", "--records", records, "--regions-from", chain / "model", *more]
        run_well(BUILD, *given, "--out", tmp_path / name / "db")
        manifests.append(store.manifest(str(tmp_path / name / "db" / "det")))
        folder = tmp_path / name / "scenes" / Dense(str(chain / "model")).folder
        assert sorted(os.listdir(folder)) == ["00000000.h5"]
    alone, cluster = manifests
    assert cluster["hash"] == alone["hash"] and cluster["proposals"] == alone["proposals"] > 0


def test_aligned_faces_are_those_of_one_machine(local_cluster, chain, tmp_path):
    given = ["aligned", "--records", chain / "faces" / "records.jsonl", "--out", tmp_path]
    run_well(BUILD, *given, "--dask", local_cluster.scheduler_address)
    for tower in ("gender", "age", "smile", "id"):
        theirs = store.manifest(str(chain / "db" / tower))
        assert store.manifest(str(tmp_path / tower)) == theirs


def test_landmarks_are_those_of_one_machine(local_cluster, chain, tmp_path):
    shutil.copytree(chain / "faces", tmp_path / "faces")
    records, faces = tmp_path / "faces" / "records.jsonl", []
    for face in record.read(str(chain / "faces" / "records.jsonl")):
        faces.append(msgspec.structs.replace(face, landmarks=None, visibility=None))
    records.write_text("".join(map(record.to_line, faces * 5)))
    model = chain / "model"
    path = landmark_finder.locate(str(records), str(model))
    with open(path) as stream:
        alone = stream.read()
    os.remove(path)
    given = ["--records", records, "--model", model, "--dask", local_cluster.scheduler_address]
    done = run_well(LOCATE, *given)
    assert f"{len(faces) * 5} of {len(faces) * 5} records have landmarks" in done.stdout
    with open(path) as stream:
        assert stream.read() == alone


@pytest.mark.parametrize(
    "command, given",
    [
        (LOCATE, ["--records", "a", "--model", "b"]),
        (BUILD, ["aligned", "--records", "a", "--out", "b", "--landmarks-from", "c"]),
        (BUILD, ["scenes", "--records", "a", "--out", "b", "--regions-from", "c"]),
        (DATABASES, ["morph", "--landmarks-from", "c"]),
    ],
)
def test_a_gpu_of_this_machine_is_none_of_the_cluster(expect_refusal, command, given):
    expect_refusal(command, [*given, "--gpu", "0", "--dask", "tcp://a:1"], "--gpu: is of this")
