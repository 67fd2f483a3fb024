"""Videos as players show them: turned, with their own times; what is cut off or no video."""

import os

import numpy as np
import pytest
import video_files

from allinone import videos
from allinone.errors import InputError

RED = (0, 0, 255)


def frames_of(path, every=1):
    return list(videos.open_video(str(path)).frames(every))


@pytest.mark.parametrize("degrees, corner", [(90, (0, -1)), (180, (-1, -1)), (270, (-1, 0))])
@pytest.mark.parametrize("kind", [".mp4", ".mov"])
def test_frames_are_turned_as_the_file_says(tmp_path, kind, degrees, corner):
    """The red corner, upper left as stored, goes where a quarter or a half clockwise brings it."""
    path = video_files.write(tmp_path / f"a{kind}", [video_files.corners()] * 3)
    video_files.say_turned(path, degrees)
    *_, (number, _, frame) = frames_of(path)
    assert number == 2
    assert frame.shape == ((96, 128, 3) if degrees == 180 else (128, 96, 3))
    assert np.abs(frame[corner].astype(int) - RED).max() < 30


@pytest.mark.parametrize("every", [1, 3])
def test_times_are_the_frames_own(tmp_path, every):
    """Frames at 10 a second, but for the fifth, which stands for 4.6 seconds."""
    lengths = [1, 1, 1, 1, 46, 1, 1, 1, 1, 1]
    frames = [video_files.corners(number) for number in range(10)]
    path = video_files.write(tmp_path / "a.mp4", frames)
    video_files.say_times(path, lengths)
    found = frames_of(path, every)
    assert [number for number, _, _ in found] == list(range(0, 10, every))
    wanted = np.cumsum([0, *lengths[:-1]])[::every] / 10
    np.testing.assert_allclose([seconds for _, seconds, _ in found], wanted, atol=1e-3)


@pytest.mark.parametrize("kind", [".avi", ".mkv", ".mp4"])
def test_a_whole_video_is_whole(tmp_path, kind):
    frames = [video_files.corners(number) for number in range(20)]
    found = frames_of(video_files.write(tmp_path / f"a{kind}", frames), 4)
    assert [number for number, _, _ in found] == [0, 4, 8, 12, 16]
    np.testing.assert_allclose([seconds for _, seconds, _ in found], [0, 0.4, 0.8, 1.2, 1.6])
    for number, _, frame in found:
        assert np.abs(frame[-9:].astype(int) - 40 - 5 * number).max() < 20


@pytest.mark.parametrize(
    "kind, share", [(".avi", 0.3), (".avi", 0.9), (".mkv", 0.3), (".mkv", 0.8)]
)
def test_a_video_that_is_cut_off_is_said_behind_its_frames(tmp_path, kind, share, rng):
    """Noise, so that each frame takes its bytes."""
    frames = list(rng.integers(0, 255, (40, 96, 128, 3), np.uint8))
    path = video_files.write(tmp_path / f"a{kind}", frames)
    os.truncate(path, int(share * os.path.getsize(path)))
    read = []
    with pytest.raises(InputError, match=r"of 40 frames could be read, and their results") as error:
        for number, _, _ in videos.open_video(str(path)).frames(1):
            read.append(number)
    assert f"{path}: {len(read)} of 40" in str(error.value) and abs(len(read) - 40 * share) < 4


def test_what_is_no_video_is_refused(tmp_path):
    (tmp_path / "text.mp4").write_text("no video")
    (tmp_path / "empty.mp4").write_bytes(b"")
    whole = video_files.write(tmp_path / "a.mp4", [video_files.corners()] * 3)
    (tmp_path / "head.mp4").write_bytes(whole.read_bytes()[:400])
    os.mkfifo(tmp_path / "pipe.mp4")
    for name, says in (
        ("text.mp4", "no video that OpenCV can read"),
        ("empty.mp4", "no video that OpenCV can read"),
        ("head.mp4", "no video that OpenCV can read"),
        ("pipe.mp4", "no plain file"),
        ("none.mp4", "no such file"),
    ):
        with pytest.raises(InputError, match=f"{name}: {says}.*check the path, or leave it out"):
            videos.open_video(str(tmp_path / name))
    with pytest.raises(InputError, match="98: no such camera"):
        videos.open_video("98", camera=True)


@pytest.mark.parametrize(
    "start, end, every, numbers",
    [
        (0.5, None, 1, list(range(5, 20))),
        (0.5, 1.1, 2, [5, 7, 9]),
        (0.0, 0.05, 1, [0]),
        (1.85, 99.0, 1, [19]),
    ],
)
def test_a_part_of_a_video(tmp_path, start, end, every, numbers):
    """Frames at 10 a second: from the first at `start` to the last before `end`."""
    path = video_files.write(tmp_path / "a.avi", [video_files.corners(n) for n in range(20)])
    video = videos.open_video(str(path))
    assert abs(video.expected(every, start, end) - len(numbers)) <= 1
    found = list(video.frames(every, start, end))
    assert [number for number, _, _ in found] == numbers
    np.testing.assert_allclose([seconds for _, seconds, _ in found], np.array(numbers) / 10)
    for number, _, frame in found:
        assert np.abs(frame[-9:].astype(int) - 40 - 5 * number).max() < 20


@pytest.mark.parametrize("start, end", [(2.0, None), (0.51, 0.59)])
def test_a_part_without_a_frame_is_refused(tmp_path, start, end):
    path = video_files.write(tmp_path / "a.avi", [video_files.corners()] * 20)
    with pytest.raises(InputError, match=f"a.avi: no frame from {start:g} seconds on"):
        list(videos.open_video(str(path)).frames(1, start, end))
