"""The demo's page: results, captions and pictures of one small demo; text that is not ours."""

import json
import os
import re

import numpy as np
import pytest

from allinone import embeddings, tasks
from tools import demo_pictures, demo_results

COUNTS = dict(portraits=6, people=2, scenes=1, faces_in_scenes=3)
SHOWN = dict(device="CPU", named=4, right=1, drawn=["scene1.png"], photographs=[])


@pytest.fixture(scope="module")
def demo(chain, tmp_path_factory, command):
    """A folder as the demo's, with its page."""
    root = tmp_path_factory.mktemp("demo")
    places = {
        "test/faces": "faces",
        "test/scenes": "scenes",
        "train/faces": "faces",
        "model": "model",
        "run": "run",
    }
    for place, there in places.items():
        (root / place).parent.mkdir(exist_ok=True)
        os.symlink(chain / there, root / place)
    sets = ["--faces", chain / "faces", "--scenes", chain / "scenes", "--out", root / "eval"]
    done = command("evaluate.synthetic", "--model", chain / "model", *sets)
    assert done.returncode == 0, done.stdout + done.stderr
    done = command("tools.demo_page", "--demo", root)
    assert done.returncode == 0, done.stdout + done.stderr
    return root


def test_the_page_shows_its_pictures(demo):
    page = (demo / "index.html").read_text(encoding="utf-8")
    pictures = re.findall(r'src="([^"]+)"', page)
    assert {
        "curves.png",
        "sheet.png",
        "portrait1.png",
        "portrait12.png",
        "scene1.png",
        "astronaut_trained.png",
        "astronaut_shipped.png",
        "hopper_trained.png",
        "hopper_shipped.png",
    } <= set(pictures)
    assert all((demo / name).stat().st_size > 1000 for name in pictures)
    assert set(re.findall(r'href="([^"]+)"', page)) == set(pictures)  # each in its own size


def test_the_page_begins_with_photographs_then_figures_curves_and_drawn_faces(demo):
    page = (demo / "index.html").read_text(encoding="utf-8")
    first = ("hopper_shipped.png", "<table>", "curves.png", "portrait1.png", "sheet.png")
    places = [page.index(name) for name in first]
    assert places == sorted(places)


def test_the_page_needs_nothing_from_elsewhere_and_fits_a_phone(demo):
    page = (demo / "index.html").read_text(encoding="utf-8")
    assert '<meta name="viewport" content="width=device-width' in page
    assert "//" not in page and "<script" not in page and "<link" not in page
    assert "@media (max-width" in page and "like #" not in page


def test_the_page_shows_the_results(demo):
    page = (demo / "index.html").read_text(encoding="utf-8")
    results = json.loads((demo / "results.json").read_text())
    assert {task: list(figures) for task, figures in results.items()} == {
        "detection": ["ap50"],
        "landmarks": ["nme"],
        "pose": ["yaw_mae"],
        "visibility": ["accuracy"],
        "smile": ["accuracy"],
        "gender": ["accuracy"],
        "age": ["mae"],
        "identity": ["auc"],
    }
    table = (demo / "table.txt").read_text()
    for shown in (f"{results['smile']['accuracy']:.1%}", f"{results['age']['mae']:.1f} years"):
        assert shown in table and shown in page
    assert str(demo / "index.html") in table
    assert "30 portraits of 6" in " ".join(page.split())


def test_captions_follow_the_table_of_tasks():
    page = " ".join(demo_results.page({}, {}, COUNTS, SHOWN).split())
    assert f"as {len(tasks.TOWERS)} sub-networks" in page
    labels = [task.name for task in tasks.of_stage(2)]
    answers = [name for name in labels if name != "identity"]
    assert f"{', '.join(labels)}; roll, pitch, yaw." in page
    assert f"then {', '.join(answers)}, roll, pitch and yaw" in page
    assert '<img src="scene1.png" alt="drawn faces, picture 1" loading="lazy">' in page
    assert "1 of the 4 faces on these pictures are recognized" in page
    assert "Not measured, as no record has the label: detection" in page


def test_text_is_escaped():
    pictures = [[dict(file="a.png", name='<b>"x"</b>', model="trained", faces=1)]]
    page = demo_results.page({}, {}, COUNTS, {**SHOWN, "device": "<GPU>", "photographs": pictures})
    assert "&lt;GPU&gt;" in page and "<GPU>" not in page
    assert "&lt;b&gt;" in page and "<b>" not in page
    assert "The trained model: 1 face." in page


def test_a_gallery_names_the_nearest_of_those_that_are_not_shown(demo, rng):
    gallery = demo_pictures.Gallery(str(demo / "eval" / "predictions.h5"), 12)
    assert gallery.people.tolist() == list(range(6)) and gallery.means.shape == (6, 512)
    np.testing.assert_allclose(gallery.means, embeddings.unit_length(gallery.means), atol=1e-6)
    for place, person in enumerate(gallery.people):
        assert gallery.nearest(3 * gallery.means[place]) == person


def test_a_demo_that_was_not_measured_is_refused(chain, tmp_path, expect_refusal):
    os.symlink(chain / "model", tmp_path / "model")
    expect_refusal("tools.demo_page", ["--demo", tmp_path], "predictions.h5", "evaluate.synthetic")
