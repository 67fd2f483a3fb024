"""Many pictures in several processes: what one analyzer says, in order, and what goes wrong."""

import os
import signal

import numpy as np
import pytest
from conftest import ROOT
from skimage import data

from allinone import FaceAnalyzer, InputError, analyze_files, model
from allinone.pictures import write_image

SETTINGS = dict(engine="opencv", smallest=60)


@pytest.fixture(scope="module")
def album(tmp_path_factory):
    """Twelve pictures: the same face, mirrored by turns, and one that cannot be read."""
    folder = tmp_path_factory.mktemp("album")
    photo = data.astronaut()[:220, 90:330, ::-1]
    paths = [str(folder / f"{number:02d}.png") for number in range(12)]
    for number, path in enumerate(paths):
        write_image(path, np.ascontiguousarray(photo[:, :: -1 if number % 2 else 1]))
    with open(paths[5], "w", encoding="utf-8") as stream:
        stream.write("no picture")
    return paths


def test_two_processes_say_what_one_analyzer_says_in_order(album):
    found = list(analyze_files(iter(album), workers=2, **SETTINGS))
    assert [one.path for one in found] == album
    alone = FaceAnalyzer(**SETTINGS)
    expected = [alone.analyze(path) for path in album[:2]]
    for number, (_, faces, error) in enumerate(found):
        if number == 5:
            assert faces == [] and f"{album[5]}: no picture" in error
            continue
        (face,), (same,) = faces, expected[number % 2]
        assert error is None and face.age == pytest.approx(same.age, abs=1e-3)
        np.testing.assert_allclose(face.descriptor, same.descriptor, atol=1e-4)


def test_paths_are_taken_as_results_are_asked_for(album, own_children):
    taken = []

    def endless():
        while True:
            taken.append(album[0])
            yield album[0]

    results = analyze_files(endless(), workers=1, **SETTINGS)
    assert next(results).faces and len(taken) < 100
    results.close()
    assert own_children() == []


def test_a_process_that_dies_is_said(album, own_children):
    results = analyze_files(album * 10, workers=1, **SETTINGS)
    next(results)
    (process,) = own_children()
    os.kill(process.pid, signal.SIGKILL)
    with pytest.raises(InputError, match="one of the 1 processes that work has died"):
        list(results)


@pytest.mark.parametrize("paths", [["a.png"], ["a.png"] * 9])
def test_a_model_that_is_not_there_is_said(paths, tmp_path):
    with pytest.raises(InputError, match="none/model.json"):
        list(analyze_files(paths, workers=1, model_dir=str(tmp_path / "none")))


def test_the_model_is_the_one_of_the_moment(album, monkeypatch):
    """Few pictures are analyzed in this process, which keeps no model of an earlier call."""
    assert next(analyze_files(album[:1], **SETTINGS)).faces
    monkeypatch.setenv(model.VARIABLE, "no/such/model")
    with pytest.raises(InputError, match="ALLINONE_MODEL=no/such/model"):
        next(analyze_files(album[:1], **SETTINGS))


@pytest.mark.parametrize("workers", [0, -1, 1.5, "2"])
def test_a_number_of_processes_that_is_none_is_refused(album, workers):
    with pytest.raises(InputError, match=f"workers {workers!r}: must be a whole number"):
        next(analyze_files(album, workers=workers, **SETTINGS))


def test_a_score_that_is_none_is_refused_before_any_picture(album):
    with pytest.raises(InputError, match="score 'high': must be a number"):
        next(analyze_files(album, score="high", **SETTINGS))


@pytest.mark.parametrize(
    "paths, said", [("photo.jpg", r"give a list of paths, \['photo.jpg'\]"), ([None], "None is no")]
)
def test_paths_that_are_none_are_refused(paths, said):
    with pytest.raises(InputError, match=said):
        next(analyze_files(paths, **SETTINGS))


def test_only_the_pictures_are_needed():
    assert list(analyze_files([])) == []
    (found,) = analyze_files([os.path.join(ROOT, "docs", "none.jpg")], **SETTINGS)
    assert found.faces == [] and "none.jpg: no such file" in found.error
