"""A full disk: a sentence, exit code 2, the last good file stays, and with room it goes on.

A small tmpfs is mounted, which needs the right to; without it the tests are skipped.
"""

import os
import subprocess
import sys

import cv2
import numpy as np
import pytest
from conftest import ROOT, run, run_well

from allinone import files, hdf5, store
from allinone.analysis.videos import DrawnVideo
from allinone.errors import InputError

SIZES = (4, 40, 120, 300)  # KiB of the disk
NUMBERS = np.random.default_rng(0).random(60_000)  # 480 kB: more than any of the disks


@pytest.fixture
def disk(tmp_path):
    """Give (folder on a small disk, function that gives it a size in KiB)."""
    place = tmp_path / "disk"
    place.mkdir()

    def mount(size, *more):
        options = ",".join([*more, f"size={size}k"])
        return subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", place], capture_output=True
        )

    if os.geteuid() or mount(SIZES[0]).returncode:
        pytest.skip("mounting a small disk needs root")
    yield place, lambda size: mount(size, "remount")
    subprocess.run(["umount", "--lazy", place], check=True)


def write_text(path):
    files.write_json(path, NUMBERS.tolist())


def write_hdf5(path):
    with hdf5.replacing(path) as data:
        data["numbers"] = NUMBERS


@pytest.mark.parametrize("write", [write_text, write_hdf5])
@pytest.mark.parametrize("size", SIZES)
def test_the_last_good_file_stays_and_the_next_is_written(disk, write, size):
    place, resize = disk
    resize(size)
    path = place / "file"
    path.write_text("good")
    with pytest.raises(InputError, match="file: cannot be written .*free space"):
        write(str(path))
    assert path.read_text() == "good" and os.listdir(place) == ["file"]
    resize(9000)
    write(str(path))
    assert path.stat().st_size > 400_000 and os.listdir(place) == ["file"]


@pytest.mark.parametrize("size", SIZES)
def test_a_database_says_so(disk, size):
    place, resize = disk
    resize(size)
    with pytest.raises(InputError, match="images.lmdb: cannot be written .*free space"):
        writer = store.Writer(str(place))
        for _ in range(10):
            writer.add(NUMBERS.tobytes(), 1)
        writer.close()


def test_room_is_asked_for_before_a_library_that_does_not_survive_writes(disk):
    place, resize = disk
    resize(100)
    files.refuse_without_room(str(place / "net"), 90_000)
    with pytest.raises(InputError, match="net: cannot be written .*free space"):
        files.refuse_without_room(str(place / "net"), 110_000)
    assert os.listdir(place) == []


def test_a_drawn_video_that_is_not_whole_is_refused(disk):
    place, resize = disk
    resize(40)
    (place / "film.mp4").write_text("good")
    video = DrawnVideo(str(place / "film.mp4"), 10)
    rng = np.random.default_rng(0)
    for _ in range(30):
        video.add(rng.integers(0, 255, (120, 160, 3)).astype(np.uint8))
    with pytest.raises(InputError, match="film.mp4: cannot be written; free space"):
        video.close()
    assert (place / "film.mp4").read_text() == "good" and os.listdir(place) == ["film.mp4"]


LOG = """
import sys
from allinone.errors import command
from tools.training.log import Log
@command
def main(argv=None):
    log = Log(sys.argv[1], 0)
    for iteration in range(1, 20_000):
        log.losses(iteration, {"smile": 0.5})
    log.flush()
sys.exit(main())
"""


@pytest.mark.parametrize("size", [4, 8, 40])
def test_a_log_of_training_and_its_events_end_in_a_sentence(disk, size):
    """To the very end of the process: nothing writes behind its back."""
    place, resize = disk
    resize(size)
    done = subprocess.run(
        [sys.executable, "-c", LOG, place], cwd=ROOT, capture_output=True, text=True
    )
    (sentence,) = done.stderr.strip().splitlines()
    assert done.returncode == 2 and str(place) in sentence and "free space" in sentence


@pytest.mark.parametrize("size", [100, 1500])
def test_fusing_leaves_the_model_from_before(chain, disk, size):
    place, resize = disk
    resize(20_000)
    given = ["--run", chain / "run", "--out", place / "model"]
    run_well("tools.fuse", *given)
    before = {path.name: path.read_bytes() for path in (place / "model").iterdir()}
    used = sum(map(len, before.values()))
    resize(used // 1024 + size)
    done = run("tools.fuse", *given)
    assert done.returncode == 2 and "Traceback" not in done.stderr, done.stderr
    assert str(place) in done.stderr and "free space" in done.stderr
    assert {path.name: path.read_bytes() for path in (place / "model").iterdir()} == before
    assert sorted(path.name for path in place.iterdir()) == [".model.lock", "model"]


def test_a_gallery_of_before_stays(disk, tmp_path):
    place, resize = disk
    gallery, enough = place / "people.h5", 9000
    resize(enough)
    people = tmp_path / "people" / "one"
    people.mkdir(parents=True)
    from skimage import data

    cv2.imwrite(str(people / "one.png"), data.astronaut()[:220, 90:330, ::-1])
    given = ["enroll", people.parent, "--gallery", gallery, "--engine", "opencv"]
    run_well("tools.identify", *given)
    before = gallery.read_bytes()
    resize(len(before) // 1024 + 4)
    done = run("tools.identify", *given)
    assert done.returncode == 2 and "people.h5: cannot be written" in done.stderr, done.stderr
    assert "Traceback" not in done.stderr and gallery.read_bytes() == before
