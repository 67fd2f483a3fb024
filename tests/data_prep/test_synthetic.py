"""Drawn people: their geometry, their labels, and that a seed gives the same files."""

import json
import os
import subprocess
import sys

import cv2
import numpy as np
import pytest
from conftest import ROOT, run_well

from allinone import closure, landmarks, pose, record
from allinone.errors import InputError
from data_prep import drawing, head, render, scene

SYNTHETIC = "data_prep.synthetic"
LEFT_EYE, RIGHT_EYE, LEFT_EAR, RIGHT_EAR, NOSE = 7, 10, 12, 16, 14
LEFT_MOUTH, RIGHT_MOUTH, CHIN = 17, 19, 20


@pytest.fixture(scope="module")
def somebody():
    who = drawing.person(1, 5)
    return head.build_head(who, head.Look(age=30, smiling=0, smile=0.1, eyes_open=0.9))


def placed(somebody, angles):
    """Image points and visibility of a head turned by (roll, pitch, yaw)."""
    turn = pose.rotation_matrix(angles)
    return render.project(somebody.landmarks, turn, (100, 100), 50), render.visible(
        somebody, turn, somebody.landmarks
    )


def test_a_frontal_face_is_where_a_face_is(somebody):
    points, seen = placed(somebody, (0, 0, 0))
    assert seen[[i for i in range(21) if i not in (LEFT_EAR, RIGHT_EAR)]].all()
    assert points[LEFT_EYE, 0] < points[NOSE, 0] < points[RIGHT_EYE, 0]  # left in the image
    assert points[LEFT_EYE, 1] < points[NOSE, 1] < points[LEFT_MOUTH, 1] < points[CHIN, 1]
    mirrored = [200, 0] + points * [-1, 1]
    np.testing.assert_allclose(points[landmarks.MIRROR], mirrored, atol=1.5)


def test_turned_heads_hide_what_is_behind(somebody):
    points, seen = placed(somebody, (0, 0, 75))  # towards the image's right
    assert seen[[LEFT_EYE, LEFT_EAR, LEFT_MOUTH]].all() and not seen[[RIGHT_EYE, RIGHT_EAR]].any()
    assert points[NOSE, 0] > points[LEFT_EYE, 0] and points[NOSE, 0] - points[LEFT_EAR, 0] > 30
    _, mirrored = placed(somebody, (0, 0, -75))
    assert mirrored[RIGHT_EYE] and not mirrored[LEFT_EYE]


def test_roll_and_pitch_turn_as_documented(somebody):
    rolled, _ = placed(somebody, (25, 0, 0))
    eyes = rolled[RIGHT_EYE] - rolled[LEFT_EYE]
    # Clockwise in the image.
    assert np.degrees(np.arctan2(eyes[1], eyes[0])) == pytest.approx(25, abs=1)
    flat, raised = placed(somebody, (0, 0, 0))[0], placed(somebody, (0, 25, 0))[0]
    assert raised[NOSE, 1] < flat[NOSE, 1]


def test_visibility_is_what_the_rendered_depth_says(somebody):
    """A point is seen where no drawn surface point, by another ray, lies clearly before it."""
    turn = pose.rotation_matrix((5, -8, 50))
    grid = np.linspace(-1.2, 1.2, 240)
    x, y = [a.ravel().astype(np.float32) for a in np.meshgrid(grid, grid)]
    depth = render._cast(somebody.radius, turn, x, y).reshape(240, 240)
    camera = somebody.landmarks @ turn.T
    column, row = [np.rint((camera[:, axis] + 1.2) / 2.4 * 239).astype(int) for axis in (0, 1)]
    before = depth[row, column] - camera[:, 2]
    clear = np.isfinite(before) & (np.abs(before - 0.07) > 0.05)  # not on the edge of the decision
    assert clear.sum() > 12
    seen = render.visible(somebody, turn, somebody.landmarks)
    np.testing.assert_array_equal(seen[clear], before[clear] < 0.07)


def mouth_width(somebody):
    return np.linalg.norm(somebody.landmarks[RIGHT_MOUTH] - somebody.landmarks[LEFT_MOUTH])


def saturation(somebody):
    """Return how colourful the hair is."""
    colors = somebody.albedo[somebody.hair > 0.9]
    return np.ptp(colors.mean(axis=0)) / colors.mean()


def test_smile_and_age_drive_what_can_be_seen():
    who = drawing.person(1, 5)
    serious = head.Look(age=40, smiling=0, smile=0.0, eyes_open=0.9)
    smiling = head.Look(age=40, smiling=1, smile=1.0, eyes_open=0.9)
    serious, smiling = head.build_head(who, serious), head.build_head(who, smiling)
    assert mouth_width(smiling) > 1.15 * mouth_width(serious)
    young, old = [
        head.build_head(who, head.Look(age=age, smiling=0, smile=0.1, eyes_open=0.9))
        for age in (25, 78)
    ]
    assert saturation(old) < saturation(young)


def test_a_person_keeps_his_features_and_people_differ():
    first, again, other = [drawing.person(1, number).shape for number in (8, 8, 9)]
    assert first == again != other
    people = [drawing.person(3, number) for number in range(300)]
    assert 0.4 < np.mean([who.gender for who in people]) < 0.6
    assert min(who.age for who in people) < 10 and max(who.age for who in people) > 75


def test_labels_stay_in_their_ranges(rng):
    for _ in range(300):
        roll, pitch, yaw = scene.draw_pose(rng, None)
        assert abs(roll) <= 30 and abs(pitch) <= 30 and abs(yaw) <= 80


def test_scenes_have_faces_of_the_promised_sizes(tmp_path):
    drawing.draw_set(str(tmp_path), "scenes", 40, 30, seed=4)
    counts = []
    for name, faces in record.faces_by_picture(record.read(str(tmp_path / "records.jsonl"))):
        height, width = cv2.imread(str(tmp_path / name)).shape[:2]
        counts.append(len(faces))
        for face in faces:
            x1, y1, x2, y2 = face.box
            assert 18 <= y2 - y1 <= 230
            assert x1 > -5 and y1 > -5 and x2 < width + 5 and y2 < height + 5
            assert face.gender in (0, 1) and 5 <= face.age <= 80 and len(face.landmarks) == 21
    assert min(counts) == 0 and 4 <= max(counts) <= 6


def test_the_same_seed_gives_the_same_files_whatever_the_workers(tmp_path):
    for folder, count, workers in (("one", 30, 1), ("two", 30, 2), ("here", 20, 1)):
        drawing.draw_set(str(tmp_path / folder), "portraits", count, 7, seed=9, workers=workers)
    for name in ("records.jsonl", *(f"images/{number:06d}.jpg" for number in range(30))):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    for name in (f"images/{number:06d}.jpg" for number in range(20)):  # in this process
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "here" / name).read_bytes()


def test_a_stopped_run_goes_on_and_a_changed_one_starts_anew(tmp_path):
    out = tmp_path / "set"
    drawing.draw_set(str(out), "portraits", 30, 7, seed=9)
    whole = (out / "records.jsonl").read_bytes()
    os.remove(out / "records.jsonl")
    os.remove(out / "parts" / "000025.jsonl")  # as if stopped in the second part
    kept = os.stat(out / "images" / "000000.jpg").st_mtime_ns
    drawing.draw_set(str(out), "portraits", 30, 7, seed=9)
    assert (out / "records.jsonl").read_bytes() == whole
    assert os.stat(out / "images" / "000000.jpg").st_mtime_ns == kept  # not drawn again
    drawing.draw_set(str(out), "portraits", 26, 7, seed=10)
    assert len(os.listdir(out / "images")) == 26
    assert json.loads((out / "set.json").read_text())["seed"] == 10


@pytest.mark.parametrize("damage", [lambda text: text[:-40], lambda text: text + text[-300:]])
def test_a_part_that_is_damaged_is_drawn_again(tmp_path, damage):
    drawing.draw_set(str(tmp_path), "portraits", 4, 2, seed=9, workers=1)
    whole, part = (tmp_path / "records.jsonl").read_bytes(), tmp_path / "parts" / "000000.jsonl"
    part.write_text(damage(part.read_text()))
    drawing.draw_set(str(tmp_path), "portraits", 4, 2, seed=9, workers=1)
    assert (tmp_path / "records.jsonl").read_bytes() == whole


def test_other_code_draws_anew(tmp_path, monkeypatch):
    drawing.draw_set(str(tmp_path), "portraits", 2, 7, seed=9)
    code = json.loads((tmp_path / "set.json").read_text())["code"]
    assert {"data_prep/head_paint.py", "data_prep/render.py", "allinone/pose.py"} <= set(code)
    assert "allinone/analyzer.py" not in code
    first = os.stat(tmp_path / "images" / "000000.jpg").st_mtime_ns
    drawing.draw_set(str(tmp_path), "portraits", 2, 7, seed=9)
    assert os.stat(tmp_path / "images" / "000000.jpg").st_mtime_ns == first
    changed = {**code, "data_prep/render.py": "another"}
    monkeypatch.setattr(closure, "hashes", lambda modules: changed)
    drawing.draw_set(str(tmp_path), "portraits", 2, 7, seed=9)
    assert os.stat(tmp_path / "images" / "000000.jpg").st_mtime_ns != first


def test_the_contact_sheet_is_a_picture(chain):
    height, width, _ = cv2.imread(str(chain / "faces" / "sheet.jpg")).shape
    assert height >= 4 * 200 and width >= 6 * 200  # captions may need more


def test_the_command_draws_pictures_records_and_a_sheet(tmp_path):
    drawn = ["--kind", "scenes", "--count", 3, "--identities", 2, "--first-identity", 40]
    said = run_well(SYNTHETIC, *drawn, "--out", tmp_path).stdout
    assert "3 scenes in" in said
    assert cv2.imread(str(tmp_path / "sheet.jpg")).shape[1] >= 6 * 200
    faces = list(record.read(str(tmp_path / "records.jsonl")))
    assert len({face.image for face in faces}) == len(os.listdir(tmp_path / "images")) == 3
    assert {face.identity for face in faces} <= {40, 41, None}


def test_a_set_is_drawn_in_the_layout_of_another(tmp_path, expect_refusal):
    drawn = ["--kind", "portraits", "--count", 2, "--layout", "utkface", "--out", tmp_path / "x"]
    assert "in the layout of utkface" in run_well(SYNTHETIC, *drawn).stdout
    assert not (tmp_path / "x" / "records.jsonl").exists() and os.listdir(tmp_path / "x")
    expect_refusal(SYNTHETIC, drawn, tmp_path / "x", "holds files already")


def test_a_folder_of_other_files_is_left_alone(tmp_path, expect_refusal):
    (tmp_path / "holiday.jpg").write_text("mine")
    drawn = ["--kind", "portraits", "--count", 5, "--out", tmp_path]
    expect_refusal(SYNTHETIC, drawn, tmp_path, "other files")
    assert os.listdir(tmp_path) == ["holiday.jpg"]


def test_a_set_of_no_faces_is_refused(tmp_path, expect_refusal):
    drawn = ["--kind", "portraits", "--count", 0, "--out", tmp_path / "x"]
    expect_refusal(SYNTHETIC, drawn, "--count 0: must be a whole number from 1")
    with pytest.raises(InputError, match="--count 0 .*trains nothing"):
        drawing.draw_set(str(tmp_path / "x"), "portraits", 0, 5, 1)


DRAWN = """
import hashlib
import cv2
import numpy as np
from data_prep import drawing, scene
cv2.setNumThreads(1)
for index in (35, 109, 152, 349):
    image, _ = scene.portrait(np.random.default_rng([1, 1, index]), drawing.person(1, index), 176)
    print(hashlib.sha256(image.tobytes()).hexdigest())
"""


@pytest.mark.skipif(os.cpu_count() < 2, reason="needs two cores")
def test_a_picture_does_not_depend_on_the_threads_of_blas():
    """Four faces of which one pixel or another once did."""
    one, two = [
        subprocess.run(
            [sys.executable, "-c", DRAWN],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "OPENBLAS_NUM_THREADS": threads},
        ).stdout
        for threads in "12"
    ]
    assert one == two and len(one.split()) == 4
