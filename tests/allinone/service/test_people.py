"""Who is enrolled: kept in a folder, forgotten whole, read again by the next service."""

import os
import unicodedata

import numpy as np
import pytest
from picture_files import encoded
from service_calls import FORM, LIKENESS, StandIn, ask_here, form

from allinone import gallery
from allinone.errors import InputError
from allinone.gallery import Likeness
from allinone.service import people_files
from allinone.service.people import VECTORS, People, checked_name

OTHER = encoded("PNG", (50, 90))


class OnDisk(StandIn):
    """The stand-in, which also takes paths, and counts them."""

    def __init__(self):
        super().__init__()
        self.paths = []

    def analyze(self, path):
        from allinone.pictures import read_image

        self.paths.append(os.path.basename(path))
        return self.analyze_many([read_image(path)], None)[0]


def reopened(folder, likeness=LIKENESS):
    """Return (the people of a folder, the pictures that had to be looked at)."""
    people, analyzer = People(str(folder), likeness), OnDisk()
    with people.opened(analyzer):
        return people, analyzer.paths


@pytest.fixture
def app(make_app, tmp_path):
    folder = tmp_path / "people"
    reopened(folder)
    return make_app(folder=str(folder))


def enroll(app, name, *pictures):
    body = form(*(("picture", "a.jpg", data) for data in pictures))
    return ask_here(app, "POST", f"/people/{name}", [body], content_type=FORM["content-type"])


def files_of(folder):
    found = []
    for place, _, names in os.walk(folder):
        found += [os.path.relpath(os.path.join(place, name), folder) for name in names]
    return sorted(name for name in found if name not in (".allinone", VECTORS))


def test_only_those_who_are_enrolled_are_written_as_they_were_uploaded(app, jpeg, tmp_path):
    folder = tmp_path / "people"
    for path in ("/analyze", "/find"):
        assert ask_here(app, "POST", path, [jpeg]).status == 200
    assert files_of(folder) == []
    assert enroll(app, "anna", jpeg, OTHER).json() == {"name": "anna", "pictures": 2}
    assert enroll(app, "anna", jpeg).json() == {"name": "anna", "pictures": 2}  # is there already
    kept = files_of(folder)
    assert {os.path.dirname(name) for name in kept} == {"anna"}
    assert {(folder / name).read_bytes() for name in kept} == {jpeg, OTHER}


def test_they_are_found_again_by_the_next_service_which_looks_at_no_picture_twice(
    app, jpeg, tmp_path
):
    enroll(app, "anna", jpeg, OTHER)
    enroll(app, "ben", OTHER)
    people, looked_at = reopened(tmp_path / "people")
    assert people.listed() == [("anna", 2), ("ben", 1)] and looked_at == []
    before = app.state.service.people.means
    np.testing.assert_allclose(people.means.vectors, before.vectors, atol=1e-6)


def test_pictures_that_were_put_there_by_hand_count_and_those_taken_away_do_not(
    app, jpeg, tmp_path
):
    enroll(app, "anna", jpeg)
    folder = tmp_path / "people"
    (folder / "cleo").mkdir()
    (folder / "cleo" / "1.png").write_bytes(OTHER)
    (folder / "cleo" / "torn.jpg").write_bytes(jpeg[:300])
    os.remove(folder / files_of(folder)[0])
    people, looked_at = reopened(folder)
    assert people.listed() == [("cleo", 1)] and sorted(looked_at) == ["1.png", "torn.jpg"]


def test_another_model_looks_at_all_of_them_anew(app, jpeg, tmp_path):
    enroll(app, "anna", jpeg, OTHER)
    other = Likeness("another", LIKENESS.vector, 0.6)
    people, looked_at = reopened(tmp_path / "people", other)
    assert people.listed() == [("anna", 2)] and len(looked_at) == 2


def test_the_means_are_those_of_identify_enroll(app, jpeg, tmp_path):
    enroll(app, "anna", jpeg, OTHER)
    enroll(app, "ben", OTHER)
    by_hand, unread = gallery.enroll(OnDisk(), str(tmp_path / "people"), LIKENESS)
    own = app.state.service.people.means
    assert unread == 0 and own.names == by_hand.names and own.pictures == by_hand.pictures
    np.testing.assert_allclose(own.vectors, by_hand.vectors, atol=1e-6)


def test_who_is_deleted_is_gone_and_nothing_else(app, jpeg, tmp_path):
    folder = tmp_path / "people"
    enroll(app, "anna", jpeg)
    enroll(app, "ben", OTHER)
    (folder / "anna" / "notes.txt").write_text("not a picture")
    answer = ask_here(app, "DELETE", "/people/anna")
    assert answer.json()["people"] == [{"name": "ben", "pictures": 1}]
    assert [os.path.dirname(name) for name in files_of(folder)] == ["anna", "ben"]
    assert (folder / "anna" / "notes.txt").exists()
    assert ask_here(app, "DELETE", "/people/anna").status == 404
    assert reopened(folder)[0].listed() == [("ben", 1)]
    assert ask_here(app, "DELETE", "/people/ben").json()["people"] == []
    assert not (folder / "ben").exists() and reopened(folder)[0].listed() == []


def test_pictures_put_there_by_hand_outlive_who_is_forgotten(app, jpeg, tmp_path):
    """Whoever put them there has perhaps no others; the person is not back at the next start."""
    folder = tmp_path / "people"
    for _ in range(2):
        enroll(app, "anna", jpeg)
        (folder / "anna" / "1.png").write_bytes(OTHER)
        people, _ = reopened(folder)
        assert people.listed() == [("anna", 2)] and people.remove("anna")
        assert reopened(folder)[0].listed() == []
    kept = sorted(path.name for path in (folder / ".forgotten" / "anna").iterdir())
    assert kept == ["1.png", "1_1.png"] and not (folder / "anna").exists()
    assert (folder / ".forgotten" / "anna" / "1.png").read_bytes() == OTHER


@pytest.fixture
def by_hand(make_app, tmp_path):
    """Give a function that makes a service of a person whose folder was made by hand."""

    def make(name):
        folder = tmp_path / "people"
        reopened(folder)
        (folder / name).mkdir()
        (folder / name / "1.png").write_bytes(OTHER)
        app = make_app(folder=str(folder))
        with app.state.service.people.opened(OnDisk()):
            return app

    return make


@pytest.mark.parametrize("name", [unicodedata.normalize("NFD", "Jos\u00e9"), "x" * 70, "anna "])
def test_who_was_put_there_by_hand_is_forgotten_under_any_name(by_hand, tmp_path, name):
    app = by_hand(name)
    assert ask_here(app, "GET", "/people").json()["people"] == [{"name": name, "pictures": 1}]
    assert ask_here(app, "DELETE", f"/people/{name}").json()["people"] == []
    assert files_of(tmp_path / "people") == [f".forgotten/{name}/1.png"]


def test_a_name_is_one_person_however_its_letters_are_written(by_hand, jpeg):
    app = by_hand(unicodedata.normalize("NFD", "Jos\u00e9"))
    assert enroll(app, "Jos\u00e9", jpeg).json()["pictures"] == 2
    assert len(ask_here(app, "GET", "/people").json()["people"]) == 1


def test_a_folder_whose_name_no_answer_can_hold_is_named_and_left_out(by_hand, jpeg, monkeypatch):
    said = []
    monkeypatch.setattr(people_files.Progress, "write", lambda text, file: said.append(text))
    app = by_hand(os.fsdecode(b"Jos\xe9"))
    assert [text.partition(": ")[2] for text in said] == [
        "its name is not UTF-8, left out; rename the folder"
    ]
    assert enroll(app, "anna", jpeg).status == 200
    assert ask_here(app, "GET", "/people").json()["people"] == [{"name": "anna", "pictures": 1}]


def test_pictures_that_came_after_the_start_do_not_bring_anybody_back(app, jpeg, tmp_path):
    folder = tmp_path / "people"
    enroll(app, "anna", jpeg)
    (folder / "anna" / "new.png").write_bytes(OTHER)
    (folder / "anna" / "folder.png").mkdir()
    assert ask_here(app, "DELETE", "/people/anna").status == 200
    assert files_of(folder) == [".forgotten/anna/new.png"]


@pytest.mark.parametrize("there", [False, True])
def test_of_an_enrolment_that_fails_nothing_stays(app, jpeg, tmp_path, there):
    """Else a picture would be there of which nobody knows, and which nobody can have deleted."""
    folder, second = tmp_path / "people", people_files.name_of(OTHER)
    if there:
        enroll(app, "anna", encoded("BMP"))
    os.makedirs(folder / "anna" / second)  # the second picture cannot be written
    before = files_of(folder), app.state.service.people.listed()
    assert "no file that could be replaced" in enroll(app, "anna", jpeg, OTHER).error()
    assert before == (files_of(folder), app.state.service.people.listed())
    os.rmdir(folder / "anna" / second)
    assert enroll(app, "anna", jpeg, OTHER).json()["pictures"] == 2 + there


def test_the_nearest_person_is_found(app, jpeg):
    nobody = ask_here(app, "POST", "/find", [jpeg]).json()["faces"][0]
    assert nobody["nearest"] is None and nobody["cosine"] is None and nobody["is_same"] is False
    enroll(app, "anna", jpeg)
    enroll(app, "ben", OTHER)
    for picture, name in ((jpeg, "anna"), (OTHER, "ben")):
        (face,) = ask_here(app, "POST", "/find", [picture]).json()["faces"]
        assert face["nearest"] == name and face["is_same"]
        assert face["cosine"] == pytest.approx(1, abs=1e-6)


def test_without_a_folder_nothing_is_written_and_the_list_says_so(make_app, jpeg, tmp_path):
    app = make_app()
    enroll(app, "anna", jpeg)
    assert ask_here(app, "GET", "/people").json() == {
        "people": [{"name": "anna", "pictures": 1}],
        "is_kept": False,
    }
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["", " ", ".", "..", ".git", "a/b", "../x", "a\0b", "x" * 61])
def test_names_that_could_lead_elsewhere_are_refused(app, jpeg, tmp_path, name):
    with pytest.raises(InputError, match="name"):
        checked_name(name)
    with pytest.raises(InputError, match="control"):
        checked_name("a\nb")  # no path of the service
    before = sorted(os.listdir(tmp_path))
    answer = enroll(app, name, jpeg)
    assert answer.status == 422 and "name" in answer.error()
    assert ask_here(app, "DELETE", f"/people/{name}").status == 422
    assert files_of(tmp_path / "people") == [] and sorted(os.listdir(tmp_path)) == before


@pytest.mark.parametrize(
    "name", ["Jos\u00e9 & <b>Ann", "\u674e\u96f7" * 30, "\N{GRINNING FACE}" * 60, 'o\'neil "x" #1']
)
def test_names_are_kept_as_they_are(app, jpeg, tmp_path, name):
    assert enroll(app, name, jpeg).json()["name"] == name
    assert reopened(tmp_path / "people")[0].listed() == [(name, 1)]
    assert ask_here(app, "DELETE", f"/people/{name}").status == 200


def test_kinds_that_folders_of_people_cannot_have_are_refused(app):
    answer = enroll(app, "anna", encoded("PPM"))
    assert answer.status == 422 and "of the kind PPM" in answer.error()


def test_a_folder_with_a_file_of_somebody_elses_is_left_alone(tmp_path):
    (tmp_path / VECTORS).write_text("mine")
    with pytest.raises(InputError, match="nothing was touched"):
        reopened(tmp_path)
    assert (tmp_path / VECTORS).read_text() == "mine"


def test_damaged_vectors_are_refused_by_name(app, jpeg, tmp_path):
    enroll(app, "anna", jpeg)
    path = tmp_path / "people" / VECTORS
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InputError, match=f"{VECTORS}: .*remove it"):
        reopened(tmp_path / "people")
