"""What the benchmark computes; its times are for people to read."""

import json
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from allinone import align
from allinone.backend import Backend
from allinone.record import FaceRecord
from allinone.videos import open_video
from tools.timing import clock, detection, films, full_width, growth, pictures
from tools.timing.labelled import Labelled, photographs


def found(*regions):
    """Stage-1 findings of (x, y, side, score) with the canonical landmarks."""
    places = np.float32(regions)
    corner = places[:, :2]
    return dict(
        boxes=np.column_stack([corner, corner + places[:, 2:3]]),
        score=places[:, 3],
        landmarks=np.float32([align.CANONICAL * side + [x, y] for x, y, side, _ in regions]),
    )


def face(x, y, side):
    return dict(
        box=[x, y, x + side, y + side],
        landmarks=(align.CANONICAL * side + [x, y]).tolist(),
        visibility=[1] * 21,
    )


def test_photographs_with_names_are_read_and_one_with_an_unknown_box_is_left_out(tmp_path):
    """A person's name or number is of no use there, and must not be in the way."""
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((40, 60, 3), np.uint8))
    known = dict(box=[1, 2, 21, 32], identity="Ann")
    lines = [
        dict(image="a.png", faces=[known, dict(box=[30, 2, 50, 32], identity=7)]),
        dict(image="b.png", faces=[dict(gender=1)]),
        dict(image="a.png", faces=[]),
    ]
    text = "".join(json.dumps(dict(line, split="test")) + "\n" for line in lines)
    (tmp_path / "photos.jsonl").write_text(text)
    found = photographs(str(tmp_path))
    assert [(one.name, one.image.shape) for one in found] == [("a.png", (40, 60, 3))] * 2
    assert [[list(face.box) for face in one.faces] for one in found] == [
        [[1, 2, 21, 32], [30, 2, 50, 32]],
        [],
    ]
    assert photographs(str(tmp_path / "nothing")) == []


def test_plain_suppression_keeps_the_best_of_each_place():
    kept = pictures.plain(
        found((0, 0, 100, 0.5), (5, 0, 100, 0.9), (300, 0, 50, 0.7), (600, 0, 50, 0.01))
    )
    np.testing.assert_allclose(kept["score"], [0.9, 0.7])


def test_precision_and_landmark_error_by_hand():
    """One face found, its landmarks 3 pixels off at a side of 100; one missed: AP 0.5, NME 3 %."""
    scenes = [(None, [face(0, 0, 100), face(300, 300, 80)])]
    one = found((0, 0, 100, 0.9))
    one["landmarks"] = one["landmarks"] + [3, 0]
    ap, nme = pictures.measured([one], scenes)
    assert ap == pytest.approx(0.5) and nme == pytest.approx(0.03, abs=1e-4)


def test_hidden_landmarks_do_not_count():
    known = dict(face(0, 0, 100), visibility=[1] * 20 + [0])
    points = align.CANONICAL * 100
    points[20] += 50
    assert pictures.landmark_error(points, known) == pytest.approx(0, abs=1e-6)


def test_two_works_are_timed_by_turns_in_blocks(monkeypatch):
    called = []
    now = iter(range(100))
    monkeypatch.setattr(clock.time, "perf_counter", lambda: next(now))
    times = clock.by_turns(
        lambda: called.append("a"), lambda: called.append("b"), count=2, rounds=3
    )
    assert called == ["a", "a", "b", "b"] * 3
    assert times == [0.5, 0.5]  # a second a block, by this clock


def test_what_is_missing_is_named(expect_refusal, tmp_path):
    expect_refusal("tools.bench", ["--db", tmp_path], "--records, --model, --out missing")
    expect_refusal("tools.bench_analysis", ["--model", tmp_path], tmp_path, "make fuse")


def test_the_analysis_of_a_folder_says_what_it_took(chain, command, tmp_path):
    folder = chain / "scenes" / "images"
    arguments = ["--model", chain / "model", "--folder", folder]
    done = command("tools.bench_analysis", *arguments)
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout.splitlines()[-1])
    assert figures["seconds"] > 0 and figures["bytes"] > 1e7


def test_what_is_found_is_judged_by_hand():
    """Two pictures: a face found surely, one found unsurely; one detection that is none."""

    class Analyzer:
        score = 0.8
        backend = SimpleNamespace(model=SimpleNamespace(calibrated=lambda score: score / 2))

        def find_many(self, images, score):
            assert score == 0.15  # what 0.3 has become in this model
            side = len(images[0])
            sure = dict(boxes=np.float32([[0, 0, side, side]]), score=np.float32([0.9]))
            unsure = dict(
                boxes=np.float32([[0, 0, side, side], [200, 200, 300, 300]]),
                score=np.float32([0.5, 0.95]),
            )
            return [sure if side == 100 else unsure]

    def picture(side):
        box = [0, 0, side, side]
        return Labelled("a", np.zeros((side, side, 3), np.uint8), [FaceRecord("a", box=box)])

    one = detection.searched(Analyzer(), [picture(100), picture(80)])
    assert one["seconds"] >= 0
    assert one["recall"] == 0.5 and one["precision"] == 0.5 and one["false"] == 0.5
    # Best first: none, right, right. Precision is 1/2 and 2/3 there; made non-increasing, 2/3.
    assert one["ap"] == pytest.approx(2 / 3)


def test_the_full_width_net_looks_at_what_another_model_answers_of(chain, rng):
    """Its stages are given the same crops, and its answers are not taken."""
    folder, looked = str(chain / "model"), []

    class Wide:
        input_size = 150

        def __call__(self, images, stage):
            looked.append((len(images), images[0].shape, stage))

    backend = full_width.Answering(folder, "opencv", Wide())
    assert backend.input_size == 150
    crops = [rng.integers(0, 255, (150, 150, 3)).astype(np.uint8) for _ in range(3)]
    found = backend(crops, stage=1)
    assert looked == [(3, (150, 150, 3), 1)]
    small = [cv2.resize(crop, (115, 115), interpolation=cv2.INTER_AREA) for crop in crops]
    alone = Backend(folder, "opencv")(small, stage=1)
    np.testing.assert_allclose(found["detection"], alone["detection"], atol=1e-6)


def test_two_processes_are_compared_without_their_start(monkeypatch):
    """One takes 2 s to start and 1 s a picture, two 3 s to start and 0.5 s a picture."""
    blank = np.zeros((8, 8, 3), np.uint8)
    monkeypatch.setattr(growth, "drawn_scenes", lambda count: [(blank, [])] * count)
    less, more = growth.LESS, growth.PICTURES
    taken = [2 + less, 2 + more, 3 + less / 2, 3 + more / 2]
    monkeypatch.setattr(growth, "by_turns", lambda *works, rounds: taken)
    assert growth.two_workers("").figures["two_workers_speedup"] == pytest.approx(2)


def test_a_film_is_timed_without_the_start_of_its_command(monkeypatch, tmp_path):
    """The command starts for 3 s and takes 0.05 s a frame, 0.02 s with fewer searches."""
    films.write_film(str(tmp_path / "film.mp4"), films.SHORT)
    frames = list(open_video(str(tmp_path / "film.mp4")).frames(1))
    assert len(frames) == films.SHORT and frames[0][2].shape == (480, 640, 3)
    monkeypatch.setattr(films, "write_film", lambda path, count: None)
    taken = [3 + each * count for each in (0.05, 0.02) for count in (films.SHORT, films.LONG)]
    monkeypatch.setattr(films, "by_turns", lambda *works, rounds: taken)
    part = films.film_rate("")
    assert part.figures["film_rates"] == {1: pytest.approx(20), 5: pytest.approx(50)}
    assert [row[1] for row in part.rows] == ["20.0/s", "50.0/s"]
