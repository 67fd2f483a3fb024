"""Fine-tuning on one's own faces: which towers learn, and what is done for them."""

import os
import shutil
import sys

import numpy as np
import pytest
import report_results
from conftest import started

from allinone import files, folders, model, model_writing, pictures, record
from allinone.errors import InputError
from allinone.record import FaceRecord
from data_prep import landmark_finder
from tools.recipes import custom, own_steps, steps

RECIPE = "tools.recipes.custom"

POINTS = [[float(3 * n), float(2 * n)] for n in range(21)]


@pytest.fixture
def args(tmp_path):
    """The arguments of the command, for folders of the test's own."""
    given = ["--folder", str(tmp_path / "set"), "--out", str(tmp_path / "out")]
    return custom.parse([*given, "--init", model.SHIPPED])


@pytest.fixture
def planned(args, tmp_path, monkeypatch):
    """planned(faces) -> (what is known of them, the commands that follow, as text)."""

    def plan(faces):
        records = tmp_path / "set" / "records.jsonl"
        records.parent.mkdir(exist_ok=True)
        records.write_text("".join(map(record.to_line, faces)))
        monkeypatch.setattr(landmark_finder, "path_of", lambda *_: str(records))
        known = own_steps.look(args)
        some = own_steps.database_steps(args, known, "small")
        some += own_steps.training_steps(args, known, "small")
        return known, [" ".join(command) for step in some for command in step.commands]

    return plan


def faces_of(**labels):
    """Return two faces for each part, with landmarks; labels: {name: values of the two}."""
    faces = []
    for n, part in enumerate(("train", "train", "val", "val", "test", "test")):
        own = {name: both[n % 2] for name, both in labels.items()}
        faces.append(FaceRecord(f"{n}.jpg", landmarks=POINTS, split=part, **own))
    return faces


def test_age_and_gender_alone_train_their_towers_and_the_others_are_named(planned, capsys):
    known, commands = planned(faces_of(age=(30.0, 40.0), gender=(1, 0)))
    assert known.pictures["portraits", "train"] == 0
    custom.tell(known.towers)
    said = capsys.readouterr().out
    assert "towers that learn: gender, age\n" in said
    assert "towers with nothing to learn, which stay as they are: det, smile, id\n" in said
    text = "\n".join(commands)
    assert "--init models/small --towers gender age --branches" in text
    assert "composites" not in text and "operating_point" not in text
    assert text.count("--split train") == text.count("--split val") == 1
    assert "tools.fuse --run models/small --run" in text


def test_a_label_that_is_the_same_for_all_teaches_nothing(planned):
    known, _ = planned(faces_of(age=(30.0, 40.0), gender=(1, 1), identity=(3, 3)))
    assert known.towers == {"train": ["age"], "val": ["age"]}


def test_detection_learns_where_its_score_can_be_chosen(planned):
    faces = faces_of(box=([0.0, 0.0, 9.0, 9.0],) * 2)
    known, commands = planned(faces)
    assert known.towers == {"train": ["det"], "val": ["det"]}
    assert any("evaluate.operating_point" in command for command in commands)
    known, _ = planned([face for face in faces if face.split != "val"])
    assert known.towers == {"train": [], "val": []}
    with pytest.raises(InputError, match="no faces of part train with landmarks differ in a label"):
        custom.tell(known.towers)


def test_only_the_model_itself_looks_for_regions_in_hard_scenes(args, tmp_path):
    """Whatever the folders are called."""
    args.out = str(tmp_path / "my_hard_set")
    portraits = own_steps.Known("", {"train": ["det"], "val": ["det"]}, {})
    portraits.pictures.update({(kind, "train"): 1 for kind in ("portraits", "others")})
    searched, others = own_steps.scenes_of(args, portraits, "train")
    assert searched == [f"{args.out}/composites_hard/records.jsonl"]
    assert [os.path.relpath(path, args.out) for path in others] == [
        "composites/records.jsonl",
        "pictures/others_train.jsonl",
    ]


def test_where_the_validation_part_has_no_such_label_all_is_taken(
    args, planned, capsys, monkeypatch
):
    faces = faces_of(age=(30.0, 40.0), gender=(1, 0))
    known, _ = planned([face for face in faces if face.split != "val"] + [FaceRecord("v.jpg")])
    done = []
    monkeypatch.setattr(steps, "run", lambda some, folder: done.extend(some) or 0)
    assert custom.finish(args, known) == 0
    assert "no face of part val has such a label: nobody knows whether" in capsys.readouterr().out
    assert [step.name for step in done] == ["model"]
    assert " ".join(done[0].commands[0]).endswith("--towers gender age")


def test_landmarks_that_are_gone_are_found_again(args, tmp_path):
    """As where the set's folder was made anew with the same table."""
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "records.jsonl").write_text(record.to_line(faces_of(age=(1.0, 2.0))[0]))
    step = own_steps.finding_step(args)
    (located,) = step.outputs
    files.write_json(steps.stamp_of(step, args.out), steps.state(step))
    assert steps.why(step, args.out) == f"{located} is missing"


def test_pictures_that_come_later_are_read_where_the_table_is_the_same(args, tmp_path):
    """And nothing is read again where every row was taken."""
    pictures.write_image(f"{args.folder}/a.jpg", np.zeros((8, 8, 3), np.uint8))
    (tmp_path / "set" / "faces.csv").write_text("image,age\na.jpg,30\nb.jpg,40\n")

    def faces_read():
        own_steps.read_again_where_faces_were_dropped(args)
        step = own_steps.reading_step(args)
        needed = steps.why(step, args.out)
        assert steps.run([step], args.out) == 0
        return bool(needed), [face.image for face in record.read(own_steps.records_of(args))]

    assert faces_read() == (True, ["a.jpg"])
    pictures.write_image(f"{args.folder}/b.jpg", np.zeros((8, 8, 3), np.uint8))
    assert faces_read() == (True, ["a.jpg", "b.jpg"])
    assert faces_read() == (False, ["a.jpg", "b.jpg"])


# ---- What cannot be done is said.
def test_a_folder_without_a_table_is_refused(expect_refusal, tmp_path):
    given = ["--folder", tmp_path / "mine", "--out", tmp_path / "out"]
    expect_refusal(RECIPE, given, tmp_path / "mine", "faces.*")


def test_a_table_without_labels_is_refused(chain, expect_refusal, tmp_path):
    os.symlink(chain / "faces" / "images", tmp_path / "images")
    (tmp_path / "faces.csv").write_text("image,split\nimages/000000.jpg,train\n")
    given = ["--folder", tmp_path, "--out", tmp_path / "out", "--init", chain / "model"]
    expect_refusal(RECIPE, given, "no faces of part train with landmarks differ in a label")


def test_a_start_that_will_not_do_is_refused_at_once(chain, expect_refusal, tmp_path):
    """No model, a net of one stage, and the model that is to be written."""
    out = tmp_path / "out"
    expect_refusal(RECIPE, ["--init", tmp_path, "--out", out], tmp_path / "model.json", "make fuse")
    shutil.copytree(chain / "model", out / "model")
    given = ["--init", out / "model", "--out", out]
    expect_refusal(RECIPE, given, f"{out}: {out / 'model'} is read, and would be replaced")
    same = ["--init", chain / "model", "--folder", out, "--out", out]
    expect_refusal(RECIPE, same, f"{out}: {out} is read, and would be replaced")
    about = model.read_about(str(out / "model"))
    del about.stages["2"]
    model_writing.write_about(str(out / "model"), about)
    expect_refusal(RECIPE, given, "stage 2 needs", "make fuse")
    assert os.listdir(out) == ["model"]


def test_a_second_run_waits_for_the_first(tmp_path):
    out = tmp_path / "out"
    command = [sys.executable, "-m", RECIPE, "--folder", tmp_path / "mine", "--out", out]
    with folders.only_one(str(out)):
        process = started(list(map(str, command)))
        assert f"{out}: another process is still at work on it" in process.stdout.readline()
    _, said = process.communicate()
    assert process.returncode == 2 and "faces.*" in said


# ---- What is taken.


def test_towers_that_are_no_better_on_the_validation_part_stay(tmp_path):
    """More is better of some figures, less of others; what was not measured is no better."""
    now = dict(ap=90.0, smile=80.0, gender=70.0, age=5.0)
    before = dict(ap=90.0, smile=80.0, gender=71.0, age=6.0)
    others = [
        dict(method="a constant answer", figures=dict(smile=50.0)),
        dict(method="model models/small", figures=before),
    ]
    report_results.write(tmp_path, "custom", figures=now, others=others)
    results = str(tmp_path / "custom" / "results.json")
    towers = ["det", "smile", "gender", "age", "id"]
    assert own_steps.better(results, towers) == ["smile", "age"]
    same = tmp_path / "same"  # weights: no model stands beside
    report_results.write(same, "custom", figures=now, others=others[:1])
    assert own_steps.better(str(same / "custom" / "results.json"), towers) == []


def test_the_others_are_judged_with_the_detection_that_stays(args, tmp_path, monkeypatch, capsys):
    """Where boxes are found, what the new detection finds may flatter the others."""
    figures = dict(learnt=dict(ap=80.0, gender=90.0), others=dict(ap=99.0, gender=70.0))
    before = [dict(method="model models/small", figures=dict(ap=99.0, gender=75.0))]
    measured = []

    def measure(args, name):
        measured.append(name)
        shutil.rmtree(os.path.join(args.out, "validation"), ignore_errors=True)
        report_results.write(tmp_path, "custom", figures=figures[name], others=before)
        shutil.move(tmp_path / "custom", os.path.join(args.out, "validation"))
        return 0

    def run(some, out):
        os.makedirs(out, exist_ok=True)
        return 0

    monkeypatch.setattr(custom, "measure", measure)
    monkeypatch.setattr(steps, "run", run)
    os.makedirs(args.out)
    towers = {part: ["det", "gender"] for part in ("train", "val")}
    known = own_steps.Known("records.jsonl", towers, {})
    assert custom.finish(args, known) == 0
    assert measured == ["learnt", "others"]
    assert model.open_model(f"{args.out}/model").about == model.open_model(model.SHIPPED).about
    assert "the others once more, with det as it was" in capsys.readouterr().out


def test_where_nothing_is_better_the_model_is_that_of_the_start(args):
    """And one of towers that are better is made again, though it had been made before."""
    own_steps.copy_start(args)
    made, start = model.open_model(f"{args.out}/model"), model.open_model(model.SHIPPED)
    assert made.about == start.about
    step = own_steps.fusing_step(args, "model", ["age"])
    files.write_json(steps.stamp_of(step, args.out), steps.state(step))
    assert not steps.why(step, args.out)
    own_steps.copy_start(args)
    assert steps.why(step, args.out)
