"""Databases of sets of one's own: parts, labels that are missing, faces without a box."""

import os

from conftest import run_well
from reader_folders import draw, manifest_of, records_of

from allinone import boxes, model, record, tasks
from data_prep import feeds

DATABASES = "data_prep.databases"
TINY = ["--profile", "tiny"]


def without_column(text, name):
    """Return the lines of a CSV table without a column."""
    rows = [line.split(",") for line in text.splitlines()]
    place = rows[0].index(name)
    return "".join(",".join(row[:place] + row[place + 1 :]) + "\n" for row in rows)


def test_sets_of_ones_own_feed_every_tower_whose_label_they_have(tmp_path):
    draw(tmp_path / "custom", "custom", "portraits", 12, 4)
    table = tmp_path / "custom" / "faces.csv"
    table.write_text(without_column(table.read_text(), "smile"))
    said = run_well(DATABASES, "custom", "--data", tmp_path, "--out", tmp_path / "db", *TINY)
    towers = sorted(entry.name for entry in (tmp_path / "db").iterdir() if entry.is_dir())
    assert towers == ["age", "det", "gender", "id", "val"]
    assert said.stdout.count("custom has no label 'smile': tower smile does without it") == 1
    # The parts are made by a seed: nobody learns from what is tested or validated on.
    parts = [face.split for face in records_of(tmp_path / "custom")]
    for tower, training_set in (("det", ""), ("age", "custom")):
        for folder, part in ((tmp_path / "db", "train"), (tmp_path / "db" / "val", "val")):
            place = os.path.join(folder, tower, training_set if part == "train" else "")
            manifest = manifest_of(place)
            assert (manifest["count"], manifest["splits"]) == (parts.count(part), [part])


def own_set(folder, source, rows, head="image,age,gender,split,x1,y1,x2,y2"):
    """Write a faces.csv beside the pictures of a drawn set."""
    folder.mkdir()
    os.symlink(source / "images", folder / "images")
    (folder / "faces.csv").write_text("\n".join([head, *rows]) + "\n")


def test_a_face_without_a_box_is_not_taken_for_none(chain, tmp_path):
    """Such pictures, and those with a face of another part, teach detection nothing."""
    boxes = [face.box for face in records_of(chain / "faces")]
    names = [f"images/{number:06d}.jpg" for number in range(8)]
    edges = [",".join(map(str, box)) for box in boxes]
    rows = [
        f"{names[0]},30,m,train,{edges[0]}",
        f"{names[1]},30,m,train,,,,",  # a face somewhere
        f"{names[2]},30,m,train,{edges[2]}",
        f"{names[3]},,,train,,,,",  # no face
        f"{names[4]},30,m,train,{edges[4]}",
        f"{names[5]},30,m,test,{edges[5]}",
        f"{names[6]},30,f,val,{edges[6]}",
        f"{names[4]},40,m,test,1,1,20,20",  # the other face of the fifth is for testing
        f"{names[2]},40,m,train,,,,",  # that of the third stands nowhere
    ]
    own_set(tmp_path / "custom", chain / "faces", rows)
    said = run_well(DATABASES, "custom", "--data", tmp_path, "--out", tmp_path / "db", *TINY)
    told = "pictures with a face without a box are left out of det; LANDMARKS=folder names"
    assert told in said.stdout
    manifest = manifest_of(tmp_path / "db" / "det")
    assert (manifest["count"], manifest["faces"]) == (2, 1)  # the first, and the one without
    assert manifest_of(tmp_path / "db" / "val" / "det")["faces"] == 1
    assert not (tmp_path / "db" / "age").exists()  # no landmarks, no model
    assert "no databases of aligned faces yet of custom" in said.stdout


def test_a_model_finds_the_boxes_and_age_and_gender_are_enough(chain, tmp_path):
    """Of two faces of a picture without a box nobody knows which is which."""
    chosen = (0, 1, 3, 7, 9, 10)  # drawn faces that the shipped model finds
    names = [f"images/{number:06d}.jpg" for number in chosen]
    parts = ["train", "train", "train", "val", "test", "train"]
    rows = [f"{name},{20 + n},m,{parts[n]}" for n, name in enumerate(names)]
    rows.append(f"{names[5]},70,f,train")
    own_set(tmp_path / "custom", chain / "faces", rows, "image,age,gender,split")
    command = [DATABASES, "custom", "--data", tmp_path, "--out", tmp_path / "db"]
    said = run_well(*command, "--profile", "small", "--landmarks-from", model.SHIPPED).stdout
    for label, tower in (("smile", "smile"), ("identity", "id")):
        assert f"custom has no label '{label}': tower {tower} does without it" in said
    for tower in ("age/custom", "gender/custom", "det"):
        assert manifest_of(tmp_path / "db" / tower)["splits"] == ["train"]
        assert manifest_of(tmp_path / "db" / tower)["count"] == 3
    for tower in ("age", "gender", "det"):
        assert manifest_of(tmp_path / "db" / "val" / tower)["count"] == 1
    (located,) = (tmp_path / "custom").glob("located_*.jsonl")
    truth = [face.box for face in records_of(chain / "faces")]
    found = list(record.read(str(located)))
    for number, face in zip(chosen, found[:5]):
        assert boxes.iou([face.box], [truth[number]])[0, 0] > 0.4
    assert [face.box for face in found[5:]] == [None, None]


def test_a_set_that_feeds_if_named_feeds_nothing_else(tmp_path):
    draw(tmp_path / "custom", "custom", "portraits", 4, 4)
    folders = {"custom": str(tmp_path / "custom")}
    named = list(feeds.plans_of(folders, "db", named=True))
    towers = list(tasks.TOWERS)
    parts = [(plan.folder, plan.feed.splits, plan.feed.towers) for plan in named]
    assert parts == [("db", ["train"], towers), ("db/val", ["val"], towers)]
    assert not list(feeds.plans_of(folders, "db", named=False))
