"""Faces of a video that are followed between two searches for them."""

import numpy as np
import pytest
import video_files
from analysis_runs import COMMAND, faces_in
from conftest import run_well
from skimage import data

from allinone import FaceAnalyzer, boxes
from allinone.analysis import videos
from allinone.analysis.settings import Settings
from allinone.analysis.work import Given

STEP, SIDE = 4, 240  # pixels that the face moves to the left in a frame


@pytest.fixture(scope="module")
def analyzer():
    return FaceAnalyzer(engine="opencv", smallest=60)


@pytest.fixture(scope="module")
def moving():
    """Seven frames with a face that moves; in the first it is hidden by a grey curtain."""
    photo = data.astronaut()[:, :, ::-1]
    frames = [photo[:SIDE, 90 + STEP * n : 90 + STEP * n + SIDE].copy() for n in range(7)]
    frames[0][:] = 90
    return frames


def work_of(analyzer, tmp_path, every):
    settings = Settings([], str(tmp_path), without_pictures=True, search_every=every)
    work = videos.FrameWork({}, [], settings, Given("film"))
    work.analyzer = analyzer
    return work


def test_a_face_is_followed_to_where_a_search_finds_it(analyzer, moving):
    """And nothing else is looked for: with no face before there is none after."""
    before = analyzer.analyze(moving[1])
    (followed,), (found,) = analyzer.follow(moving[2], before), analyzer.analyze(moving[2])
    assert boxes.iou([followed.box], [found.box])[0, 0] > 0.9
    assert followed.score > analyzer.score and abs(followed.age - found.age) < 8
    assert followed.unit_descriptor() @ found.unit_descriptor() > 0.9
    shift = boxes.center_size(followed.box)[0] - boxes.center_size(before[0].box)[0]
    np.testing.assert_allclose(shift, [-STEP, 0], atol=4)
    assert analyzer.follow(moving[2], []) == [] == analyzer.follow(moving[0], before)


def test_a_face_that_is_followed_for_long_does_not_drift(analyzer, moving):
    """After five frames its box is still that of a search."""
    faces = analyzer.analyze(moving[1])
    for frame in moving[2:]:
        faces = analyzer.follow(frame, faces)
    (last,), (found,) = faces, analyzer.analyze(moving[-1])
    assert boxes.iou([last.box], [found.box])[0, 0] > 0.9


def test_a_model_without_a_screening_net_follows_nobody(chain, expect_refusal, tmp_path):
    film = video_files.write(tmp_path / "a.avi", [np.zeros((64, 64, 3), np.uint8)] * 2)
    given = ["--model", chain / "model", "--engine", "opencv", "--out", tmp_path / "out"]
    expect_refusal(
        COMMAND, [film, *given, "--search-every", "2"], "screen.prototxt: not in this model; train"
    )


def test_every_nth_frame_is_searched(analyzer, moving, tmp_path):
    """A face that comes is found with the next search, and then in each frame."""
    frames = [videos.Frame(number, 0.0, image) for number, image in enumerate(moving)]
    counts = [len(seen.faces) for seen in work_of(analyzer, tmp_path, 3)(frames)]
    assert counts == [0, 0, 0, 1, 1, 1, 1]
    counts = [len(seen.faces) for seen in work_of(analyzer, tmp_path, 1)(frames)]
    assert counts == [0, 1, 1, 1, 1, 1, 1]


def test_a_frame_is_given_back_as_soon_as_it_is_analyzed(analyzer, moving, tmp_path):
    """By one process, as a camera's frames: it waits for no other frame of the group."""
    read = []

    def frames():
        for number, image in enumerate(moving):
            read.append(number)
            yield videos.Frame(number, 0.0, image)

    work = work_of(analyzer, tmp_path, 3)
    for frame, seen in videos._alone(work, frames()):
        assert seen.error is None and max(read) <= frame.number + 2
    assert read == list(range(len(moving)))


def test_who_works_decides_nothing(moving, tmp_path):
    """One process or two: the same bytes, in the frames' order."""
    film = video_files.write(tmp_path / "film.avi", [*moving, *moving], rate=10)
    lines = []
    for workers in ("1", "2"):
        out = tmp_path / workers
        how = ["--search-every", "3", "--workers", workers, "--without-pictures"]
        run_well(COMMAND, film, "--out", out, "--engine", "opencv", "--smallest", "60", *how)
        lines.append((out / "faces.jsonl").read_bytes())
    assert lines[0] == lines[1]
    faces = faces_in(tmp_path / "1")
    assert [face.frame for face in faces] == list(range(14))
    # The curtain falls again in the eighth frame, which is not searched; nor is the one after it.
    hidden = [face.frame for face in faces if face.box is None]
    assert hidden == [0, 1, 2, 7, 8]


@pytest.mark.parametrize(
    "more, sentence",
    [
        (["--search-every", "0"], "must be a whole number from 1 up to 10"),
        (["--search-every", "11"], "must be a whole number from 1 up to 10"),
        (["--search-every", "2"], "are of videos, and none is among the inputs"),
        (["--search-every", "2", "--boxes", "b.csv"], "no face is searched for with --boxes"),
    ],
)
def test_what_means_nothing_is_refused(expect_refusal, tmp_path, more, sentence):
    picture = tmp_path / "a.png"
    picture.write_bytes(b"")
    expect_refusal(COMMAND, [picture, "--out", tmp_path / "out", *more], sentence)
