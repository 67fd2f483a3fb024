"""The score that a model is used with, set by scenes with known faces."""

import json
import shutil

import numpy as np

from allinone import FaceAnalyzer, boxes, files, record
from evaluate import operating_point, real


def test_the_models_own_score_is_the_lowest_that_is_precise_enough(
    chain, tmp_path, capsys, expect_refusal
):
    model, records = tmp_path / "model", chain / "scenes" / "records.jsonl"
    shutil.copytree(chain / "model", model)
    assert FaceAnalyzer(str(model)).score == 0.9
    command = ["--model", str(model), "--records", str(records), "--precision"]
    expect_refusal(operating_point.main, [*command, "1.01"], records, "at no score")
    # What the detector finds, counted by hand: the greatest precision that it has with at least one face found.
    analyzer, found = FaceAnalyzer(str(model), "opencv"), []
    for image, faces in record.faces_by_picture(record.read(str(records))):
        picture = files.read_image(str(chain / "scenes" / image))
        known = [face.box for face in faces]
        asked = [face.box[3] - face.box[1] >= real.LEAST_FACE for face in faces]
        one = analyzer.detect(picture, analyzer.propose(analyzer, picture), 0.3)
        taken = set()
        for box, score in zip(one["boxes"], one["score"]):
            overlaps = boxes.iou([box], known)[0] if known else np.zeros(0)
            best = int(overlaps.argmax()) if len(overlaps) else -1
            if best >= 0 and not asked[best] and overlaps[best] > 0.3:
                continue
            true = best >= 0 and overlaps[best] > 0.5 and best not in taken
            taken |= {best} if true else set()
            found.append((float(score), true))
    found.sort(key=lambda pair: -pair[0])
    precisions = np.cumsum([true for _, true in found]) / np.arange(1, len(found) + 1)
    wanted = float(precisions.max()) - 1e-9
    if wanted <= 0:  # the chain's net has hardly learnt: nothing to set, and that is said
        expect_refusal(operating_point.main, [*command, "0.5"], "at no score")
        return
    assert operating_point.main([*command, str(wanted)]) == 0
    told = json.loads((model / "provenance.json").read_text())
    last = np.flatnonzero(precisions >= wanted)[-1]
    assert (
        abs(told["score"] - found[last][0]) < 1e-4
        and FaceAnalyzer(str(model)).score == told["score"]
    )
    assert "of the detections are faces" in capsys.readouterr().out
