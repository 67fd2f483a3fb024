"""Figures by kind of task: answers that are right, wrong by known amounts, and constant ones."""

import collections

import msgspec
import numpy as np
import pytest

from allinone import landmarks, tasks
from allinone.face import Face
from allinone.record import FaceRecord
from evaluate import intervals, metrics, task_figures

WIDTH, HEIGHT = 100, 81  # of the faces' boxes: sqrt(w h) is 90


@pytest.fixture
def known(rng):
    """The labels of twelve faces of four people; their ears are hidden."""
    faces = []
    for number in range(12):
        points = (rng.random((landmarks.COUNT, 2)) * 80).tolist()
        seen = [0.0 if place in (12, 16) else 1.0 for place in range(landmarks.COUNT)]
        faces.append(
            FaceRecord(
                f"{number}.jpg",
                box=[0, 0, WIDTH, HEIGHT],
                landmarks=points,
                visibility=seen,
                pose=[1.0 * number, 2.0, -3.0 * number],
                smile=number % 2,
                gender=int(number > 2),
                age=20.0 + number**2,
                identity=number % 4,
            )
        )
    return faces


def answer(face, **changes):
    """Return a Face that says exactly what a record says, or something else."""
    said = dict(
        landmarks=face.landmark_array(),
        visibility=face.visibility_array(),
        pose=np.array(face.pose),
        smile=float(face.smile),
        gender=float(face.gender),
        age=face.age,
        descriptor=np.eye(512)[face.identity],
    )
    return Face(box=np.array(face.box), **{**said, **changes})


def figures(faces, **changes):
    """Return {task: {metric: value}} where each answer is the label, or the label changed."""
    pairs = []
    for face in faces:
        changed = {name: change(getattr(face, name)) for name, change in changes.items()}
        pairs.append((face, answer(face, **changed)))
    return task_figures.of_all(pairs)[0]


def test_every_task_of_the_table_has_its_figure(known):
    found, chance = task_figures.of_all([(face, answer(face)) for face in known])
    assert list(found) == [task.name for task in tasks.TASKS if task.name != "detection"]
    for task in tasks.TASKS:
        if task.name != "detection":
            assert task.figure.metric in found[task.name]
            assert set(found[task.name]) == set(chance[task.name])


def test_answers_that_are_right_have_perfect_figures(known):
    found = figures(known)
    for task in task_figures.OF_FACES:
        perfect = 1 if task.figure.higher else 0
        assert found[task.name][task.figure.metric] == pytest.approx(perfect, abs=1e-6)
    assert found["pose"]["roll_mae"] == found["pose"]["pitch_mae"] == 0
    assert found["identity"]["tar_at_far_0.01"] == 1


def test_errors_count_as_they_should(known):
    found = figures(
        known,
        age=lambda years: years + 4,
        pose=lambda angles: np.array(angles) + [1, 2, 10],
        smile=lambda label: 1.0 - label,
        landmarks=lambda points: np.array(points) + [3, 4],
        visibility=lambda seen: 1 - np.array(seen),
    )
    assert found["age"] == {"mae": pytest.approx(4)}
    assert found["pose"] == pytest.approx({"roll_mae": 1, "pitch_mae": 2, "yaw_mae": 10})
    assert found["smile"] == {"accuracy": 0}
    assert found["landmarks"] == {"nme": pytest.approx(5 / 90, rel=1e-5)}
    assert found["visibility"] == {"accuracy": 0}
    assert found["gender"] == {"accuracy": 1}


def test_hidden_points_do_not_count(known):
    def moved(points):
        points = np.array(points)
        points[[12, 16]] += 1000
        return points

    assert figures(known, landmarks=moved)["landmarks"]["nme"] == pytest.approx(0, abs=1e-6)


def test_a_wrong_half_of_the_points_is_half_right(known):
    def half(seen):
        seen = np.array(seen)
        seen[:7] = 1 - seen[:7]
        return seen

    assert figures(known, visibility=half)["visibility"]["accuracy"] == pytest.approx(14 / 21)


def test_chance_is_the_best_constant_answer(known):
    chance = task_figures.of_all([(face, answer(face)) for face in known])[1]
    assert chance["smile"]["accuracy"] == pytest.approx(0.5)
    assert chance["gender"]["accuracy"] == pytest.approx(9 / 12)
    ages = np.array([face.age for face in known])
    least = min(np.abs(ages - age).mean() for age in ages)
    assert chance["age"]["mae"] == pytest.approx(least)
    yaws = np.array([face.pose[2] for face in known])
    assert chance["pose"]["yaw_mae"] == pytest.approx(np.abs(yaws - np.median(yaws)).mean())
    assert chance["pose"]["pitch_mae"] == 0
    assert chance["visibility"]["accuracy"] == 1  # the same points are hidden in all
    assert chance["identity"] == {"auc": 0.5, "tar_at_far_0.01": 0.01}
    points = np.stack([face.landmark_array() for face in known])
    off = np.linalg.norm(points - points.mean(axis=0), axis=2)
    visible = [place for place in range(landmarks.COUNT) if place not in (12, 16)]
    assert chance["landmarks"]["nme"] == pytest.approx(off[:, visible].mean() / 90, rel=1e-5)


def test_a_task_without_labels_is_left_out(known):
    pairs = [(face, answer(face)) for face in known]
    for face in known:
        face.smile = face.landmarks = face.visibility = None
    found, chance = task_figures.of_all(pairs)
    assert set(found) == set(chance) == {"pose", "gender", "age", "identity"}


def test_only_faces_with_a_label_and_an_answer_count(known):
    pairs = [(face, answer(face)) for face in known]
    known[0].gender = pairs[1][1].gender = None
    some = task_figures.labelled(tasks.BY_NAME["gender"], pairs)
    assert some.records == known[2:]


def test_people_who_are_there_once_cannot_be_told_apart(known):
    identity = tasks.BY_NAME["identity"]
    alone = [(face, answer(face)) for face in known[:4]]
    assert task_figures.labelled(identity, alone) is None
    same = [(face, answer(face)) for face in known[::4]]
    assert task_figures.labelled(identity, same) is None
    assert task_figures.labelled(identity, alone + same) is not None


def test_unknown_points_and_visibility_do_not_count(known):
    for face in known:
        face.landmarks = [None if n < 5 else point for n, point in enumerate(face.landmarks)]
        face.visibility = [None if n < 5 else seen for n, seen in enumerate(face.visibility)]
    pairs = []
    for face in known:
        points = np.nan_to_num(face.landmark_array(), nan=-50.0)
        pairs.append((face, answer(face, landmarks=points, visibility=np.zeros(21))))
    found, chance = task_figures.of_all(pairs)
    assert found["landmarks"]["nme"] == 0 and np.isfinite(chance["landmarks"]["nme"])
    assert found["visibility"]["accuracy"] == pytest.approx(2 / 16)
    assert chance["visibility"]["accuracy"] == 1


def test_results_as_records_are_measured_like_faces(known):
    """Predictions are `FaceRecord`s whose answers are plain numbers."""
    pairs, plain = [], []
    for face in known:
        said = answer(face, age=face.age + 1, gender=0.25)
        pairs.append((face, said))
        plain.append((face, said.to_record(face.image, descriptor="raw")))
    assert msgspec.json.encode(plain[0][1])  # plain types
    first, second = task_figures.of_all(pairs)[0], task_figures.of_all(plain)[0]
    for name, values in first.items():
        assert second[name] == pytest.approx(values, abs=1e-3)


def test_a_figure_has_the_interval_of_its_kind(known):
    pairs = [(face, answer(face, age=face.age + n)) for n, face in enumerate(known)]
    age = task_figures.labelled(tasks.BY_NAME["age"], pairs)
    assert task_figures.with_interval(age) == intervals.mean(range(12))
    gender = task_figures.labelled(tasks.BY_NAME["gender"], pairs)
    assert task_figures.with_interval(gender) == intervals.share([True] * 12)
    identity = task_figures.labelled(tasks.BY_NAME["identity"], pairs)
    assert task_figures.with_interval(identity).samples == 66


def test_a_descriptors_figure_is_that_of_all_pairs(known, rng):
    pairs = [(face, answer(face, descriptor=rng.normal(size=512))) for face in known]
    some = task_figures.labelled(tasks.BY_NAME["identity"], pairs)
    similarity, same = metrics.pair_similarities(some.answers, [face.identity for face in known])
    found = task_figures.measure(some)
    assert found["auc"] == metrics.auc(similarity, same)
    assert found["tar_at_far_0.01"] == metrics.tar_at_far(similarity, same, 0.01)


def test_of_very_many_faces_whole_people_are_compared(monkeypatch, rng):
    """Forty people with three faces each, of which twelve people fit, and one with a hundred."""
    monkeypatch.setattr(task_figures, "MOST_FACES", 40)
    monkeypatch.setattr(task_figures, "MOST_OF_ONE", 4)
    pairs = []
    for who in [*range(40)] * 3 + [40] * 100:
        pairs.append((FaceRecord("", identity=who), FaceRecord("", descriptor=rng.random(9))))
    some = task_figures.labelled(tasks.BY_NAME["identity"], pairs)
    numbers = collections.Counter(some.truth().tolist())
    assert len(some.records) == len(some.answers) == 40
    whole = {who: 4 if who == 40 else 3 for who in numbers}
    assert sum(numbers[who] < faces for who, faces in whole.items()) <= 1  # the last one
    assert all(numbers[who] <= faces for who, faces in whole.items())
    for record, row in zip(some.records, some.answers):
        (own,) = [found.descriptor for known, found in pairs if known is record]
        assert own is row or (own == row).all()
    again = task_figures.labelled(tasks.BY_NAME["identity"], pairs)
    assert again.records == some.records
