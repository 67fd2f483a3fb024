"""Fine-tuning on one's own faces: which towers learn, and what is done for them."""

import argparse

import pytest
import report_results

from allinone import model, record
from allinone.errors import InputError
from allinone.record import FaceRecord
from data_prep import landmark_finder
from tools.recipes import custom, own_steps

POINTS = [[float(3 * n), float(2 * n)] for n in range(21)]


@pytest.fixture
def planned(tmp_path, monkeypatch):
    """planned(faces) -> (what is known of them, the commands that follow, as text)."""

    def plan(faces):
        records = tmp_path / "set" / "records.jsonl"
        records.parent.mkdir(exist_ok=True)
        records.write_text("".join(map(record.to_line, faces)))
        monkeypatch.setattr(landmark_finder, "path_of", lambda *_: str(records))
        args = argparse.Namespace(
            folder=str(records.parent), out=str(tmp_path / "out"), init="models/small"
        )
        args.landmarks_from, args.gpu, args.cores = args.init, "", 2
        args.iterations = args.base_lr = args.batch = None
        known = own_steps.look(args)
        steps = own_steps.database_steps(args, known, "small")
        steps += own_steps.training_steps(args, known, "small")
        return known, [" ".join(command) for step in steps for command in step.commands]

    return plan


def faces_of(**labels):
    """Return two faces for each part, with landmarks."""
    parts = ("train", "train", "val", "val", "test", "test")
    return [
        FaceRecord(f"{n}.jpg", landmarks=POINTS, split=part, **labels)
        for n, part in enumerate(parts)
    ]


def test_age_and_gender_alone_train_their_towers_and_the_others_are_named(planned, capsys):
    known, commands = planned(faces_of(age=30.0, gender=1))
    assert known.pictures["portraits", "train"] == 0
    custom.tell(known.towers)
    said = capsys.readouterr().out
    assert "towers that learn: gender, age\n" in said
    assert "towers without data, which stay as they are: det, smile, id\n" in said
    text = "\n".join(commands)
    assert "--init models/small --towers gender age --branches" in text
    assert "composites" not in text and "operating_point" not in text
    assert text.count("--split train") == text.count("--split val") == 1
    assert "tools.fuse --run models/small --run" in text


def test_detection_learns_where_its_score_can_be_chosen(planned):
    faces = faces_of(box=[0.0, 0.0, 9.0, 9.0])
    known, commands = planned(faces)
    assert known.towers == {"train": ["det"], "val": ["det"]}
    assert any("evaluate.operating_point" in command for command in commands)
    known, _ = planned([face for face in faces if face.split != "val"])
    assert known.towers == {"train": [], "val": []}
    with pytest.raises(InputError, match="no face of part train has a label and landmarks"):
        custom.tell(known.towers)


def test_a_folder_without_a_table_is_refused(expect_refusal, tmp_path):
    given = ["--folder", tmp_path / "mine", "--out", tmp_path / "out"]
    expect_refusal("tools.recipes.custom", given, tmp_path / "mine", "faces.*")


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


def test_where_nothing_is_better_the_model_is_that_of_the_start(tmp_path, capsys):
    args = argparse.Namespace(out=str(tmp_path / "out"), init=model.SHIPPED)
    own_steps.copy_start(args)
    made, start = model.open_model(str(tmp_path / "out" / "model")), model.open_model()
    assert made.about == start.about
