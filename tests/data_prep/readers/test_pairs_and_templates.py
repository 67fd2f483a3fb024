"""LFW and IJB-A: records, and the side files with pairs, templates and comparisons."""

import numpy as np
import pytest
from reader_folders import dropped_of, json_lines, pixels, reasons_of, records_of

from data_prep import conversion
from data_prep.readers import ijba as ijba_reader


def test_lfw(drawn, read_back):
    folder, found, truth = read_back("lfw")
    source, _ = drawn["portraits"]
    who = {pixels(source, face.image): face.identity for face in truth}
    person = {face.image: who[pixels(folder, face.image)] for face in found}
    assert len({face.identity for face in found}) == len(set(person.values())) == 6
    pairs = json_lines(folder / "pairs.jsonl")
    assert [pair["fold"] for pair in pairs] == sorted(2 * list(range(1, 11)))
    named = set()
    for pair in pairs:
        first, second = pair["pictures"]
        assert first != second and pair["same"] == (person[first] == person[second])
        named |= {first, second}
    assert named == set(person)
    # 176 pixels, of which the middle 80
    np.testing.assert_allclose(found[0].box, [48, 48, 128, 128])


def test_lfw_leaves_a_bad_pair_out_of_the_side_file(laid_out):
    folder = laid_out("lfw")
    with open(folder / "pairs.txt", "a") as stream:
        stream.write("Person_1\t1\tx\n")
    conversion.convert_set("lfw", str(folder))
    assert reasons_of(folder) == ["not a pair"] and len(json_lines(folder / "pairs.jsonl")) == 20


def test_names_in_any_language_are_read(laid_out):
    """People and pictures with letters beyond ASCII, in lists that are UTF-8 and on the disk."""
    folder, name = laid_out("lfw"), "José_张"
    text = (folder / "pairs.txt").read_text()
    (folder / "pairs.txt").write_text(text.replace("Person_1", name), encoding="utf-8")
    (folder / "lfw" / "Person_1").rename(folder / "lfw" / name)
    for path in list((folder / "lfw" / name).iterdir()):
        path.rename(path.parent / path.name.replace("Person_1", name))
    conversion.convert_set("lfw", str(folder))
    assert not dropped_of(folder)
    assert any(name in face.image for face in records_of(folder))


@pytest.fixture
def ijba(drawn, read_back):
    """(folder, {picture: (record, drawn face)}) of IJB-A."""
    folder, found, truth = read_back("ijba")
    source, _ = drawn["portraits"]
    known = {pixels(source, face.image): face for face in truth}
    by_picture = {face.image: (face, known[pixels(folder, face.image)]) for face in found}
    assert len(found) == len(by_picture) == len(truth)  # each once, though ten splits name it
    return folder, by_picture


def test_ijba_records(ijba):
    _, by_picture = ijba
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


def people_of(templates, part):
    """Return the people of a part of the third split."""
    return {one["subject"] for one in templates if one["split"] == 3 and one["part"] == part}


def test_ijba_templates(ijba):
    folder, by_picture = ijba
    templates = json_lines(folder / "templates.jsonl")
    parts = ("verify_train", "verify", "search_train", "gallery", "probe")
    expected = {(split, part) for split in range(1, 11) for part in parts}
    assert {(one["split"], one["part"]) for one in templates} == expected
    for template in templates:
        faces = [by_picture[image][0] for image, _, _ in template["faces"]]
        assert {face.identity for face in faces} == {template["subject"]}
        assert [face.box for face in faces] == [box for _, box, _ in template["faces"]]
    probes, gallery = people_of(templates, "probe"), people_of(templates, "gallery")
    assert not people_of(templates, "search_train") & probes
    assert gallery < probes  # some probes have no mate


def test_ijba_comparisons(ijba):
    folder, _ = ijba
    lines = json_lines(folder / "comparisons.jsonl")
    comparisons = {line["split"]: line["pairs"] for line in lines}
    assert set(comparisons) == set(range(1, 11))
    templates = json_lines(folder / "templates.jsonl")
    verify = {one["template"] for one in templates if one["split"] == 3 and one["part"] == "verify"}
    assert set(np.ravel(comparisons[3]).tolist()) == verify


def test_ijba_has_the_people_of_a_picture_together(tmp_path):
    """The protocol's rows are sorted by template: who else is in a frame comes much later."""
    path = tmp_path / ijba_reader.TEMPLATES.format(1)
    path.parent.mkdir(parents=True)
    rows = ["1,1,frame/1.jpg,7,0,0,9,9,,,,", "1,1,frame/2.jpg,7,0,0,9,9,,,,"]
    rows += ["2,2,frame/1.jpg,7,20,0,9,9,,,,"]
    path.write_text("\n".join([",".join(ijba_reader.COLUMNS), *rows]) + "\n")
    faces = list(ijba_reader.rows(str(tmp_path)))
    assert [(face.image[-5:], face.identity) for face in faces] == (
        [("1.jpg", 1), ("1.jpg", 2), ("2.jpg", 1)]
    )


def test_ijba_leaves_a_bad_row_out_of_the_templates(laid_out):
    folder = laid_out("ijba")
    path = folder / "IJB-A_11_sets" / "split1" / "train_1.csv"
    header, first, *rest = path.read_text().splitlines()
    fields = first.split(",")
    fields[0] = "none"
    path.write_text("\n".join([header, ",".join(fields), *rest]) + "\n")
    conversion.convert_set("ijba", str(folder))
    assert reasons_of(folder) == ["a number does not fit"]
    templates = json_lines(folder / "templates.jsonl")
    some = [one for one in templates if one["split"] == 1 and one["part"] == "verify_train"]
    assert sum(len(one["faces"]) for one in some) == len(rest)
