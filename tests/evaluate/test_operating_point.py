"""The score that a model is used with, set by scenes with known faces."""

import re
import shutil

import numpy as np
import pytest

from allinone import FaceAnalyzer, boxes, files, pictures, record
from allinone.model import SCORE, open_model, read_about
from allinone.model_writing import set_score
from evaluate import operating_score
from evaluate.photographs import LEAST_FACE


@pytest.fixture
def model(chain, tmp_path):
    """A copy of the chain's model."""
    shutil.copytree(chain / "model", tmp_path / "model")
    return tmp_path / "model"


def counted_by_hand(model, scenes):
    """Return [(score, whether it is a face)] of the detections that count, best first."""
    analyzer, found = FaceAnalyzer(str(model), "opencv"), []
    records = record.read(str(scenes / "records.jsonl"))
    for image, faces in record.faces_by_picture(records):
        picture = pictures.read_image(str(scenes / image))
        known = [face.box for face in faces]
        asked = [face.box[3] - face.box[1] >= LEAST_FACE for face in faces]
        one = analyzer.detect(picture, analyzer.propose(picture), 0.3)
        taken = set()
        for box, score in zip(one["boxes"], one["score"]):
            overlaps = boxes.iou([box], known)[0] if known else np.zeros(0)
            best = int(overlaps.argmax()) if len(overlaps) else -1
            if best >= 0 and not asked[best] and overlaps[best] > 0.3:
                continue
            true = best >= 0 and overlaps[best] > 0.5 and best not in taken
            taken |= {best} if true else set()
            found.append((float(score), true))
    return sorted(found, key=lambda pair: -pair[0])


def test_the_models_own_score_is_the_lowest_that_is_precise_enough(
    chain, model, command, expect_refusal
):
    records = chain / "scenes" / "records.jsonl"
    arguments = ["--model", model, "--records", records, "--precision"]
    assert open_model(str(model)).score == SCORE
    expect_refusal("evaluate.operating_point", [*arguments, 1.01], records, "at no score")
    assert read_about(str(model)).score is None  # a refusal changes nothing

    found = counted_by_hand(model, chain / "scenes")
    true = np.cumsum([true for _, true in found])
    precisions = true / np.arange(1, len(found) + 1)
    wanted = float(precisions.max()) - 1e-9
    if wanted <= 0:  # the chain's net has hardly learnt: nothing to set, and that is said
        expect_refusal("evaluate.operating_point", [*arguments, 0.5], "at no score")
        return
    done = command("evaluate.operating_point", *arguments, wanted)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "of the detections are faces" in done.stdout
    about = read_about(str(model))
    last = np.flatnonzero(precisions >= wanted)[-1]
    assert abs(about.score - found[last][0]) < 1e-4
    assert about.score_from["records"] == files.sha256(str(records))
    assert about.score_from["precision"] == pytest.approx(precisions[last])
    assert 0 < about.score_from["recall"] <= 1
    assert FaceAnalyzer(str(model), "opencv").score == about.score


def test_it_is_chosen_by_what_the_run_was_validated_on(chain, model, monkeypatch):
    """As by records of the same scenes; the chain is validated on what it has learnt from."""
    monkeypatch.setattr(operating_score, "FEW", 1)
    database = str(chain / "db" / "val" / "det")
    found = counted_by_hand(model, chain / "scenes")
    true = np.cumsum([true for _, true in found])
    wanted = float(max(true / np.arange(1, len(found) + 1))) - 1e-9
    chosen = (str(model), database, max(wanted, 0.5), "opencv", "", "dense")
    if wanted <= 0:  # the chain's net has hardly learnt
        with pytest.raises(operating_score.NothingFits, match="at no score"):
            operating_score.of_database(*chosen)
        return
    last = np.flatnonzero(true / np.arange(1, len(found) + 1) >= wanted)[-1]
    score = operating_score.of_database(*chosen).point.score
    assert abs(score - found[last][0]) < 1e-3


def test_few_faces_choose_no_score(chain, model, command):
    done = command("evaluate.operating_point", "--model", model, "--run", chain / "run")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search("score 0.5 is used, since .*: 6 faces .* are too few", done.stdout)
    assert read_about(str(model)).score == 0.5


def test_without_validation_data_it_is_a_half_and_that_is_said(chain, model, tmp_path, command):
    shutil.copytree(chain / "run", tmp_path / "run")
    net = tmp_path / "run" / "train.prototxt"
    net.write_text(net.read_text().replace("/db/val/det", "/db/gone/det"))
    done = command("evaluate.operating_point", "--model", model, "--run", tmp_path / "run")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"score 0.5 is used, since {tmp_path / 'run'}: no validation data" in done.stdout
    assert FaceAnalyzer(str(model), "opencv").score == 0.5
    set_score(str(model), 0.8, precision=0.97)  # as fusing keeps it with another model's detection
    done = command("evaluate.operating_point", "--model", model, "--run", tmp_path / "run")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "score 0.8 stays as it was measured, since" in done.stdout
    about = read_about(str(model))
    assert (about.score, about.score_from) == (0.8, {"precision": 0.97})


def test_each_way_that_the_model_has_a_net_for_gets_a_score(proposing, chain, tmp_path, command):
    """That of fast proposals is its own, also where nothing is measured anew."""
    copy, run = tmp_path / "model", tmp_path / "run"
    shutil.copytree(proposing / "model", copy)
    shutil.copytree(chain / "run", run)
    net = run / "train.prototxt"
    net.write_text(net.read_text().replace("/db/val/det", "/db/gone/det"))
    set_score(str(copy), 0.8, "fast", precision=0.97)
    done = command("evaluate.operating_point", "--model", copy, "--run", run)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{copy}, fast: score 0.8 stays as it was measured, since" in done.stdout
    assert f"{copy}, dense: score 0.5 is used, since" in done.stdout
    about = read_about(str(copy))
    assert (about.score, about.scores) == (0.5, {"fast": 0.8})
    done = command("evaluate.operating_point", "--model", copy, "--run", chain / "run")
    assert done.returncode == 0, done.stdout + done.stderr
    for way in ("fast", "dense"):
        assert re.search(rf"^{copy}, {way}: score [\d.]+ ", done.stdout, re.M)


def test_either_records_or_a_run(model, expect_refusal):
    expect_refusal("evaluate.operating_point", ["--model", model], "either --records or --run")


def test_scenes_without_a_large_face_are_refused(chain, model, tmp_path, expect_refusal):
    lines = (chain / "scenes" / "records.jsonl").read_text().splitlines()
    image = record.parse(lines[0].encode(), "", 1).image
    (tmp_path / "images").symlink_to(chain / "scenes" / "images")
    records = tmp_path / "records.jsonl"
    records.write_text(record.to_line(record.FaceRecord(image, box=[0, 0, 20, 20])))
    arguments = ["--model", model, "--records", records, "--precision", 0.9]
    expect_refusal("evaluate.operating_point", arguments, records, "no face of 60 pixels")


def test_a_folder_without_a_model_is_refused(chain, tmp_path, expect_refusal):
    records = chain / "scenes" / "records.jsonl"
    arguments = ["--model", tmp_path, "--records", records, "--precision", 0.9]
    expect_refusal("evaluate.operating_point", arguments, tmp_path / "model.json", "make fuse")
