"""Faces of the age and gender towers, balanced over sets, ages and genders."""

import collections
import json
import os
import shutil

import cv2
import numpy as np
import pytest
from small_records import aligned, manifest_of

from allinone import align, store
from allinone.errors import InputError
from python_layers.face_data import FaceSampler, groups_of

# {(age, gender): faces} of two sets; the second one does not say ages.
FIRST = {(25, 0): 90, (25, 1): 40, (70, 0): 10, (70, 1): 10}
SECOND = {(None, 0): 30, (None, 1): 20}


def write_set(folder, groups):
    """Write a set of faces in one picture; return the path of its records."""
    folder.mkdir()
    noise = np.random.default_rng(0).integers(0, 255, (12, 16, 3)).astype(np.uint8)
    cv2.imwrite(str(folder / "a.jpg"), cv2.resize(noise, (160, 120)))
    points, lines = (align.CANONICAL * 60 + [40, 30]).round(2).tolist(), []
    for (age, gender), count in groups.items():
        face = dict(image="a.jpg", landmarks=points, gender=gender)
        lines += [dict(face, age=age) if age is not None else face] * count
    path = folder / "records.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


@pytest.fixture(scope="module")
def db(tmp_path_factory):
    """A folder of gender databases of both sets."""
    root = tmp_path_factory.mktemp("balance")
    for name, groups in (("first", FIRST), ("second", SECOND)):
        aligned(write_set(root / name, groups), root / "db", ["gender"], training_set=name)
    return root / "db"


def sampler_of(db, **more):
    return FaceSampler(dict(source=str(db / "gender"), batch=50, size=115, seed=2, **more))


def test_a_database_keeps_ages_and_genders_of_its_faces(db):
    kinds = store.groups(str(db / "gender" / "first"), 150)
    expected = [pair for pair, count in FIRST.items() for _ in range(count)]
    assert [tuple(pair) for pair in kinds.tolist()] == expected
    kinds = store.groups(str(db / "gender" / "second"), 50)
    assert set(kinds[:, 0]) == {store.UNKNOWN} and kinds[:, 1].sum() == 20
    assert store.GROUPS in manifest_of(db, "gender", "first")["files"]


def test_groups_come_by_the_roots_of_their_sizes(db):
    """Twenty mini-batches of 50, a round of 1,000; sets by the roots of 150 and 50."""
    sampler, counts = sampler_of(db, balance=True), collections.Counter()
    sizes = [[90, 40, 10, 10], [30, 20]]
    for number in range(20):
        for place, index in sampler.records(number):
            counts[place, int(np.searchsorted(np.cumsum(sizes[place]), index, "right"))] += 1
    sets = np.sqrt([150, 50]) / np.sqrt([150, 50]).sum()
    for place, some in enumerate(sizes):
        for group, size in enumerate(some):
            share = sets[place] * np.sqrt(size) / np.sqrt(some).sum()
            assert counts[place, group] == pytest.approx(1000 * share, abs=1)


def test_every_face_of_a_group_comes_before_one_comes_again(db):
    sampler = sampler_of(db, balance=True)
    seen = [pair for number in range(20) for pair in sampler.records(number)]
    old = [index for place, index in seen if place == 0 and index >= 140]
    for start in range(0, len(old) - 10, 10):
        assert sorted(old[start : start + 10]) == list(range(140, 150))
    assert sampler.records(7) == sampler_of(db, balance=True).records(7)
    assert sampler.records(7) != sampler_of(db).records(7)
    labels = [FIRST_LABELS[index] for place, index in sampler.records(3) if place == 0]
    given = [label for (place, _), label in zip(sampler.records(3), sampler.batch(3)[1])]
    assert [label for (place, _), label in zip(sampler.records(3), given) if place == 0] == labels


FIRST_LABELS = [gender for (_, gender), count in FIRST.items() for _ in range(count)]


def test_groups_are_decades_and_genders():
    unknown = store.UNKNOWN
    kinds = [(21, 0), (29, 0), (30, 0), (25, 1), (unknown, 1), (unknown, unknown)]
    groups = [one.tolist() for one in groups_of(kinds)]
    assert sorted(groups) == [[0, 1], [2], [3], [4], [5]]


def test_databases_without_groups_or_with_wrong_ones_are_named(db, tmp_path):
    shutil.copytree(db, tmp_path / "db")
    path = tmp_path / "db" / "gender" / "first" / store.GROUPS
    for content in (b"x" * 50, None):
        if content is None:
            os.remove(path)
        else:
            path.write_bytes(content)
        with pytest.raises(InputError, match="groups.npy.*build the database again"):
            sampler_of(tmp_path / "db", balance=True)
    sampler_of(tmp_path / "db").batch(0)  # nobody needs them who does not balance
    np.save(path, np.zeros((3, 2), np.uint8))
    with pytest.raises(InputError, match="not of the 150 faces"):
        sampler_of(tmp_path / "db", balance=True)
