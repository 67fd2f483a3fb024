"""tools.analyze on videos."""

import os
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import video_files
from analysis_runs import COMMAND, faces_in, with_model
from conftest import run, run_well

from allinone import Face
from allinone.analysis import videos


def film(path, album):
    code = cv2.VideoWriter_fourcc(*"MJPG")
    writer = cv2.VideoWriter(str(path), code, 10, (240, 200))
    for picture in sorted(album.glob("*.jpg")):
        writer.write(cv2.resize(cv2.imread(str(picture)), (240, 200)))
    writer.release()


def test_a_video_is_analyzed_frame_by_frame(chain, album, tmp_path):
    film(tmp_path / "film.avi", album)
    run_well(COMMAND, tmp_path / "film.avi", *with_model(chain, tmp_path / "out", "--every", "2"))
    lines = faces_in(tmp_path / "out")
    assert {line.frame for line in lines} == {0, 2}
    assert {line.time for line in lines} == {0.0, 0.2}
    drawn = cv2.VideoCapture(str(tmp_path / "out" / "film.mp4"))
    assert drawn.get(cv2.CAP_PROP_FRAME_COUNT) == 2 and drawn.get(cv2.CAP_PROP_FRAME_WIDTH) == 240


def test_a_torn_video_does_not_stop_the_others(chain, album, tmp_path):
    film(tmp_path / "film.avi", album)
    (tmp_path / "a_torn.mp4").write_bytes(b"no video")
    given = [tmp_path / "a_torn.mp4", tmp_path / "film.avi", "--every", "4"]
    done = run(COMMAND, *given, *with_model(chain, tmp_path / "out"))
    assert done.returncode == 2 and "Traceback" not in done.stderr
    torn, *others = faces_in(tmp_path / "out")
    assert "no video" in torn.error and {face.frame for face in others} == {0}


def test_no_drawing_takes_the_place_of_an_input(chain, album, tmp_path):
    """Results beside the pictures: a PNG and a video keep their bytes, two of a name both stay."""
    picture, video = tmp_path / "one.png", tmp_path / "film.mp4"
    cv2.imwrite(str(picture), cv2.imread(str(next(album.glob("*.jpg")))))
    film(tmp_path / "film.avi", album)
    (tmp_path / "film.avi").rename(video)
    before = picture.read_bytes(), video.read_bytes()
    run_well(COMMAND, picture, video, "--every", "4", *with_model(chain, tmp_path))
    assert (picture.read_bytes(), video.read_bytes()) == before
    assert (tmp_path / "one-2.png").is_file() and (tmp_path / "film-2.mp4").is_file()


ALL = SimpleNamespace(every=1, start=0.0, end=None)  # frames


class Upright:
    """Finds a face wherever the upper left corner of a picture is red."""

    boxes = None

    def __init__(self, score=1.0):
        self.score = score

    def __call__(self, paths, images):
        found = [Face(box=np.zeros(4), score=self.score)]
        return [found if image[2, 2, 2] - int(image[2, 2, 0]) > 100 else [] for image in images]


@pytest.mark.parametrize("told, upside_down", [(90, False), (270, True)])
def test_a_video_that_says_the_wrong_turn_is_found_out(tmp_path, told, upside_down):
    """Stored turned by a quarter to the left: it must be shown turned to the right."""
    stored = np.rot90(video_files.corners())
    path = video_files.write(tmp_path / "a.mp4", [stored] * 4)
    video_files.say_turned(path, told)
    assert videos.stands_on_its_head(Upright(), str(path), ALL) == upside_down


def test_a_calibrated_model_is_as_certain_at_a_lower_score(tmp_path):
    """Its scores are less extreme than those of the net as it was trained."""
    path = video_files.write(tmp_path / "a.mp4", [np.rot90(video_files.corners())] * 4)
    video_files.say_turned(path, 270)
    for certain, turn in ((0.8, 90), (0.99, 270)):
        opened = SimpleNamespace(model=SimpleNamespace(calibrated=lambda _, it=certain: it))
        work = SimpleNamespace(
            video=SimpleNamespace(path=str(path)),
            settings=SimpleNamespace(**vars(ALL), boxes=None),
            analyzer=SimpleNamespace(backend=opened),
            finder=lambda _: Upright(0.85),
        )
        assert videos._opened(work, False).turn == turn


def test_a_video_without_a_face_keeps_its_turn(tmp_path):
    path = video_files.write(tmp_path / "a.mp4", [np.full((96, 128, 3), 90, np.uint8)] * 4)
    video_files.say_turned(path, 90)
    assert not videos.stands_on_its_head(
        Upright(), str(path), SimpleNamespace(every=1, start=0.0, end=None)
    )


def test_a_cut_video_keeps_its_frames_and_stops_no_other(chain, album, tmp_path, rng):
    cut = video_files.write(
        tmp_path / "cut.avi", list(rng.integers(0, 255, (10, 64, 64, 3), np.uint8))
    )
    os.truncate(cut, os.path.getsize(cut) // 2)
    film(tmp_path / "film.avi", album)
    given = [cut, tmp_path / "film.avi", "--every", "4", "--without-pictures"]
    done = run(COMMAND, *given, *with_model(chain, tmp_path / "out"))
    assert done.returncode == 2 and "Traceback" not in done.stderr
    lines = faces_in(tmp_path / "out")
    assert [(line.frame, line.error is None) for line in lines if line.image == str(cut)][-2:] == [
        (4, True),
        (None, False),
    ]
    assert f"error: {cut}: " in done.stderr and "of 10 frames could be read" in done.stderr
    assert any(line.image.endswith("film.avi") and line.error is None for line in lines)


@pytest.mark.parametrize(
    "times, every, frames",
    [
        (["--start", "0.2"], "2", {2, 4}),
        (["--end", "0.3"], "1", {0, 1, 2}),
        (["--start", "0.1", "--end", "0.4"], "2", {1, 3}),
    ],
)
def test_a_part_of_a_video_is_analyzed(tmp_path, times, every, frames):
    """Frames at 10 a second; every n-th is counted from the first that is taken."""
    film = video_files.write(tmp_path / "a.avi", [video_files.corners(n) for n in range(5)])
    which = ["--every", every, *times, "--without-pictures"]
    given = ["--out", tmp_path / "out", "--engine", "opencv", "--smallest", "60"]
    run_well(COMMAND, film, *given, *which)
    assert {line.frame for line in faces_in(tmp_path / "out")} == frames


def test_times_behind_the_end_are_said(tmp_path):
    film = video_files.write(tmp_path / "a.avi", [video_files.corners()] * 5)
    given = ["--out", tmp_path / "out", "--start", "7", "--engine", "opencv", "--smallest", "60"]
    done = run(COMMAND, film, *given)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert f"error: {film}: no frame from 7 seconds on; its last one was read at 0.4" in done.stderr
    (line,) = faces_in(tmp_path / "out")
    assert line.error.startswith(f"{film}: no frame from 7 seconds on")
