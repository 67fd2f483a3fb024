"""People followed through videos by the shipped model: two heads that move in drawn frames."""

import collections
import csv
import os

import cv2
import matplotlib
import numpy as np
import pytest
import video_files
from analysis_runs import COMMAND, faces_in
from conftest import run_well
from skimage import data

from allinone import draw
from allinone.analysis import run as analysis
from allinone.analysis import videos
from allinone.analysis.settings import Settings
from allinone.errors import InputError, WorkError

WIDTH, HEIGHT, FRAMES, RATE = 400, 220, 20, 10
QUICK = ["--engine", "opencv", "--smallest", "60"]
ASTRONAUT, ADMIRAL = 20, 80  # y of their upper edges


def heads():
    """Return two heads, 110 pixels wide: Eileen Collins and Grace Hopper."""
    folder = os.path.join(matplotlib.get_data_path(), "sample_data")
    admiral = cv2.imread(os.path.join(folder, "grace_hopper.jpg"))[0:400, 80:440]
    astronaut = data.astronaut()[0:220, 120:320, ::-1]
    return [cv2.resize(np.ascontiguousarray(one), (110, 121)) for one in (astronaut, admiral)]


def frames_with(gone=()):
    """Return frames: one head goes from left to right, the other back; gone: frames without it."""
    astronaut, admiral = heads()
    found = []
    for number in range(FRAMES):
        frame = np.full((HEIGHT, WIDTH, 3), 128, np.uint8)
        place = int(10 + number / (FRAMES - 1) * (WIDTH - 130))
        frame[ASTRONAUT : ASTRONAUT + 121, place : place + 110] = astronaut
        if number not in gone:
            back = WIDTH - 110 - place
            frame[ADMIRAL : ADMIRAL + 121, back : back + 110] = admiral
        found.append(frame)
    return found


def who(face):
    """Return whose face it is: they walk at different heights."""
    return "astronaut" if (face.box[1] + face.box[3]) / 2 < 115 else "admiral"


@pytest.fixture(scope="module")
def crossing(tmp_path_factory):
    """(the video of two who cross, what an analysis in two processes leaves of it)."""
    folder = tmp_path_factory.mktemp("crossing")
    film = video_files.write(folder / "film.avi", frames_with(), RATE)
    run_well(COMMAND, film, "--out", folder / "out", "--csv", "--workers", "2", *QUICK)
    return film, folder / "out"


def numbers_of(out):
    """Return {person: the numbers that their faces have}."""
    found = collections.defaultdict(set)
    for face in faces_in(out):
        if face.box:
            found[who(face)].add(face.number)
    return dict(found)


def test_two_who_cross_keep_their_numbers(crossing):
    film, out = crossing
    found = numbers_of(out)
    assert sorted(map(sorted, found.values())) == [[1], [2]]
    seen = {face.frame for face in faces_in(out) if who(face) == "astronaut"}
    assert {0, FRAMES - 1} <= seen and len(seen) < FRAMES  # she is hidden behind the other


def test_all_lines_of_a_person_have_the_medians_of_the_frames(crossing, tmp_path):
    """What each frame says alone is what an analysis of the frame as a picture says."""
    film, out = crossing
    capture, paths = cv2.VideoCapture(str(film)), []
    for number in range(FRAMES):
        paths.append(tmp_path / f"{number:02d}.png")
        cv2.imwrite(str(paths[-1]), capture.read()[1])
    run_well(COMMAND, *paths, "--out", tmp_path / "out", "--without-pictures", *QUICK)
    for name in ("age", "smile", "gender"):
        alone, together = collections.defaultdict(list), collections.defaultdict(set)
        for face in faces_in(tmp_path / "out"):
            if face.box:
                alone[who(face)].append(getattr(face, name))
        for face in faces_in(out):
            together[who(face)].add(getattr(face, name))
        for person, values in together.items():
            (value,) = values
            assert value == pytest.approx(np.median(alone[person]), abs=0.01), (name, person)
    with open(out / "faces.csv") as stream:
        rows = list(csv.DictReader(stream))
    lines = faces_in(out)
    assert [row["age"] for row in rows] == [str(face.age) for face in lines]
    assert [row["number"] for row in rows] == [str(face.number) for face in lines]


def test_one_process_and_a_stopped_video_give_the_same_bytes(crossing, tmp_path):
    film, out = crossing
    run_well(COMMAND, film, "--out", tmp_path, "--csv", "--workers", "1", *QUICK)
    for name in ("faces.jsonl", "faces.csv", "film.mp4"):
        assert (tmp_path / name).read_bytes() == (out / name).read_bytes(), name


def test_the_drawing_has_a_colour_for_each_person(crossing):
    """A frame behind the crossing: the box of each is nearer to its colour than to the other's."""
    film, out = crossing
    drawn = cv2.VideoCapture(str(out / "film.mp4"))
    drawn.set(cv2.CAP_PROP_POS_FRAMES, FRAMES - 1)
    image = drawn.read()[1].astype(int)
    for face in faces_in(out):
        if face.frame == FRAMES - 1:
            x1, y1, x2, y2 = (round(edge) for edge in face.box)
            edge = image[(y1 + y2) // 2 - 9 : (y1 + y2) // 2 + 9, x1 - 1 : x1 + 3]
            away = [np.abs(edge - color).sum(axis=-1).min() for color in draw.COLORS[:2]]
            assert int(np.argmin(away)) == face.number - 1


def test_one_who_leaves_and_returns_is_known_again(tmp_path):
    """Gone for more than a second, and back at another place: the descriptor alone can tell."""
    film = video_files.write(tmp_path / "film.avi", frames_with(gone=range(3, 16)), RATE)
    run_well(COMMAND, film, "--out", tmp_path / "out", "--without-pictures", *QUICK)
    assert sorted(map(sorted, numbers_of(tmp_path / "out").values())) == [[1], [2]]
    seen = {face.frame for face in faces_in(tmp_path / "out") if who(face) == "admiral"}
    assert {0, 2, 16, FRAMES - 1} <= seen and not seen & set(range(3, 16))


def test_a_video_is_not_to_blame_for_a_process_that_dies(crossing, tmp_path, monkeypatch):
    """The command stops, where it could as well call the video unreadable and go on."""
    film, _ = crossing

    def dies(work, frames, *_):
        yield next(iter(frames)), videos.Seen([])
        raise InputError("one of the 2 processes that work has died")

    monkeypatch.setattr(videos, "elsewhere", dies)
    settings = Settings([str(film)], str(tmp_path), engine="opencv", smallest=60)
    with pytest.raises(WorkError, match="has died"):
        analysis.run(settings)
    assert not (tmp_path / "faces.jsonl").exists()
