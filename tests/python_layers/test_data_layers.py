"""The data layers as Caffe runs them, and the process that prepares their batches."""

import json
import os
import shutil
import subprocess
import sys

import caffe_nets
import cv2
import numpy as np
import pytest
from conftest import ROOT

from allinone import store
from allinone.blob import to_blob
from allinone.pycaffe import caffe
from python_layers import vary
from python_layers.face_data import FaceSampler, batch_records, set_shares, turns
from python_layers.prefetch import Prefetch

FACES = """layer { name: "data" type: "Python" top: "data" top: "label" %s
  param { lr_mult: 0 decay_mult: 0 }
  python_param { module: "python_layers.face_data" layer: "FaceData" param_str: '%s' } }"""


def test_every_record_comes_once_an_epoch_and_the_order_changes():
    seen = np.array(
        [record for number in range(5) for _, record in batch_records(1, number, 8, [20])]
    ).reshape(2, 20)
    assert sorted(seen[0]) == sorted(seen[1]) == list(range(20)) and not np.array_equal(*seen)
    assert (
        batch_records(1, 3, 8, [20]) == batch_records(1, 3, 8, [20]) != batch_records(2, 3, 8, [20])
    )


def test_several_training_sets_share_the_mini_batches_by_the_roots_of_their_sizes():
    """Adience, IMDB+WIKI, MORPH of Table I: roots 139.2, 474.2, 235.8 of 849.2."""
    np.testing.assert_allclose(
        set_shares([19370, 224840, 55608]), [0.1639, 0.5584, 0.2777], atol=1e-4
    )
    sizes = [25, 100, 900]  # roots 5, 10, 30: 111, 222 and 667 of 1,000
    seen = [
        pair for number in range(250) for pair in batch_records(3, number, 8, sizes)
    ]  # two rounds
    assert np.bincount([place for place, _ in seen]).tolist() == [222, 444, 1334]
    first = [record for place, record in seen if place == 0]
    for epoch in range(8):  # the small set comes again and again, each time whole
        assert sorted(first[25 * epoch : 25 * (epoch + 1)]) == list(range(25))
    assert set(np.bincount(turns([1, 10**6], 1))) == {1, 999}  # none is left out


def test_imdb_and_wiki_count_as_one_set():
    """Adience, IMDB, MORPH, WIKI: IMDB and WIKI have the 56 % of both, 3 to 1 by their sizes."""
    sizes, names = [19370, 168630, 55608, 56210], ["adience", "imdb", "morph", "wiki"]
    shares = [0.1639, 0.4188, 0.2777, 0.1396]
    np.testing.assert_allclose(set_shares(sizes, names), shares, atol=1e-4)
    np.testing.assert_allclose(set_shares(sizes), [0.1361, 0.4015, 0.2306, 0.2318], atol=1e-4)
    counts = np.bincount([place for place, _ in batch_records(3, 0, 1000, sizes, names)])
    assert counts.tolist() == [164, 419, 278, 139]
    np.testing.assert_array_equal(turns(sizes[:3], 1, names[:3]), turns(sizes[:3], 1))  # one alone


def test_a_folder_of_databases_says_which_sets_are_one(chain, tmp_path):
    """By the databases' folders: 60 faces of IMDB and WIKI together, 30 of another set."""
    names = ["imdb", "other", "wiki"]
    for name in names:
        shutil.copytree(chain / "db" / "age", tmp_path / "age" / name)
    sampler = FaceSampler(dict(source=str(tmp_path / "age"), batch=60, size=115, seed=1))
    plan = batch_records(1, 0, 60, [30, 30, 30], names)
    assert plan != batch_records(1, 0, 60, [30, 30, 30])
    truth = [sampler._face(place, record)[1][0] for place, record in plan]
    np.testing.assert_array_equal(sampler.batch(0)[1], np.float32(truth))


def large(image):
    """Return what is large in a picture, (7, 7)."""
    return cv2.resize(np.float32(image), (7, 7), interpolation=cv2.INTER_AREA)


def test_caffe_sees_the_faces_and_labels_of_the_database(chain):
    settings = dict(source=str(chain / "db" / "age"), batch=6, size=115, seed=1)
    net = caffe_nets.net(FACES % ('top: "sigma"', json.dumps(settings)))
    reader = store.Reader(settings["source"])
    for iteration in range(2):
        out = net.forward()
        indices = [record for _, record in batch_records(1, iteration, 6, [30])]
        np.testing.assert_allclose(
            out["label"], [reader.datum(i).float_data[0] for i in indices], rtol=1e-6
        )
        assert (
            not out["sigma"].any()
            and out["data"].shape == (6, 3, 115, 115)
            and np.abs(out["data"]).max() < 3
        )
        # Framed and coloured otherwise, and perhaps mirrored: in large it is the same picture,
        # and no other's.
        stored = [large(reader.image(reader.datum(index))[8:-8, 8:-8, 1]) for index in range(30)]
        for index, seen in zip(indices, out["data"][:, 1]):
            alike = [
                max(
                    np.corrcoef(large(seen).ravel(), way.ravel())[0, 1]
                    for way in (one, one[:, ::-1])
                )
                for one in stored
            ]
            assert np.argmax(alike) == index and alike[index] > 0.7


def test_as_many_training_faces_are_erased_as_is_asked_for_and_no_test_faces(chain, monkeypatch):
    erased = []
    monkeypatch.setattr(vary, "erase", lambda rng, face: erased.append(1) or face)
    settings = dict(source=str(chain / "db" / "age"), batch=200, size=115, seed=1)
    for share in (None, 0.3, 1.0):
        FaceSampler(settings if share is None else dict(settings, erasing=share)).batch(0)
        assert len(erased) == pytest.approx(200 * (share or 0), abs=25)
        erased.clear()
    FaceSampler(dict(settings, erasing=1.0)).test_batch(0)
    assert not erased


def test_a_tower_learns_from_several_databases(chain, tmp_path):
    for name in ("a", "b"):
        shutil.copytree(chain / "db" / "gender", tmp_path / name)
    sampler = FaceSampler(dict(source=str(tmp_path), batch=40, size=115, seed=1))
    images, labels = sampler.batch(0)
    truth = [
        sampler._face(place, record)[1][0] for place, record in batch_records(1, 0, 40, [30, 30])
    ]
    assert (
        len(images) == 40
        and labels.tolist() == truth
        and {place for place, _ in batch_records(1, 0, 40, [30, 30])} == {0, 1}
    )


def test_the_test_phase_sees_the_records_in_order_unshifted_and_again_each_time(chain):
    settings = dict(source=str(chain / "db" / "smile"), batch=20, size=115, seed=1, cycle=2)
    net = caffe_nets.net(FACES % ("", json.dumps(settings)), caffe.TEST)
    passes = [{name: blob.copy() for name, blob in net.forward().items()} for _ in range(4)]
    reader = store.Reader(settings["source"])
    labels = [reader.datum(i % 30).label for i in range(40)]
    assert passes[0]["label"].tolist() + passes[1]["label"].tolist() == labels
    np.testing.assert_array_equal(passes[2]["data"], passes[0]["data"])
    middle = reader.image(reader.datum(0))[8:123, 8:123].astype(float)
    np.testing.assert_allclose(
        passes[0]["data"][0].transpose(1, 2, 0) * 58 + [104, 117, 123], middle, atol=1e-3
    )


def test_batches_come_in_order_and_a_jump_starts_anew(chain):
    settings = dict(source=str(chain / "db" / "smile"), batch=4, size=115, seed=1)
    fetch, sampler = (
        Prefetch(FaceSampler, settings, FaceSampler.shapes(4, 115)[:2]),
        FaceSampler(settings),
    )
    for iteration in (0, 1, 2, 3, 4, 9, 10, 4):
        images, labels = sampler.batch(iteration)
        found = fetch.get(iteration)
        np.testing.assert_array_equal(found[0], to_blob(images))
        np.testing.assert_array_equal(found[1], labels)


def test_every_process_of_several_takes_its_own_mini_batches(chain):
    """What multi-GPU training rests on: with a stride of 2, numbers 1, 3, 5 and nothing else."""
    settings = dict(source=str(chain / "db" / "smile"), batch=4, size=115, seed=1)
    fetch, sampler = (
        Prefetch(FaceSampler, settings, FaceSampler.shapes(4, 115)[:2], stride=2),
        FaceSampler(settings),
    )
    for number in (1, 3, 5):
        np.testing.assert_array_equal(fetch.get(number)[0], to_blob(sampler.batch(number)[0]))


SECOND_OF_TWO = """
import sys, allinone, caffe
from tools.training import processes
if __name__ == "__main__":
    processes.join(2, 1)
    net = caffe.Net(sys.argv[1], caffe.TRAIN)
    print(*[int(label) for _ in range(3) for label in net.forward()["label"]])
"""


def test_the_second_of_two_solvers_reads_the_mini_batches_that_the_first_leaves(chain, tmp_path):
    """In Caffe, told as for several GPUs that it is solver 1 of 2.

    It reads mini-batches 1, 3, 5 of those that one alone would read.
    """
    settings = dict(source=str(chain / "db" / "id"), batch=4, size=115, seed=1)
    (tmp_path / "net.prototxt").write_text(FACES % ("", json.dumps(settings)))
    (tmp_path / "second.py").write_text(SECOND_OF_TWO)
    done = subprocess.run(
        [sys.executable, str(tmp_path / "second.py"), str(tmp_path / "net.prototxt")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": ROOT},
    )
    assert done.returncode == 0, done.stderr
    sampler = FaceSampler(settings)
    assert [int(word) for word in done.stdout.split()] == [
        int(label) for number in (1, 3, 5) for label in sampler.batch(number)[1]
    ]


def test_what_goes_wrong_in_the_other_process_is_raised_here(tmp_path):
    with pytest.raises(Exception, match="build the database"):
        Prefetch(
            FaceSampler,
            dict(source=str(tmp_path), batch=4, size=115, seed=1),
            FaceSampler.shapes(4, 115),
        ).get(0)
