"""Sets of one face in each picture: what is read is what was drawn, as far as the format goes."""

import shutil

import numpy as np
import pytest
import scipy.io
from reader_folders import EYES_NOSE_MOUTH, reasons_of, records_of

from allinone import boxes
from data_prep import conversion
from data_prep.readers import casia, celeba


def test_celeba(portraits):
    splits = []
    for face, truth in portraits("celeba"):
        labels = (truth.gender, truth.smile, truth.identity)
        assert (face.gender, face.smile, face.identity) == labels
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


def test_celeba_without_its_points(laid_out):
    """The pictures are the aligned ones: the box is where these have the face, at any size."""
    folder = laid_out("celeba")
    (folder / celeba.POINTS).unlink()
    conversion.convert_set("celeba", str(folder))
    (face,) = {(tuple(face.box), face.landmarks) for face in records_of(folder)}
    assert face == (pytest.approx((0.23 * 176, 0.35 * 176, 0.77 * 176, 0.86 * 176)), None)


BANDS = {
    (0, 2): (1, 3),
    (4, 6): (5, 3),
    (8, 12): (10, 3),
    (15, 20): (17.5, 3),
    (25, 32): (28.5, 3),
    (38, 43): (40.5, 3),
    (48, 53): (50.5, 3),
    (60, 100): (80, 10),
}  # {band: (age, sigma)}


def test_adience(portraits):
    for face, truth in portraits("adience"):
        expected = (round(truth.age), None)
        for (low, high), value in BANDS.items():
            if low <= truth.age <= high:
                expected = value
        assert (face.age, face.age_sigma) == expected and face.gender == truth.gender
        assert face.split == f"fold_{truth.identity % 5}" and face.box == [44, 44, 132, 132]


def test_casia(portraits):
    for face, truth in portraits("casia"):
        assert (face.identity, face.gender) == (truth.identity, truth.gender)


def test_casia_keeps_the_people_with_most_pictures_or_leaves_out_a_given_list(laid_out):
    folder = laid_out("casia")
    (folder / "0000003" / "extra.jpg").write_bytes(b"x")
    assert casia.people_to_keep(str(folder), 1) == ["0000003"]
    (folder / "overlap.txt").write_text("0000001\n0000004\n")
    assert casia.people_to_keep(str(folder), 1) == ["0000000", "0000002", "0000003", "0000005"]


def test_morph(portraits):
    for face, truth in portraits("morph"):
        labels = (truth.identity, truth.gender, round(truth.age))
        assert (face.identity, face.gender, face.age) == labels


def test_morph_takes_what_a_row_lacks_from_the_pictures_name(laid_out):
    folder = laid_out("morph")
    conversion.convert_set("morph", str(folder))
    before = records_of(folder)
    (path,) = folder.glob("*.csv")
    header, *rows = path.read_text().splitlines()
    photos = [row.split(",")[-1] for row in rows]
    path.write_text("\n".join([header, *(f",,,,,,,{photo}" for photo in photos)]) + "\n")
    conversion.convert_set("morph", str(folder))
    assert records_of(folder) == before


def test_utkface(portraits):
    for face, truth in portraits("utkface"):
        expected = (truth.gender, round(truth.age), [0, 0, 176, 176])
        assert (face.gender, face.age, face.box) == expected


@pytest.mark.parametrize("name", ["imdb", "wiki"])
def test_imdb_and_wiki(portraits, name):
    for face, truth in portraits(name):
        assert face.gender == truth.gender and face.identity == truth.identity
        assert face.age == pytest.approx(truth.age, abs=1 / 365)
        np.testing.assert_allclose(face.box, truth.box, atol=1e-6)


def test_imdb_drops_faces_that_are_unsure_or_not_alone_and_bad_dates(laid_out):
    folder = laid_out("imdb")
    struct = scipy.io.loadmat(str(folder / "imdb.mat"))["imdb"]
    struct["face_score"][0, 0][0, :2] = [-np.inf, 0.5]
    struct["second_face_score"][0, 0][0, 2] = 1.2
    struct["dob"][0, 0][0, 3] = 0
    struct["dob"][0, 0][0, 4] += 365 * 120  # born after the photo
    struct["gender"][0, 0][0, 5] = np.nan
    scipy.io.savemat(str(folder / "imdb.mat"), {"imdb": struct})
    conversion.convert_set("imdb", str(folder))
    assert reasons_of(folder) == [
        "no face, or an unsure one",
        "no face, or an unsure one",
        "a second face",
        "bad date, face location, gender or person",
        "bad age",
    ]
    assert records_of(folder)[0].gender is None


def test_fgnet(portraits):
    for face, truth in portraits("fgnet"):
        assert face.age == round(truth.age)
        assert face.identity == truth.identity % 999 + 1
        assert face.split == f"person_{face.identity:03d}"
        places = EYES_NOSE_MOUTH + [20]
        (left_eye, _), (right_eye, _) = truth.landmarks[7], truth.landmarks[10]
        (left_corner, _), (right_corner, _) = truth.landmarks[17], truth.landmarks[19]
        if left_eye < right_eye and left_corner < right_corner:
            np.testing.assert_allclose(
                face.landmark_array()[places], truth.landmark_array()[places], atol=1e-3
            )


def test_fgnet_without_its_points_says_nothing_of_where_the_faces_are(portraits, laid_out):
    known = {face.image: face for face, _ in portraits("fgnet")}
    folder = laid_out("fgnet")
    shutil.rmtree(folder / "points")
    conversion.convert_set("fgnet", str(folder))
    found = records_of(folder)
    assert len(found) == len(known)
    for face in found:
        same = known[face.image]
        assert face.box is None and face.landmarks is None
        said = (face.age, face.identity, face.split)
        assert said == (same.age, same.identity, same.split)


def test_fotw(portraits):
    splits = []
    for face, truth in portraits("fotw"):
        expected = (truth.gender, truth.smile, np.rint(truth.box).tolist())
        assert (face.gender, face.smile, face.box) == expected
        splits.append(face.split)
    assert splits == ["train"] * 15 + ["val"] * 15


def test_lap2015(portraits):
    found = portraits("lap2015")
    for number, (face, truth) in enumerate(found):
        assert face.box is None and face.age == pytest.approx(truth.age, abs=1e-4)
        assert face.age_sigma == 2.5 + number % 10 % 5
    splits = [face.split for face, _ in found]
    assert splits == ["train"] * 10 + ["val"] * 10 + ["test"] * 10
