"""Every reader on a drawn set written in the dataset's own layout: what comes back is what was drawn, as far as the format tells."""
import dataclasses
import importlib
import json
import os
import shutil
import sqlite3

import numpy as np
import pytest
import scipy.io

from allinone import boxes, record
from data_prep import casia, convert, layouts, synthetic

EYES_NOSE_MOUTH, AFW_SIX = [7, 10, 14, 17, 19], [7, 10, 14, 17, 18, 19]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """{kind: (folder, Annotations)} of drawn portraits of six people and scenes."""
    sets = {}
    for kind, name, count in (("portraits", "faces", 30), ("scenes", "scenes", 6)):
        folder = str(tmp_path_factory.mktemp("drawn") / name)
        synthetic.draw_set(folder, kind, count, identities=6, seed=5)
        sets[name] = folder, [face for face in record.read(f"{folder}/records.jsonl") if face.box]
    return sets


def read_back(name, drawn, tmp_path, kind="faces"):
    """Write a layout, convert it, return (records, truth, summary)."""
    folder = tmp_path / name
    layouts.write(name, drawn[kind][0], str(folder))
    assert convert.main([name, "--folder", str(folder)]) == 0
    return list(record.read(str(folder / "records.jsonl"))), drawn[kind][1], json.loads((folder / "summary.json").read_text())


def pixels(folder, image):
    with open(os.path.join(folder, image), "rb") as stream:
        return stream.read()


def pair(found, truth, folder, source):
    """Return [(record, truth)] by the very bytes of the picture; for pictures of one face."""
    by_bytes = {pixels(source, face.image): face for face in truth}
    assert len(by_bytes) == len(truth) == len(found)
    return [(face, by_bytes[pixels(folder, face.image)]) for face in found]


@pytest.fixture
def portraits(drawn, tmp_path):
    """portraits(name) -> [(record, truth)] of a layout of pictures with one face each."""
    def load(name):
        found, truth, summary = read_back(name, drawn, tmp_path)
        assert summary["kept"] == len(truth) and not summary["dropped"]
        return pair(found, truth, tmp_path / name, drawn["faces"][0])
    return load


def test_celeba(portraits):
    splits = []
    for face, truth in portraits("celeba"):
        assert (face.gender, face.smile, face.identity) == (truth.gender, truth.smile, truth.identity)
        np.testing.assert_allclose(face.landmark_array()[EYES_NOSE_MOUTH], truth.landmark_array()[EYES_NOSE_MOUTH], atol=0.5)
        assert sum(point is not None for point in face.landmarks) == 5
        splits.append(face.split)
        if abs(truth.pose[2]) < 20:
            assert boxes.iou([face.box], [truth.box]).item() > 0.5
    assert splits == ["train", "val", "test"] * 10


def test_adience(portraits):
    bands = {(0, 2): (1, 3), (4, 6): (5, 3), (8, 12): (10, 3), (15, 20): (17.5, 3), (25, 32): (28.5, 3), (38, 43): (40.5, 3), (48, 53): (50.5, 3), (60, 100): (80, 10)}
    for face, truth in portraits("adience"):
        expected = next((value for (low, high), value in bands.items() if low <= truth.age <= high), (round(truth.age), None))
        assert (face.age, face.age_sigma) == expected and face.gender == truth.gender
        assert face.split == f"fold_{truth.identity % 5}" and face.box == [44, 44, 132, 132]


def test_casia(portraits):
    assert all((face.identity, face.gender) == (truth.identity, truth.gender) for face, truth in portraits("casia"))


def test_morph(portraits):
    assert all((face.identity, face.gender, face.age) == (truth.identity, truth.gender, round(truth.age)) for face, truth in portraits("morph"))


def test_utkface(portraits):
    for face, truth in portraits("utkface"):
        assert (face.gender, face.age, face.box) == (truth.gender, round(truth.age), [0, 0, 176, 176])


@pytest.mark.parametrize("name", ["imdb", "wiki"])
def test_imdb_and_wiki(portraits, name):
    for face, truth in portraits(name):
        assert face.gender == truth.gender and face.identity == truth.identity and face.age == pytest.approx(truth.age, abs=1 / 365)
        np.testing.assert_allclose(face.box, truth.box, atol=1e-6)


def test_fgnet(portraits):
    for face, truth in portraits("fgnet"):
        assert face.age == round(truth.age) and face.identity == truth.identity % 999 + 1 and face.split == f"person_{face.identity:03d}"
        places = EYES_NOSE_MOUTH + [20]
        if truth.landmarks[7][0] < truth.landmarks[10][0] and truth.landmarks[17][0] < truth.landmarks[19][0]:
            np.testing.assert_allclose(face.landmark_array()[places], truth.landmark_array()[places], atol=1e-3)


def test_custom(portraits):
    people = {}
    for face, truth in portraits("custom"):
        assert (face.gender, face.smile) == (truth.gender, truth.smile) and people.setdefault(truth.identity, face.identity) == face.identity
        for found, expected in ((face.box, truth.box), (face.pose, truth.pose), (face.age, truth.age), (face.landmarks, truth.landmarks)):
            np.testing.assert_allclose(found, expected, atol=1e-6)
    assert len(set(people.values())) == len(people)


def by_box(found, truth):
    """Return [(record, truth)] of scenes: same picture's name but for the folder, same place."""
    base = lambda face: os.path.splitext(os.path.basename(face.image))[0]
    pairs = []
    for face in found:
        rivals = [other for other in truth if base(other) == base(face)]
        best = int(boxes.iou([face.box], [other.box for other in rivals]).argmax())
        pairs.append((face, rivals[best]))
    assert len({id(other) for _, other in pairs}) == len(found) == len(truth)
    return pairs


def test_aflw(drawn, tmp_path):
    found, truth, summary = read_back("aflw", drawn, tmp_path, "scenes")
    names = list(dict.fromkeys(face.image for face in truth))            # image00000.jpg, ... in the order of the truth
    renamed = [dataclasses.replace(other, image=f"image{names.index(other.image):05d}.jpg") for other in truth]
    for face, other in by_box(found, renamed):
        np.testing.assert_allclose(face.box, np.rint(other.box), atol=1e-6)
        np.testing.assert_allclose(face.pose, other.pose, atol=1e-4)                              # radians there, degrees here
        assert face.visibility == other.visibility and face.gender == other.gender
        for point, expected, seen in zip(face.landmarks, other.landmarks, other.visibility):
            assert point is None if not seen else point == pytest.approx(expected)
    assert {face.split for face in found} == {"test"}                    # fewer than the thousand pictures that are drawn
    assert len((tmp_path / "aflw" / "aflw_test.txt").read_text().split()) == len(names) == summary["pictures"]


@pytest.mark.parametrize("name", ["afw", "pascal", "fddb"])
def test_boxes_of_scenes(drawn, tmp_path, name):
    found, truth, _ = read_back(name, drawn, tmp_path, "scenes")
    for face, other in by_box(found, truth):
        np.testing.assert_allclose(face.box, np.rint(other.box) if name == "pascal" else other.box, atol=1e-4)
        if name == "afw":
            np.testing.assert_allclose(face.pose, other.pose, atol=1e-6)
            for place in AFW_SIX:
                expected = other.landmarks[place] if other.visibility[place] else None
                assert face.landmarks[place] == (pytest.approx(expected, abs=1e-4) if expected else None)
                assert face.visibility[place] == other.visibility[place]
    if name == "fddb":
        assert {face.split for face in found} <= {f"fold_{fold:02d}" for fold in range(1, 11)}


# ---- What is wrong: one bad row never stops a set, a file that is not the set's ends it with a sentence.
def damaged(name, drawn, tmp_path, kind="faces"):
    folder = tmp_path / name
    layouts.write(name, drawn[kind][0], str(folder))
    return folder


def lost(folder):
    with open(folder / "dropped.jsonl", encoding="utf-8") as lines:
        return [(row["where"], row["reason"]) for row in map(json.loads, lines)]


def test_bad_rows_are_named_and_the_rest_is_kept(drawn, tmp_path):
    folder = damaged("custom", drawn, tmp_path)
    lines = (folder / "faces.csv").read_text().splitlines()
    place = lines[0].split(",").index
    broken = {1: (place("age"), "nan"), 2: (place("age"), "-3"), 3: (place("age"), "111"), 4: (place("x2"), lines[4].split(",")[place("x1")]),
              5: (place("gender"), "x"), 6: (place("x1"), "9000"), 7: (place("yaw"), "inf"), 8: (place("image"), "images/none.jpg")}
    broken[6] = (place("x1"), "9000")
    for number, (column, text) in broken.items():
        fields = lines[number].split(",")
        fields[column] = text
        if number == 6:
            fields[place("x2")] = "9100"
        lines[number] = ",".join(fields)
    lines += [lines[10], "images/000001.jpg,1"]                              # there twice; cut short
    (folder / "images" / "000010.jpg").write_bytes(b"no picture")            # of line 11
    shutil.copy(folder / "images" / "000011.jpg", folder / "images" / "fäce ü.jpg")
    lines[12] = lines[12].replace("images/000011.jpg", "images/fäce ü.jpg")
    (folder / "faces.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert convert.main(["custom", "--folder", str(folder)]) == 0
    reasons = [reason for _, reason in lost(folder)]
    assert reasons == ["bad age", "bad age", "bad age", "bad box", "a field does not fit", "box outside", "bad pose", "missing picture",
                       "unreadable picture", "there twice", "wrong number of fields"]
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["rows"] == 32 and summary["kept"] == 21 and sum(summary["dropped"].values()) == 11
    assert "images/fäce ü.jpg" in {face.image for face in record.read(str(folder / "records.jsonl"))}


@pytest.mark.parametrize("name, file, how, words", [
    ("imdb", "imdb.mat", "cut", "cut off"), ("afw", "anno.mat", "cut", "cut off"), ("pascal", "Annotations_Face_PASCALLayout_large_fixed.mat", "cut", "cut off"),
    ("aflw", "aflw.sqlite", "cut", "SQLite"), ("aflw", "aflw.sqlite", "DROP TABLE FacePose", "table FacePose has no column face_id"),
    ("morph", "MORPH_Album2.csv", ("age", "years"), "no column age"), ("adience", "fold_3_data.txt", ("gender", "sex"), "no column gender"),
    ("celeba", "Anno/list_attr_celeba.txt", ("Smiling", "Grinning"), "no attribute Smiling"),
    ("custom", "faces.csv", ("image", "picture"), "no column image"), ("custom", "faces.csv", ("smile", "smlie"), "unknown column smlie"),
    ("fddb", "FDDB-folds/FDDB-fold-01-ellipseList.txt", ("\n2\n", "\n7\n"), "followed by the number of its faces")])
def test_a_file_that_is_not_the_sets_ends_with_a_sentence_and_nothing_is_written(drawn, tmp_path, capsys, name, file, how, words):
    kind = "scenes" if name in ("afw", "pascal", "aflw", "fddb") else "faces"
    folder = damaged(name, drawn, tmp_path, kind)
    path = folder / file
    if how == "cut":
        path.write_bytes(path.read_bytes()[:path.stat().st_size // 3])
    elif isinstance(how, str):
        with sqlite3.connect(path) as connection:
            connection.execute(how)
    else:
        assert how[0] in path.read_text()
        path.write_text(path.read_text().replace(*how, 1))
    assert convert.main([name, "--folder", str(folder)]) == 2
    message = capsys.readouterr().err
    assert words in message and file in message
    assert not (folder / "records.jsonl").exists() and not list(folder.glob("*.partial"))


@pytest.mark.parametrize("name", convert.SETS)
def test_an_empty_folder_names_every_file_that_is_missing(name, tmp_path, expect_refusal):
    needs = importlib.import_module(f"data_prep.{name}").NEEDS
    expect_refusal(convert.main, [name, "--folder", tmp_path], tmp_path, *needs, "data_prep/README.md")


def test_casia_keeps_the_people_with_most_pictures_or_leaves_out_a_given_list(drawn, tmp_path):
    folder = damaged("casia", drawn, tmp_path)
    (folder / "0000003" / "extra.jpg").write_bytes(b"x")
    assert casia.people_to_keep(str(folder), 1) == ["0000003"]
    (folder / "overlap.txt").write_text("0000001\n0000004\n")
    assert casia.people_to_keep(str(folder), 1) == ["0000000", "0000002", "0000003", "0000005"]


def test_imdb_drops_faces_that_are_unsure_or_not_alone_and_bad_dates(drawn, tmp_path):
    folder = damaged("imdb", drawn, tmp_path)
    struct = scipy.io.loadmat(str(folder / "imdb.mat"))["imdb"]
    struct["face_score"][0, 0][0, :2] = [-np.inf, 0.5]
    struct["second_face_score"][0, 0][0, 2] = 1.2
    struct["dob"][0, 0][0, 3] = 0
    struct["dob"][0, 0][0, 4] += 365 * 120                                   # born after the photo
    struct["gender"][0, 0][0, 5] = np.nan
    scipy.io.savemat(str(folder / "imdb.mat"), {"imdb": struct})
    assert convert.main(["imdb", "--folder", str(folder)]) == 0
    assert [reason for _, reason in lost(folder)] == ["no face, or an unsure one"] * 2 + ["a second face", "bad date or face location", "bad age"]
    assert next(record.read(str(folder / "records.jsonl"))).gender is None


def test_a_row_in_another_encoding_is_named_too(drawn, tmp_path):
    folder = damaged("custom", drawn, tmp_path)
    with open(folder / "faces.csv", "ab") as stream:
        stream.write("images/f\u00e4ce.jpg,1\n".encode("latin-1"))
    assert convert.main(["custom", "--folder", str(folder)]) == 0
    assert [reason for _, reason in lost(folder)] == ["wrong number of fields"]
    with open(folder / "faces.csv", "ab") as stream:
        stream.write(("images/f\u00e4ce.jpg" + "," * (folder / "faces.csv").read_bytes().split(b"\n")[0].count(b",") + "\n").encode("latin-1"))
    assert convert.main(["custom", "--folder", str(folder)]) == 0
    assert [reason for _, reason in lost(folder)] == ["wrong number of fields", "missing picture"]
