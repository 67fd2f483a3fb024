"""Galleries: who is found, with a stand-in for the net; the command, with the shipped model."""

import shutil
from types import SimpleNamespace

import cv2
import h5py
import numpy as np
import pytest
from conftest import refused, run, run_well
from model_copies import seal
from skimage import data

from allinone import Face, FaceAnalyzer, InputError, embeddings, gallery, model

COMMAND = "tools.identify"


def face(descriptor, box=(0, 0, 10, 10)):
    return Face(box=np.float32(box), score=0.9, descriptor=np.float64(descriptor))


KNOWN = {
    "anna/1.jpg": [face((1, 0, 0))],
    "anna/2.jpg": [face((3, 4, 0)), face((0, 0, 9), (0, 0, 2, 2))],
    "ben_1.jpg": [face((0, 0, 5))],
    "empty/1.jpg": [],
    "party.jpg": [face((0, 0.1, 2)), face((-1, -1, 0), (5, 5, 9, 9))],
}


class StandIn:
    """An analyzer that finds in each picture of KNOWN its faces."""

    def __init__(self, folder):
        opened = SimpleNamespace(sha256="abc", folder=str(folder), has=lambda name: False)
        self.backend = SimpleNamespace(model=opened)

    def analyze(self, path):
        for name, faces in KNOWN.items():
            if str(path).endswith(name):
                return faces
        raise InputError(f"{path}: cannot be read")


@pytest.fixture
def people(tmp_path):
    """A folder of people, with a picture that cannot be read, and one that is nobody's."""
    for name in (*KNOWN, "torn_1.jpg", ".thumbs/1.jpg"):
        path = tmp_path / "people" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    (tmp_path / "people" / "party.jpg").unlink()
    return tmp_path / "people"


@pytest.fixture
def analyzer(tmp_path):
    return StandIn(tmp_path)


def test_people_are_enrolled_and_found(people, analyzer, tmp_path, capsys):
    """By hand: Anna is the mean of (1, 0) and (.6, .8), at length 1."""
    cosine = gallery.likeness_of(analyzer, embedded=False)
    path = str(tmp_path / "g" / "gallery.h5")
    enrolled, unread = gallery.enroll(analyzer, str(people), cosine)
    enrolled.save(path)
    assert unread == 1
    said = capsys.readouterr()
    assert "empty/1.jpg: no face found" in said.err and "torn_1.jpg: cannot be read" in said.err
    loaded = gallery.load(path, cosine)
    assert loaded.names == ["anna", "ben"] and loaded.pictures == [2, 1]
    np.testing.assert_allclose(
        loaded.vectors[0], np.array([1.6, 0.8, 0]) / np.hypot(1.6, 0.8), atol=1e-6
    )
    first, second = KNOWN["party.jpg"]
    name, likeness = loaded.nearest(cosine.vector(first))
    assert name == "ben" and likeness == pytest.approx(0.9988, abs=1e-3)
    assert loaded.nearest(cosine.vector(second))[1] < cosine.threshold


def test_the_largest_face_is_who_a_picture_is_of():
    small, large = KNOWN["anna/2.jpg"][::-1]
    assert gallery.largest([small, large]) is large and gallery.largest([]) is None


def test_a_gallery_of_another_model_is_refused(people, analyzer, tmp_path):
    cosine, path = gallery.likeness_of(analyzer, embedded=False), str(tmp_path / "gallery.h5")
    gallery.enroll(analyzer, str(people), cosine)[0].save(path)
    with h5py.File(path, "a") as stored:
        stored.attrs["model"] = "another"
    with pytest.raises(InputError, match="gallery.h5: was made with another model"):
        gallery.load(path, cosine)
    (tmp_path / "text.h5").write_text("no gallery")
    with pytest.raises(InputError, match="text.h5: .*; make one with allinone identify enroll"):
        gallery.load(str(tmp_path / "text.h5"), cosine)


def changed_name(data):
    names = data["name"][...]
    del data["name"]
    data["name"] = [name.upper() for name in names]


def changed_number(data):
    data["descriptor"][0, 1] += 0.01


def nothing_but_numbers(data):
    del data["name"], data["descriptor"]
    data["name"], data["descriptor"] = [1, 2], 1.0


@pytest.mark.parametrize("change", [changed_name, changed_number, nothing_but_numbers])
def test_a_gallery_with_other_people_or_vectors_is_refused(people, analyzer, tmp_path, change):
    cosine, path = gallery.likeness_of(analyzer, embedded=False), str(tmp_path / "gallery.h5")
    gallery.enroll(analyzer, str(people), cosine)[0].save(path)
    with h5py.File(path, "a") as stored:
        change(stored)
    with pytest.raises(InputError, match="gallery.h5: damaged, .*allinone identify enroll"):
        gallery.load(path, cosine)


def test_every_flipped_bit_of_a_gallery_is_harmless_or_refused(people, analyzer, tmp_path):
    cosine, path = gallery.likeness_of(analyzer, embedded=False), tmp_path / "gallery.h5"
    made, _ = gallery.enroll(analyzer, str(people), cosine)
    made.save(str(path))
    data, refusals = path.read_bytes(), 0
    for place in range(0, len(data), 61):
        changed = bytearray(data)
        changed[place] ^= 16
        path.write_bytes(changed)
        try:
            loaded = gallery.load(str(path), cosine)
        except InputError as error:
            assert str(path) in str(error)
            refusals += 1
            continue
        assert loaded.names == made.names and (loaded.vectors == np.float32(made.vectors)).all()
    assert refusals > 10


def test_a_folder_without_any_face_is_refused(analyzer, tmp_path):
    with pytest.raises(InputError, match="no such folder"):
        gallery.people_in(str(tmp_path / "none"))
    (tmp_path / "notes.txt").write_text("")
    with pytest.raises(InputError, match="no picture in it"):
        gallery.people_in(str(tmp_path))
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "1.jpg").write_text("")
    cosine = gallery.likeness_of(analyzer, embedded=False)
    with pytest.raises(InputError, match="no face was found in any picture"):
        gallery.enroll(analyzer, str(tmp_path), cosine)


def test_who_is_the_same_person_is_what_was_measured_of_the_model():
    """Where strangers are more alike than by another model, more is asked for."""
    shipped = model.open_model()
    measured = embeddings.plain_threshold(shipped)
    assert gallery.likeness_of(FaceAnalyzer(), embedded=False).threshold == measured
    assert 0.5 < measured < 1


@pytest.mark.parametrize("value", [float("nan"), "high", [0.1, 0.2]])
@pytest.mark.parametrize("name", ["threshold", embeddings.PLAIN])
def test_a_threshold_that_is_no_number_is_refused(tmp_path, name, value):
    folder = tmp_path / "model"
    shutil.copytree(model.SHIPPED, folder)
    about = {"model": model.open_model(str(folder)).sha256, "threshold": 0.5, name: value}
    weights = np.zeros((2, 512), np.float32)
    embeddings.save(str(folder / model.TPE), {embeddings.OF_MODEL: weights}, **about)
    seal(folder, model.TPE)
    ask = embeddings.of_model if name == "threshold" else embeddings.plain_threshold
    with pytest.raises(InputError, match=f"{name} is no finite number"):
        ask(model.open_model(str(folder)))


def test_likeness_by_the_models_embedding(analyzer, people, tmp_path):
    """By hand, into two numbers: (1, 0, 0) -> 0.6, (0.6, 0.8, 0) -> 1: one direction."""
    folder = tmp_path / "model"
    shutil.copytree(model.SHIPPED, folder)
    weights = np.float32([[0.6, 0.8, 0], [0, 0, 1]])
    of_model = dict(model=model.open_model(str(folder)).sha256, threshold=0.9995)
    embeddings.save(str(folder / model.TPE), {embeddings.OF_MODEL: weights}, **of_model)
    seal(folder, model.TPE)
    analyzer.backend.model = model.open_model(str(folder))
    assert gallery.likeness_of(analyzer, embedded=False).threshold == gallery.THRESHOLD
    embedded = gallery.likeness_of(analyzer, embedded=True)
    one, other = (embedded.vector(gallery.largest(KNOWN[f"anna/{n}.jpg"])) for n in (1, 2))
    assert one @ other == pytest.approx(1) and embedded.threshold == pytest.approx(0.9995)
    made, _ = gallery.enroll(analyzer, str(people), embedded)
    # (0, 0.1, 2) -> (0.08, 2), Ben (0, 1): 0.9992, below the embedding's own threshold
    name, likeness = made.nearest(embedded.vector(KNOWN["party.jpg"][0]))
    assert name == "ben" and 0.999 < likeness < embedded.threshold
    made.save(str(tmp_path / "g.h5"))
    with pytest.raises(InputError, match="with or without --tpe"):
        gallery.load(str(tmp_path / "g.h5"), gallery.likeness_of(analyzer, embedded=False))


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    """Two pictures of one person, one cut and darker than the other, and one of nobody."""
    root = tmp_path_factory.mktemp("photographs")
    photo = cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2BGR)[:260, 80:380]
    (root / "people" / "eileen").mkdir(parents=True)
    cv2.imwrite(str(root / "people" / "eileen" / "1.png"), photo)
    cv2.imwrite(str(root / "again.png"), (photo[10:, 20:] * 0.8).astype(np.uint8))
    cv2.imwrite(str(root / "nobody.png"), np.full((120, 160, 3), 90, np.uint8))
    return root


def test_the_command_finds_and_verifies_the_same_person(photographs):
    quick = ["--engine", "opencv"]
    gallery_ = ["--gallery", photographs / "people.h5", *quick]
    said = run_well(COMMAND, "enroll", photographs / "people", *gallery_).stdout
    assert "people: 1, pictures: 1, could not be read: 0" in said
    said = run_well(COMMAND, "find", photographs / "again.png", *gallery_).stdout
    assert ": eileen, 0.9" in said
    pair = [photographs / "people" / "eileen" / "1.png", photographs / "again.png"]
    assert "the same person" in run_well(COMMAND, "verify", *pair, *quick).stdout
    strict = run_well(COMMAND, "verify", *pair, *quick, "--threshold", "1").stdout
    assert "different people" in strict
    refused(COMMAND, ["verify", *pair, "--threshold", "1.01"], "--threshold 1.01", "up to 1")
    assert "the same person" in run_well(COMMAND, "verify", *pair, *quick, "--tpe").stdout


def test_a_picture_that_cannot_be_read_stops_no_other_and_shows_in_the_exit_code(
    photographs, tmp_path
):
    shutil.copytree(photographs / "people", tmp_path / "people")
    torn = tmp_path / "people" / "ada_1.jpg"
    torn.write_text("no picture")
    options = ["--gallery", tmp_path / "g.h5", "--engine", "opencv"]
    for arguments, rest in (
        (["enroll", tmp_path / "people"], "people: 1, pictures: 1, could not be read: 1"),
        (["find", torn, photographs / "again.png"], ": eileen, 0.9"),
    ):
        done = run(COMMAND, *arguments, *options)
        assert done.returncode == 2 and rest in done.stdout, done.stdout + done.stderr
        assert (
            done.stderr.startswith(f"  error: {torn}: no picture") and done.stderr.count("\n") == 1
        )


def test_the_command_refuses_with_a_sentence(photographs, tmp_path, expect_refusal):
    quick, one = ["--engine", "opencv"], photographs / "again.png"
    none = ["enroll", tmp_path / "none", "--gallery", tmp_path / "g.h5", *quick]
    expect_refusal(COMMAND, none, tmp_path / "none", "no such folder")
    expect_refusal(COMMAND, ["enroll", tmp_path, *quick], "--gallery")
    missing = ["find", one, "--gallery", tmp_path / "g.h5", *quick]
    expect_refusal(COMMAND, missing, tmp_path / "g.h5", "enroll")
    expect_refusal(COMMAND, ["verify", one, *quick], "two pictures")
    faceless = ["verify", photographs / "nobody.png", one, *quick]
    expect_refusal(COMMAND, faceless, "nobody.png", "no face found")
    done = run(COMMAND, "guess", one)
    assert done.returncode == 2 and "invalid choice" in done.stderr
