"""Damaged files of others, and of stopped runs: read, or refused in a sentence with their name."""

import json

import damage
import h5py
import numpy as np
import pytest
from report_results import COMMON, CURVE

from allinone import hdf5
from allinone.analysis import given_boxes
from allinone.errors import InputError
from data_prep import region_cache
from evaluate import detection_files, fddb_files, probes
from evaluate.results_form import read as read_results
from tools.training import curves

TIMES = 3  # each damage
LOSS = dict(det=1.5, age=2.5)
LOG = [dict(iteration=number, loss=LOSS) for number in range(1, 9)]
LOG.append(dict(iteration=8, validation=dict(det=dict(ap50=0.5))))
RESULTS = {**COMMON, "benchmark": "lfw", "figures": dict(accuracy=50.0), "curves": dict(ours=CURVE)}
RESULTS.update(incomplete=[], data="data/lfw", drawn=True)
RESULTS.update(failures=[dict(image="a.jpg", box=[1, 2, 3, 4], text="wrong")])


def jsonl(values):
    return "".join(json.dumps(value) + "\n" for value in values).encode()


def scores():
    """Return the bytes of a file of scores."""
    with h5py.File("scores", "w", driver="core", backing_store=False) as data:
        data["neg"], data["pos"] = np.ones((5, 4)), np.ones((5, 2))
        data.flush()
        return data.id.get_file_image()


def measured(path):
    probes.measure(probes.read(path), 0.5)


# {name: (what a whole one holds, what reads it)}
TEXTS = {
    "detections.txt": (b"a.jpg 0.5 1 2 3 4\nb.jpg 0.25 1 2 30 40\n" * 9, detection_files.read),
    "detections.csv": (b"head\n" + b"1;2;a.jpg;4;5;6;7;8;9;10;11\n" * 9, detection_files.read),
    "fddb.txt": (
        b"2002/a\n2\n1 2 3 4 0.5\n1 2 3 4 .25\n2002/b\n1\n9 9 0.1 20 20 0.5\n",
        fddb_files.read_results,
    ),
    "boxes.csv": (b'image,x1,y1,x2,y2\na.jpg,1,2,3,4\n"b.jpg",,,,\n', given_boxes.read),
    "boxes.jsonl": (b'{"image": "a.jpg", "box": [1, 2, 3, 4]}\n' * 3, given_boxes.read),
    "log.jsonl": (jsonl(LOG), curves.read_log),
    "results.json": (jsonl([RESULTS]), lambda path: read_results(path, "measure again")),
}
BINARIES = {"scores.hdf5": (scores(), measured)}
ALL = {**TEXTS, **BINARIES}


@pytest.mark.parametrize("name", ALL)
def test_a_damaged_file_is_read_or_refused_with_its_name(tmp_path, name):
    whole, read = ALL[name]
    path, refused = tmp_path / name, 0
    path.write_bytes(whole)
    read(str(path))
    for way in damage.TEXT if name in TEXTS else damage.BINARY:
        for seed in range(TIMES):
            path.write_bytes(way(whole, np.random.default_rng(seed)))
            try:
                read(str(path))
            except InputError as error:
                assert name in str(error), error
                refused += 1
    assert refused


@pytest.mark.parametrize(
    "name, text, says",
    [
        ("x.txt", b"a.jpg 0.5 1 2 1e300 4\n", "line 1: score and edges must be finite"),
        ("x.txt", b"a.jpg nan 1 2 3 4\n", "line 1: score and edges must be finite"),
        ("x.csv", b"h\n1;2;a\0.jpg;4;5;6;7;8;9;10;11\n", "line 2: must hold the picture"),
    ],
)
def test_detections_that_are_no_numbers_are_named(tmp_path, name, text, says):
    (tmp_path / name).write_bytes(text)
    with pytest.raises(InputError, match=f"{name}, {says}"):
        detection_files.read(str(tmp_path / name))


def test_a_picture_that_is_there_twice_is_named(tmp_path):
    (tmp_path / "x.txt").write_text("2002/a\n0\n2002/a\n1\n1 2 3 4 0.5\n")
    with pytest.raises(InputError, match="x.txt, line 3: 2002/a is there twice"):
        fddb_files.read_results(str(tmp_path / "x.txt"))


class Search:
    """A search of the region cache."""

    folder, name = "proposals", "a search"


def test_damaged_proposals_are_searched_again(tmp_path):
    records, names = str(tmp_path / "records.jsonl"), ["a.jpg", "b\udcff.jpg"]
    found = [region_cache.Found("0" * 64, np.ones((3, 4), np.float32)) for _ in names]
    region_cache.save(records, 0, names, found, Search)
    path = tmp_path / "proposals" / "00000000.h5"
    whole = path.read_bytes()
    assert len(region_cache.load(records, 0, names, Search)) == 2
    for way in (*damage.BINARY, damage.ones):
        for seed in range(TIMES):
            path.write_bytes(way(whole, np.random.default_rng(seed)))
            again = region_cache.load(records, 0, names, Search)
            assert again is None or all((one.proposals == 1).all() for one in again)


def test_an_array_that_has_changed_is_told_by_its_hash(tmp_path):
    path = str(tmp_path / "x.h5")
    with hdf5.replacing(path) as data:
        data["descriptor"] = np.ones((3, 4), np.float32)
    with h5py.File(path, "a") as data:
        data["descriptor"][1, 2] = 1.5
    with pytest.raises(InputError, match="x.h5: damaged.*; make it again"):
        hdf5.read(path, {"descriptor": hdf5.Array("f", (None, 4))}, "make it again")
