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
from data_prep import aflw, casia, celeba, convert, layouts, synthetic

EYES_NOSE_MOUTH, AFW_SIX = [7, 10, 14, 17, 19], [7, 10, 14, 17, 18, 19]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """{kind: (folder, FaceRecords)} of drawn portraits of six people and scenes."""
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
    return (
        list(record.read(str(folder / "records.jsonl"))),
        drawn[kind][1],
        json.loads((folder / "summary.json").read_text()),
    )


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
        assert (face.gender, face.smile, face.identity) == (
            truth.gender,
            truth.smile,
            truth.identity,
        )
        np.testing.assert_allclose(
            face.landmark_array()[EYES_NOSE_MOUTH],
            truth.landmark_array()[EYES_NOSE_MOUTH],
            atol=0.5,
        )
        assert sum(point is not None for point in face.landmarks) == 5
        splits.append(face.split)
        if abs(truth.pose[2]) < 20:
            assert boxes.iou([face.box], [truth.box]).item() > 0.5
    assert splits == ["train", "val", "test"] * 10


def test_adience(portraits):
    bands = {
        (0, 2): (1, 3),
        (4, 6): (5, 3),
        (8, 12): (10, 3),
        (15, 20): (17.5, 3),
        (25, 32): (28.5, 3),
        (38, 43): (40.5, 3),
        (48, 53): (50.5, 3),
        (60, 100): (80, 10),
    }
    for face, truth in portraits("adience"):
        expected = next(
            (value for (low, high), value in bands.items() if low <= truth.age <= high),
            (round(truth.age), None),
        )
        assert (face.age, face.age_sigma) == expected and face.gender == truth.gender
        assert face.split == f"fold_{truth.identity % 5}" and face.box == [44, 44, 132, 132]


def test_casia(portraits):
    assert all(
        (face.identity, face.gender) == (truth.identity, truth.gender)
        for face, truth in portraits("casia")
    )


def test_morph(portraits):
    assert all(
        (face.identity, face.gender, face.age) == (truth.identity, truth.gender, round(truth.age))
        for face, truth in portraits("morph")
    )


def test_utkface(portraits):
    for face, truth in portraits("utkface"):
        assert (face.gender, face.age, face.box) == (
            truth.gender,
            round(truth.age),
            [0, 0, 176, 176],
        )


@pytest.mark.parametrize("name", ["imdb", "wiki"])
def test_imdb_and_wiki(portraits, name):
    for face, truth in portraits(name):
        assert (
            face.gender == truth.gender
            and face.identity == truth.identity
            and face.age == pytest.approx(truth.age, abs=1 / 365)
        )
        np.testing.assert_allclose(face.box, truth.box, atol=1e-6)


def test_fgnet(portraits):
    for face, truth in portraits("fgnet"):
        assert (
            face.age == round(truth.age)
            and face.identity == truth.identity % 999 + 1
            and face.split == f"person_{face.identity:03d}"
        )
        places = EYES_NOSE_MOUTH + [20]
        if (
            truth.landmarks[7][0] < truth.landmarks[10][0]
            and truth.landmarks[17][0] < truth.landmarks[19][0]
        ):
            np.testing.assert_allclose(
                face.landmark_array()[places], truth.landmark_array()[places], atol=1e-3
            )


def test_custom(portraits):
    people = {}
    for face, truth in portraits("custom"):
        assert (face.gender, face.smile) == (truth.gender, truth.smile) and people.setdefault(
            truth.identity, face.identity
        ) == face.identity
        for found, expected in (
            (face.box, truth.box),
            (face.pose, truth.pose),
            (face.age, truth.age),
            (face.landmarks, truth.landmarks),
        ):
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
    names = list(
        dict.fromkeys(face.image for face in truth)
    )  # image00000.jpg, ... in the order of the truth
    renamed = [
        dataclasses.replace(other, image=f"image{names.index(other.image):05d}.jpg")
        for other in truth
    ]
    for face, other in by_box(found, renamed):
        np.testing.assert_allclose(face.box, np.rint(other.box), atol=1e-6)
        np.testing.assert_allclose(face.pose, other.pose, atol=1e-4)  # radians there, degrees here
        assert face.visibility == other.visibility and face.gender == other.gender
        for point, expected, seen in zip(face.landmarks, other.landmarks, other.visibility):
            assert point is None if not seen else point == pytest.approx(expected)
    assert {face.split for face in found} == {"train"}  # a tenth of five pictures is none
    assert (
        not (tmp_path / "aflw" / "aflw_test.txt").read_text() and len(names) == summary["pictures"]
    )


@pytest.mark.parametrize(
    "radians, degrees",
    [
        ((0.5, 0.25, -1), (-28.6479, 14.3239, 57.2958)),
        ((2 * np.pi - 0.1, 0, 2 * np.pi + 0.2), (5.7296, 0, -11.4592)),
    ],
)
def test_aflw_pose_by_hand(radians, degrees):
    assert aflw.pose_of(*radians) == pytest.approx(degrees, abs=1e-3)


def test_aflw_draws_as_many_test_faces_of_every_third_of_yaw(drawn, tmp_path, monkeypatch):
    monkeypatch.setattr(aflw, "PER_BIN", 2)
    monkeypatch.setattr(aflw, "TEST_PICTURES", 4)
    monkeypatch.setattr(aflw, "TEST_SHARE", 1)
    first, _, _ = read_back("aflw", drawn, tmp_path, "scenes")
    chosen = [face for face in first if face.split == "test_landmarks"]
    test = [face for face in first if face.split != "train"]
    listed = (tmp_path / "aflw" / "aflw_test.txt").read_text().split()
    assert (
        {face.image for face in test} == {f"flickr/{name}" for name in listed}
        and len(listed) == 4
        and len({face.image for face in first}) == 5
    )
    for low, high in ((0, 30), (30, 60), (60, 90)):
        within = lambda faces: sum(low < abs(face.pose[2]) <= high for face in faces)
        assert within(chosen) == min(2, within(test))
    assert convert.main(["aflw", "--folder", str(tmp_path / "aflw")]) == 0
    assert list(record.read(str(tmp_path / "aflw" / "records.jsonl"))) == first


def test_fotw(portraits):
    splits = []
    for face, truth in portraits("fotw"):
        assert (face.gender, face.smile, face.box) == (
            truth.gender,
            truth.smile,
            np.rint(truth.box).tolist(),
        )
        splits.append(face.split)
    assert splits == ["train"] * 15 + ["val"] * 15


def test_lap2015(portraits):
    found = portraits("lap2015")
    for number, (face, truth) in enumerate(found):
        assert (
            face.box is None
            and face.age == pytest.approx(truth.age, abs=1e-4)
            and face.age_sigma == 2.5 + number % 10 % 5
        )
    assert [face.split for face, _ in found] == ["train"] * 10 + ["val"] * 10 + ["test"] * 10


def test_lfw(drawn, tmp_path):
    found, truth, summary = read_back("lfw", drawn, tmp_path)
    who = {pixels(drawn["faces"][0], face.image): face.identity for face in truth}
    person = {face.image: who[pixels(tmp_path / "lfw", face.image)] for face in found}
    assert len({face.identity for face in found}) == len(set(person.values())) == 6
    pairs = [json.loads(line) for line in open(tmp_path / "lfw" / "pairs.jsonl")]
    assert [pair["fold"] for pair in pairs] == sorted(2 * list(range(1, 11)))
    for pair in pairs:
        first, second = pair["pictures"]
        assert first != second and pair["same"] == (person[first] == person[second])
    assert {name for pair in pairs for name in pair["pictures"]} == set(person)
    np.testing.assert_allclose(
        found[0].box, [48, 48, 128, 128]
    )  # 176 pixels, of which the middle 80


def test_ijba(drawn, tmp_path):
    found, truth, _ = read_back("ijba", drawn, tmp_path)
    known = {pixels(drawn["faces"][0], face.image): face for face in truth}
    by_picture = {
        face.image: (face, known[pixels(tmp_path / "ijba", face.image)]) for face in found
    }
    assert len(by_picture) == len(truth)  # each once, though ten splits name it
    for face, other in by_picture.values():
        assert face.identity == other.identity
        np.testing.assert_allclose(face.box, other.box, atol=1e-6)
        for place in (7, 10):
            if other.visibility[place]:
                np.testing.assert_allclose(
                    face.landmarks[place], other.landmarks[place], atol=0.006
                )
            else:
                assert face.landmarks is None or face.landmarks[place] is None
    templates = [json.loads(line) for line in open(tmp_path / "ijba" / "templates.jsonl")]
    assert {(t["split"], t["part"]) for t in templates} == {
        (s, p)
        for s in range(1, 11)
        for p in ("verify_train", "verify", "search_train", "gallery", "probe")
    }
    for template in templates:
        assert {by_picture[image][0].identity for image, _, _ in template["faces"]} == {
            template["subject"]
        }
        assert [by_picture[image][0].box for image, _, _ in template["faces"]] == [
            box for _, box, _ in template["faces"]
        ]
    people = lambda part: {t["subject"] for t in templates if t["split"] == 3 and t["part"] == part}
    assert not people("search_train") & people("probe") and people("gallery") < people(
        "probe"
    )  # some probes have no mate
    comparisons = {
        line["split"]: line["pairs"]
        for line in map(json.loads, open(tmp_path / "ijba" / "comparisons.jsonl"))
    }
    verify = {t["template"] for t in templates if t["split"] == 3 and t["part"] == "verify"}
    assert (
        set(comparisons) == set(range(1, 11))
        and {t for pair in comparisons[3] for t in pair} == verify
    )


def test_celeba_without_its_points(drawn, tmp_path):
    """The pictures are the aligned ones: the box is where these have the face, whatever their size."""
    folder = damaged("celeba", drawn, tmp_path)
    (folder / celeba.POINTS).unlink()
    assert convert.main(["celeba", "--folder", str(folder)]) == 0
    (face,) = {
        (tuple(face.box), face.landmarks) for face in record.read(str(folder / "records.jsonl"))
    }
    assert face == (pytest.approx((0.23 * 176, 0.35 * 176, 0.77 * 176, 0.86 * 176)), None)


@pytest.mark.parametrize("name", ["afw", "pascal", "fddb"])
def test_boxes_of_scenes(drawn, tmp_path, name):
    found, truth, _ = read_back(name, drawn, tmp_path, "scenes")
    for face, other in by_box(found, truth):
        np.testing.assert_allclose(
            face.box, np.rint(other.box) if name == "pascal" else other.box, atol=1e-4
        )
        if name == "afw":
            np.testing.assert_allclose(face.pose, other.pose, atol=1e-6)
            for place in AFW_SIX:
                expected = other.landmarks[place] if other.visibility[place] else None
                assert face.landmarks[place] == (
                    pytest.approx(expected, abs=1e-4) if expected else None
                )
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
    broken = {
        1: (place("age"), "nan"),
        2: (place("age"), "-3"),
        3: (place("age"), "111"),
        4: (place("x2"), lines[4].split(",")[place("x1")]),
        5: (place("gender"), "x"),
        6: (place("x1"), "9000"),
        7: (place("yaw"), "inf"),
        8: (place("image"), "images/none.jpg"),
    }
    broken[6] = (place("x1"), "9000")
    for number, (column, text) in broken.items():
        fields = lines[number].split(",")
        fields[column] = text
        if number == 6:
            fields[place("x2")] = "9100"
        lines[number] = ",".join(fields)
    lines += [lines[10], "images/000001.jpg,1"]  # there twice; cut short
    (folder / "images" / "000010.jpg").write_bytes(b"no picture")  # of line 11
    shutil.copy(folder / "images" / "000011.jpg", folder / "images" / "fäce ü.jpg")
    lines[12] = lines[12].replace("images/000011.jpg", "images/fäce ü.jpg")
    (folder / "faces.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert convert.main(["custom", "--folder", str(folder)]) == 0
    reasons = [reason for _, reason in lost(folder)]
    assert reasons == [
        "bad age",
        "bad age",
        "bad age",
        "bad box",
        "a field does not fit",
        "box outside",
        "bad pose",
        "missing picture",
        "unreadable picture",
        "there twice",
        "wrong number of fields",
    ]
    summary = json.loads((folder / "summary.json").read_text())
    assert (
        summary["rows"] == 32 and summary["kept"] == 21 and sum(summary["dropped"].values()) == 11
    )
    assert "images/fäce ü.jpg" in {
        face.image for face in record.read(str(folder / "records.jsonl"))
    }


@pytest.mark.parametrize(
    "name, file, how, words",
    [
        ("imdb", "imdb.mat", "cut", "cut off"),
        ("afw", "anno.mat", "cut", "cut off"),
        ("pascal", "Annotations_Face_PASCALLayout_large_fixed.mat", "cut", "cut off"),
        ("aflw", "aflw.sqlite", "cut", "SQLite"),
        ("aflw", "aflw.sqlite", "DROP TABLE FacePose", "table FacePose has no column face_id"),
        ("morph", "MORPH_Album2.csv", ("age", "years"), "no column age"),
        ("adience", "fold_3_data.txt", ("gender", "sex"), "no column gender"),
        ("celeba", "Anno/list_attr_celeba.txt", ("Smiling", "Grinning"), "no attribute Smiling"),
        ("fotw", "smiles_valset/gender_fex_valset.csv", ("Smile", "Grin"), "no column smile"),
        ("wiki", "wiki.mat", "cut", "cut off"),
        (
            "ijba",
            "IJB-A_1N_sets/split7/search_probe_7.csv",
            ("TEMPLATE_ID", "TEMPLATE"),
            "no column template_id",
        ),
        (
            "ijba",
            "IJB-A_11_sets/split2/verify_comparisons_2.csv",
            (",", ";"),
            "line 1: must hold two numbers",
        ),
        ("lfw", "pairs.txt", ("10\t1\n", ""), "line 1"),
        ("custom", "faces.csv", ("image", "picture"), "no column image"),
        ("custom", "faces.csv", ("smile", "smlie"), "unknown column smlie"),
        (
            "fddb",
            "FDDB-folds/FDDB-fold-01-ellipseList.txt",
            ("\n2\n", "\n7\n"),
            "followed by the number of its faces",
        ),
    ],
)
def test_a_file_that_is_not_the_sets_ends_with_a_sentence_and_nothing_is_written(
    drawn, tmp_path, capsys, name, file, how, words
):
    kind = "scenes" if name in ("afw", "pascal", "aflw", "fddb") else "faces"
    folder = damaged(name, drawn, tmp_path, kind)
    path = folder / file
    if how == "cut":
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])
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
    reader = importlib.import_module(f"data_prep.{name}")
    needs = (*reader.NEEDS, *getattr(reader, "ANY_OF", ()))
    expect_refusal(
        convert.main, [name, "--folder", tmp_path], tmp_path, *needs, "data_prep/README.md"
    )


def pictures_in(folder):
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg"))


@pytest.mark.parametrize("name", convert.SETS)
def test_a_picture_that_is_missing_or_spoilt_is_named_and_the_others_are_kept(
    drawn, tmp_path, name
):
    """In every set. CASIA, FG-NET and UTKFace have no list: a picture that is not there is not missed."""
    kind = "scenes" if name in ("afw", "pascal", "aflw", "fddb") else "faces"
    folder = damaged(name, drawn, tmp_path, kind)
    assert convert.main([name, "--folder", str(folder)]) == 0
    before = [face.image for face in record.read(str(folder / "records.jsonl"))]
    gone, spoilt = sorted(set(before))[1:3]
    (folder / gone).unlink()
    (folder / spoilt).write_bytes(b"no picture")
    assert convert.main([name, "--folder", str(folder)]) == 0
    after = [face.image for face in record.read(str(folder / "records.jsonl"))]
    assert after == [image for image in before if image not in (gone, spoilt)]
    expected = {(spoilt, "unreadable picture")} | (
        set() if name in ("casia", "fgnet", "utkface") else {(gone, "missing picture")}
    )
    assert set(lost(folder)) == expected


@pytest.mark.parametrize(
    "name, file, old, new, reason",
    [
        (
            "adience",
            "fold_2_data.txt",
            None,
            "u\tx.jpg\t1\t(200, 220)\tf\t0\t0\t9\t9\t0\t0\t50\n",
            "bad age",
        ),
        (
            "adience",
            "fold_2_data.txt",
            None,
            "u\tx.jpg\t1\told\tf\t0\t0\t9\t9\t0\t0\t50\n",
            "age or gender does not fit",
        ),
        ("morph", "MORPH_Album2.csv", None, "7,1,,,W,M,-4,Album2/7_1M-4.JPG\n", "bad age"),
        ("fotw", "smiles_trset/gender_fex_trset.csv", None, "x.jpg,5,5,0,10,1,1\n", "bad box"),
        (
            "fotw",
            "smiles_trset/gender_fex_trset.csv",
            None,
            "x.jpg,5,5,10,10,3,1\n",
            "box, gender or smile does not fit",
        ),
        ("fotw", "smiles_trset/gender_fex_trset.csv", None, "x.jpg,5,5,10,10,2,2\n", "no label"),
        ("lap2015", "Train.csv", None, "x.jpg;nan;2\n", "bad age"),
        ("lap2015", "Train.csv", None, "x.jpg;130;2\n", "bad age"),
        (
            "lap2015",
            "Train.csv",
            None,
            "x.jpg;13\n",
            "not a picture, an age and a standard deviation",
        ),
        ("lfw", "pairs.txt", None, "A\tone\t2\n", "not a pair"),
        (
            "ijba",
            "IJB-A_11_sets/split1/train_1.csv",
            None,
            "1,2,img/x.jpg,3,3,,a,0,5,5,,,,,,,0\n",
            "a number does not fit",
        ),
        (
            "ijba",
            "IJB-A_11_sets/split1/train_1.csv",
            None,
            "1,2,img/x.jpg,3,3,,0,0,0,5,,,,,,,0\n",
            "bad box",
        ),
        (
            "celeba",
            "Anno/list_attr_celeba.txt",
            None,
            "999999.jpg" + 6 * " -1" + "\n",
            "not in every list",
        ),
        (
            "celeba",
            "Anno/list_landmarks_align_celeba.txt",
            "000003.jpg ",
            "000003.jpg x",
            "landmarks or identity do not fit",
        ),
        (
            "fddb",
            "FDDB-folds/FDDB-fold-02-ellipseList.txt",
            " 1.570796 ",
            " straight ",
            "ellipse does not fit",
        ),
        ("fgnet", "points/000a", "{", "<", "points missing or do not fit"),
    ],
)
def test_a_bad_row_of_a_set_is_named(drawn, tmp_path, name, file, old, new, reason):
    folder = damaged(name, drawn, tmp_path, "scenes" if name == "fddb" else "faces")
    path = (
        sorted(folder.glob(f"{file}*"))[0]
        if name != "fgnet"
        else sorted((folder / "points").iterdir())[0]
    )
    text = path.read_text()
    path.write_text(text + new if old is None else text.replace(old, new, 1))
    assert path.read_text() != text
    assert convert.main([name, "--folder", str(folder)]) == 0
    assert [why for _, why in lost(folder)] == [reason]


def test_faces_that_are_there_twice_are_kept_once(drawn, tmp_path):
    """Of AFLW two rows of one rectangle; of UTKFace there cannot be two files of one name."""
    folder = damaged("aflw", drawn, tmp_path, "scenes")
    with sqlite3.connect(folder / "aflw.sqlite") as connection:
        for table in ("FaceRect", "FacePose", "FaceMetaData"):
            columns = ", ".join(
                row[1]
                for row in connection.execute(f"PRAGMA table_info({table})")
                if row[1] != "face_id"
            )
            connection.execute(
                f"INSERT INTO {table}(face_id, {columns}) SELECT 9999, {columns} FROM {table} WHERE face_id = 1"
            )
        connection.execute(
            "INSERT INTO Faces(face_id, file_id, db_id) SELECT 9999, file_id, db_id FROM Faces WHERE face_id = 1"
        )
    assert convert.main(["aflw", "--folder", str(folder)]) == 0
    assert [reason for _, reason in lost(folder)] == ["there twice"]


def test_names_in_any_language_are_read(drawn, tmp_path):
    """People and pictures with letters beyond ASCII, in lists that are UTF-8 and on the disk."""
    folder = damaged("lfw", drawn, tmp_path)
    text = (folder / "pairs.txt").read_text()
    (folder / "pairs.txt").write_text(
        text.replace("Person_1", "Jos\u00e9_\u5f20"), encoding="utf-8"
    )
    (folder / "lfw" / "Person_1").rename(folder / "lfw" / "Jos\u00e9_\u5f20")
    for path in list((folder / "lfw" / "Jos\u00e9_\u5f20").iterdir()):
        path.rename(path.parent / path.name.replace("Person_1", "Jos\u00e9_\u5f20"))
    assert convert.main(["lfw", "--folder", str(folder)]) == 0
    assert not lost(folder) and any(
        "Jos\u00e9_\u5f20" in face.image for face in record.read(str(folder / "records.jsonl"))
    )


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
    struct["dob"][0, 0][0, 4] += 365 * 120  # born after the photo
    struct["gender"][0, 0][0, 5] = np.nan
    scipy.io.savemat(str(folder / "imdb.mat"), {"imdb": struct})
    assert convert.main(["imdb", "--folder", str(folder)]) == 0
    assert [reason for _, reason in lost(folder)] == ["no face, or an unsure one"] * 2 + [
        "a second face",
        "bad date or face location",
        "bad age",
    ]
    assert next(record.read(str(folder / "records.jsonl"))).gender is None


def test_a_row_in_another_encoding_is_named_too(drawn, tmp_path):
    folder = damaged("custom", drawn, tmp_path)
    with open(folder / "faces.csv", "ab") as stream:
        stream.write("images/f\u00e4ce.jpg,1\n".encode("latin-1"))
    assert convert.main(["custom", "--folder", str(folder)]) == 0
    assert [reason for _, reason in lost(folder)] == ["wrong number of fields"]
    with open(folder / "faces.csv", "ab") as stream:
        stream.write(
            (
                "images/f\u00e4ce.jpg"
                + "," * (folder / "faces.csv").read_bytes().split(b"\n")[0].count(b",")
                + "\n"
            ).encode("latin-1")
        )
    assert convert.main(["custom", "--folder", str(folder)]) == 0
    assert [reason for _, reason in lost(folder)] == ["wrong number of fields", "missing picture"]
