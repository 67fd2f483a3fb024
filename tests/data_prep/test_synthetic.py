import json
import os
import subprocess
import sys

import cv2
import numpy as np
import pytest
from conftest import ROOT

from allinone import landmarks, pose, record
from data_prep import head, render, scene, synthetic

LEFT_EYE, RIGHT_EYE, LEFT_EAR, NOSE, RIGHT_EAR, LEFT_MOUTH, RIGHT_MOUTH, CHIN = (
    7,
    10,
    12,
    14,
    16,
    17,
    19,
    20,
)


@pytest.fixture(scope="module")
def somebody():
    who = synthetic.person(1, 5)
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
    np.testing.assert_allclose(
        points[landmarks.MIRROR], [200, 0] + points * [-1, 1], atol=1.5
    )  # symmetric


def test_turned_heads_hide_what_is_behind(somebody):
    points, seen = placed(somebody, (0, 0, 75))  # towards the image's right
    assert seen[[LEFT_EYE, LEFT_EAR, LEFT_MOUTH]].all() and not seen[[RIGHT_EYE, RIGHT_EAR]].any()
    assert points[NOSE, 0] > points[LEFT_EYE, 0] and points[NOSE, 0] - points[LEFT_EAR, 0] > 30
    _, mirrored = placed(somebody, (0, 0, -75))
    assert mirrored[RIGHT_EYE] and not mirrored[LEFT_EYE]


def test_roll_and_pitch_turn_as_documented(somebody):
    rolled, _ = placed(somebody, (25, 0, 0))
    eyes = rolled[RIGHT_EYE] - rolled[LEFT_EYE]
    assert np.degrees(np.arctan2(eyes[1], eyes[0])) == pytest.approx(
        25, abs=1
    )  # clockwise in the image
    flat, raised = placed(somebody, (0, 0, 0))[0], placed(somebody, (0, 25, 0))[0]
    assert raised[NOSE, 1] < flat[NOSE, 1]


def test_visibility_is_what_the_rendered_depth_says(somebody):
    """A point is seen where no drawn surface point lies clearly before it (another ray at the same pixel)."""
    turn = pose.rotation_matrix((5, -8, 50))
    grid = np.linspace(-1.2, 1.2, 240)
    x, y = [a.ravel().astype(np.float32) for a in np.meshgrid(grid, grid)]
    depth = render._cast(somebody.radius, turn, x, y).reshape(240, 240)
    camera = somebody.landmarks @ turn.T
    column, row = [np.rint((camera[:, axis] + 1.2) / 2.4 * 239).astype(int) for axis in (0, 1)]
    before = depth[row, column] - camera[:, 2]
    clear = np.isfinite(before) & (np.abs(before - 0.07) > 0.05)  # not on the edge of the decision
    assert clear.sum() > 12
    np.testing.assert_array_equal(
        render.visible(somebody, turn, somebody.landmarks)[clear], before[clear] < 0.07
    )


def test_smile_and_age_drive_what_can_be_seen():
    who = synthetic.person(1, 5)
    heads = {
        smile: head.build_head(
            who, head.Look(age=40, smiling=int(smile > 0.5), smile=smile, eyes_open=0.9)
        )
        for smile in (0.0, 1.0)
    }
    width = lambda h: np.linalg.norm(h.landmarks[RIGHT_MOUTH] - h.landmarks[LEFT_MOUTH])
    assert width(heads[1.0]) > 1.15 * width(heads[0.0])
    young, old = [
        head.build_head(who, head.Look(age=age, smiling=0, smile=0.1, eyes_open=0.9))
        for age in (25, 78)
    ]
    grey = lambda h: np.ptp(h.albedo[h.hair > 0.9].mean(axis=0)) / h.albedo[h.hair > 0.9].mean()
    assert grey(old) < grey(young)


def test_a_person_keeps_his_features_and_people_differ():
    assert (
        synthetic.person(1, 8).shape == synthetic.person(1, 8).shape != synthetic.person(1, 9).shape
    )
    people = [synthetic.person(3, number) for number in range(300)]
    assert 0.4 < np.mean([who.gender for who in people]) < 0.6
    assert min(who.age for who in people) < 10 and max(who.age for who in people) > 75


def test_labels_stay_in_their_ranges(rng):
    for _ in range(300):
        roll, pitch, yaw = scene.draw_pose(rng, None)
        assert abs(roll) <= 30 and abs(pitch) <= 30 and abs(yaw) <= 80


def test_scenes_have_faces_of_the_promised_sizes(tmp_path):
    synthetic.draw_set(str(tmp_path), "scenes", 40, 30, seed=4)
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
    for folder, workers in (("one", 1), ("two", 2)):
        synthetic.draw_set(str(tmp_path / folder), "portraits", 30, 7, seed=9, workers=workers)
    for name in ("records.jsonl", *(f"images/{number:06d}.jpg" for number in range(30))):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_a_stopped_run_goes_on_and_a_changed_one_starts_anew(tmp_path):
    out = tmp_path / "set"
    synthetic.draw_set(str(out), "portraits", 30, 7, seed=9)
    whole = (out / "records.jsonl").read_bytes()
    os.remove(out / "records.jsonl")
    os.remove(out / "parts" / "000025.jsonl")  # as if stopped in the second part
    kept = os.stat(out / "images" / "000000.jpg").st_mtime_ns
    synthetic.draw_set(str(out), "portraits", 30, 7, seed=9)
    assert (out / "records.jsonl").read_bytes() == whole
    assert os.stat(out / "images" / "000000.jpg").st_mtime_ns == kept  # not drawn again
    synthetic.draw_set(str(out), "portraits", 26, 7, seed=10)
    assert (
        len(os.listdir(out / "images")) == 26
        and json.loads((out / "set.json").read_text())["seed"] == 10
    )


def test_the_contact_sheet_is_a_picture(chain):
    assert cv2.imread(str(chain / "faces" / "sheet.jpg")).shape == (800, 1200, 3)


def test_a_folder_of_other_files_is_left_alone(tmp_path, expect_refusal):
    (tmp_path / "holiday.jpg").write_text("mine")
    expect_refusal(
        synthetic.main,
        ["--kind", "portraits", "--count", 5, "--out", tmp_path],
        tmp_path,
        "other files",
    )
    assert os.listdir(tmp_path) == ["holiday.jpg"]


def test_a_set_of_no_faces_is_refused(tmp_path, expect_refusal):
    expect_refusal(
        synthetic.main,
        ["--kind", "portraits", "--count", 0, "--out", tmp_path / "x"],
        "--count 0",
        "trains nothing",
    )


DRAWN = """
import hashlib
import cv2
import numpy as np
from data_prep import scene, synthetic
cv2.setNumThreads(1)
for index in (35, 109, 152, 349):
    image, _ = scene.portrait(np.random.default_rng([1, 1, index]), synthetic.person(1, index), 176)
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
