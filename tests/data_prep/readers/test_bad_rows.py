"""One bad row never stops a set: it is named, with a missing and a spoilt picture."""

import pytest
from reader_folders import dropped_of, reasons_of, records_of
from spoilt_sets import (
    CELEBA_LIST,
    CELEBA_PARTS,
    FDDB_LIST,
    FOTW_LIST,
    IJBA_PAIRS,
    IJBA_TRAIN,
    MORPH_LIST,
    another_afw_box,
    another_pascal_entry,
    append,
    empty_folder,
    entry_of_nothing,
    execute,
    name_without_labels,
    no_gender,
    replace,
    unsure,
)

from data_prep import conversion, layouts

# (set, what is done to it, the reason of the rows that give no record)
BAD_ROWS = [
    (
        "adience",
        append("fold_2_data.txt", "u\tx.jpg\t1\told\tf\t0\t0\t9\t9\t0\t0\t50\n"),
        "age or gender does not fit",
    ),
    ("aflw", execute("DELETE FROM FaceRect WHERE face_id = 1"), "no rectangle"),
    ("afw", another_afw_box, "box, pose or points do not fit"),
    ("casia", empty_folder, "person without pictures"),
    ("celeba", append(CELEBA_LIST, "999999.jpg" + 6 * " -1" + "\n"), "not in every list"),
    ("custom", append("faces.csv", "x.jpg,1\n"), "wrong number of fields"),
    (
        "fddb",
        replace("FDDB-folds/FDDB-fold-02-ellipseList.txt", " 1.570796 ", " straight "),
        "ellipse does not fit",
    ),
    ("fgnet", replace("points/*.pts", "{", "<"), "points missing or do not fit"),
    ("fotw", append(FOTW_LIST, "x.jpg,5,5,10,10,3,1\n"), "box, gender or smile does not fit"),
    ("ijba", append(IJBA_TRAIN, "1,2,img/x.jpg,3,3,,a,0,5,5,,,,,,,0\n"), "a number does not fit"),
    ("imdb", unsure("imdb"), "no face, or an unsure one"),
    (
        "lap2015",
        append("Train.csv", "x.jpg;13\n"),
        "not a picture, an age and a standard deviation",
    ),
    ("lfw", append("pairs.txt", "A\tone\t2\n"), "not a pair"),
    ("morph", append(MORPH_LIST, "7,1,,,W,M,old,Album2/x.JPG\n"), "no photo, id, age or gender"),
    ("pascal", another_pascal_entry, "boxes do not fit"),
    ("utkface", name_without_labels, "name does not tell age and gender"),
    ("wiki", unsure("wiki"), "no face, or an unsure one"),
]
MORE_BAD_ROWS = [
    (
        "adience",
        append("fold_2_data.txt", "u\tx.jpg\t1\t(200, 220)\tf\t0\t0\t9\t9\t0\t0\t50\n"),
        "bad age",
    ),
    ("adience", append("fold_2_data.txt", "u\tx.jpg\t1\tNone\tu" + 7 * "\t0" + "\n"), "no label"),
    ("morph", append(MORPH_LIST, "7,1,,,W,M,-4,Album2/7_1M-4.JPG\n"), "bad age"),
    ("fotw", append(FOTW_LIST, "x.jpg,5,5,0,10,1,1\n"), "bad box"),
    ("fotw", append(FOTW_LIST, "x.jpg,5,5,10,10,2,2\n"), "no label"),
    ("fgnet", append("images/readme.txt", "x"), "name does not tell person and age"),
    ("fgnet", append("images/001A02z.jpg", "x"), "points missing or do not fit"),
    (
        "lap2015",
        replace("Train.csv", ";", ";old;wide;"),  # the first line, which may name columns
        "not a picture, an age and a standard deviation",
    ),
    ("lap2015", append("Train.csv", "x.jpg;nan;2\n"), "bad age"),
    ("lap2015", append("Train.csv", "x.jpg;130;2\n"), "bad age"),
    ("lap2015", append("Train.csv", "x.jpg;30;-2\n"), "bad age sigma"),
    ("lfw", append("pairs.txt", "A\t1\t2\n"), "not a pair"),  # after the last fold
    ("ijba", append(IJBA_TRAIN, "1,2,img/x.jpg,3,3,,0,0,0,5,,,,,,,0\n"), "bad box"),
    (
        "celeba",
        replace("Anno/list_landmarks_align_celeba.txt", "000003.jpg ", "000003.jpg x"),
        "landmarks do not fit",
    ),
    ("celeba", append(CELEBA_LIST, "999999.jpg 1\n"), "attributes do not fit"),
    ("celeba", append(CELEBA_PARTS, "000003.jpg 1\n"), "there twice"),
    ("celeba", append(CELEBA_PARTS, "999998.jpg 2\n"), "not in every list"),
    ("celeba", append(CELEBA_PARTS, "000003.jpg\n"), "line does not fit"),
    ("casia", append("genders.csv", "0000001,x\n"), "gender does not fit"),
    ("casia", append("genders.csv", "0000009,m\n"), "no such person"),
    ("casia", append("overlap.txt", "George W. Bush\n"), "no such person"),
    ("ijba", replace(IJBA_PAIRS, ",", ";"), "not two templates"),
    ("ijba", append(IJBA_PAIRS, "1,999999\n"), "no such template"),
    ("fddb", replace(FDDB_LIST, "\n2\n", "\n7\n"), "number of faces does not fit"),
    (
        "adience",
        append("fold_2_data.txt", "u\tx.jpg\t1\0" + 9 * "\t0" + "\n"),
        "not a row of a table",
    ),
    ("custom", append("faces.csv", '"x.jpg,1\n'), "wrong number of fields"),
    ("aflw", execute("UPDATE Faces SET file_id = 'gone' WHERE face_id = 1"), "no picture"),
    (
        "aflw",
        execute("DELETE FROM Faces WHERE face_id = 1"),
        "rectangle of a face that is not in Faces",
    ),
    (
        "aflw",
        execute("UPDATE FacePose SET yaw = 'left' WHERE face_id = 1"),
        "rectangle or pose does not fit",
    ),
    ("aflw", execute("UPDATE FacePose SET yaw = 9e999 WHERE face_id = 1"), "bad pose"),
    ("aflw", execute("UPDATE FaceRect SET w = 1e300 WHERE face_id = 1"), "not a record"),
    ("imdb", no_gender, "bad date, face location, gender or person"),
    ("pascal", entry_of_nothing, "no picture"),
    ("casia", append("genders.csv", "0000001,1.0\n"), "gender does not fit"),
    (
        "adience",
        append("fold_2_data.txt", f"u\tx.jpg\t1\t{'9' * 400}\tf" + 7 * "\t0" + "\n"),
        "age or gender does not fit",
    ),
    ("morph", append(MORPH_LIST, f"{'7' * 30},1,,,W,M,30,Album2/x.JPG\n"), "not a record"),
]


@pytest.mark.parametrize("name, spoil, reason", [*BAD_ROWS, *MORE_BAD_ROWS])
def test_a_bad_row_of_a_set_is_named(laid_out, name, spoil, reason):
    folder = laid_out(name)
    spoil(folder)
    conversion.convert_set(name, str(folder))
    assert reasons_of(folder) == [reason]


# These have no list of pictures: one that is not there is not missed.
WITHOUT_LIST = ("casia", "fgnet", "utkface")


def test_every_set_that_can_be_drawn_has_a_bad_row_here():
    assert {name for name, _, _ in BAD_ROWS} == set(layouts.WRITERS)


@pytest.mark.parametrize("name, spoil, reason", BAD_ROWS)
def test_the_command_names_a_bad_row_a_missing_and_a_spoilt_picture(
    laid_out, command, tmp_path, name, spoil, reason
):
    """In a process of its own, where the command's module is `__main__`; Caffe is not imported."""
    folder = laid_out(name)
    spoil(folder)
    conversion.convert_set(name, str(folder))
    before = records_of(folder)
    gone, spoilt = sorted({face.image for face in before})[1:3]
    (folder / gone).unlink()
    (folder / spoilt).write_bytes(b"no picture")
    (tmp_path / "caffe").mkdir()
    (tmp_path / "caffe" / "__init__.py").write_text("raise RuntimeError('caffe is imported')")
    done = command("data_prep.convert", name, "--folder", folder, PYTHONPATH=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert f"each is named in {folder}/dropped.jsonl" in done.stdout
    after = [face.image for face in records_of(folder)]
    assert after == [face.image for face in before if face.image not in (gone, spoilt)]
    expected = {(spoilt, "unreadable picture")}
    if name not in WITHOUT_LIST:
        expected.add((gone, "missing picture"))
    dropped = dropped_of(folder)
    assert {row for row in dropped if row[0] in (gone, spoilt)} == expected
    assert [why for where, why in dropped if where not in (gone, spoilt)] == [reason]
