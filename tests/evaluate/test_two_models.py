"""The paper's baselines: one network taken out alone, and two models, one for each stage."""

import json

import caffe_nets
import cv2
import h5py
import numpy as np
import pytest
from conftest import run_well
from drawn_benchmarks import options, results_in
from training_runs import job_options

from allinone import FaceAnalyzer, align, boxes, files, model, profiles, record, snapshots
from allinone.blob import crop, to_blob
from allinone.errors import InputError
from allinone.proposals import selective_search
from allinone.pycaffe import caffe
from evaluate import predictions
from prototxt import deploy
from tools.fusing import proof


@pytest.fixture(scope="module")
def models(chain, tmp_path_factory):
    """Folders of models: HyperFace, the identity network of its own run, that of the joint run."""
    root = tmp_path_factory.mktemp("models")
    for job in ("hyperface", "pretrain"):
        run_well("tools.train", *job_options(chain, root / "runs" / job, job, 3))
    sources = dict(
        hyperface=(root / "runs/hyperface", "hyperface"),
        pretrain=(root / "runs/pretrain", "id"),
        joint_id=(chain / "run", "id"),
    )
    for name, (run, tower) in sources.items():
        run_well("tools.fuse", "--run", run, "--tower", tower, "--out", root / name)
    return root


@pytest.fixture(scope="module")
def portrait(chain):
    """A picture of a face, and its box."""
    face = next(iter(record.read(str(chain / "faces" / "records.jsonl"))))
    return cv2.imread(str(chain / "faces" / face.image)), face.box


def weights_of(folder):
    return files.sha256(str(folder / "allinone.caffemodel"))


def measure(sets, name, out, folder, *more):
    """Measure a model on a drawn set; return (results, what was printed)."""
    data = ["--data", sets / "data" / name, "--model", folder, "--out", out]
    done = run_well("evaluate.measure", name, *data, *more)
    return results_in(out), done.stdout


def test_the_identity_network_alone_describes_the_faces_that_another_model_finds(
    chain, models, portrait
):
    picture, box = portrait
    whole = FaceAnalyzer(str(chain / "model"), "caffe")
    two = FaceAnalyzer(str(models / "joint_id"), "caffe", stage1=str(chain / "model"))
    (expected,), (found,) = whole.analyze(picture, [box]), two.analyze(picture, [box])
    np.testing.assert_allclose(found.descriptor, expected.descriptor, atol=1e-5)
    np.testing.assert_array_equal(found.landmarks, expected.landmarks)
    assert (found.smile, found.gender, found.age) == (None, None, None)
    told = found.to_record("a.jpg", "raw")
    assert told.age is None and len(told.descriptor) == 512 and len(told.landmarks) == 21
    assert two.proposals == "dense" and two.score == whole.score
    by_opencv = FaceAnalyzer(str(models / "joint_id"), "opencv", stage1=str(chain / "model"))
    (again,) = by_opencv.analyze(picture, [box])
    np.testing.assert_allclose(again.descriptor, found.descriptor, atol=1e-3)
    with pytest.raises(InputError, match="no output 'detection', which stage 1 needs"):
        FaceAnalyzer(str(models / "joint_id"))
    with pytest.raises(InputError, match="no output 'smile', which stage 2 needs"):
        FaceAnalyzer(str(models / "hyperface"), stage1=str(chain / "model"))


def test_the_command_takes_a_model_for_each_stage(chain, models, portrait, tmp_path):
    """The faces are those that the model of stage 1 finds; what is described, the other's."""
    cv2.imwrite(str(tmp_path / "one.png"), portrait[0])
    both = ["--model", models / "joint_id", "--stage1", chain / "model", "--score", 0]
    picture = [tmp_path / "one.png", "--out", tmp_path / "out", "--without-pictures"]
    done = run_well("tools.analyze", *picture, *both, "--descriptor", "--engine", "caffe")
    assert f"model {models / 'joint_id'}, stage 1 by {chain / 'model'}" in done.stdout
    two = FaceAnalyzer(str(models / "joint_id"), "caffe", stage1=str(chain / "model"))
    expected = two.analyze(str(tmp_path / "one.png"), score=0)
    found = list(record.read_results(str(tmp_path / "out" / "faces.jsonl")))
    assert len(found) == len(expected) > 0
    for told, face in zip(found, expected):
        np.testing.assert_allclose(told.box, face.box, atol=0.1)
        np.testing.assert_allclose(told.descriptor, face.descriptor, atol=1e-4)
        assert told.age is None and len(told.landmarks) == 21


def test_the_baseline_is_measured_on_lfw(sets, measured, chain, models, tmp_path):
    """Of the joint run it gives the fused model's figures; both models are told."""
    given = ["--stage1", chain / "model"]
    results, printed = measure(sets, "lfw", tmp_path, models / "joint_id", *given)
    for name, value in measured["lfw"][0]["figures"].items():
        assert results["figures"][name] == pytest.approx(value, abs=1e-3)
    assert results["model"]["sha256"] == [weights_of(models / "joint_id")]
    assert results["model"]["stage1"]["sha256"] == [weights_of(chain / "model")]
    assert f"stage 1 by {chain / 'model'}" in printed
    assert any(str(chain / "model") in rule for rule in results["rules"])
    settings = json.loads((tmp_path / "faces" / predictions.SETTINGS).read_text())
    assert settings["model"]["allinone.caffemodel"] == weights_of(models / "joint_id")
    assert settings["stage1"]["allinone.caffemodel"] == weights_of(chain / "model")
    assert measured["lfw"][0]["model"]["stage1"] is None


@pytest.mark.parametrize("finder, describer", [("ours", "pretrain"), ("hyperface", "ours")])
def test_table_vi_on_ijba(sets, chain, models, tmp_path, finder, describer):
    """[41] on faces that ours aligns, ours on those of HyperFace: descriptors found again in Caffe.

    From a second look's landmarks, the face and its mirror, by the training net's own layers.
    """
    folders = dict(
        ours=chain / "model", hyperface=models / "hyperface", pretrain=models / "pretrain"
    )
    given = ["--stage1", folders[finder]]
    results, _ = measure(sets, "ijba", tmp_path, folders[describer], *given)
    assert {"cosine_rank_1", "cosine_tar_at_far_0.01"} <= set(results["figures"])
    run = chain / "run" if describer == "ours" else models / "runs" / "pretrain"
    bare = caffe_nets.net(str(deploy.bare_net(profiles.TINY, ("id",))), caffe.TEST)
    bare.copy_from(snapshots.newest(str(run)))
    analyzer, data = FaceAnalyzer(str(folders[finder]), "caffe"), sets / "data" / "ijba"
    with h5py.File(tmp_path / "faces" / predictions.DESCRIPTORS, "r") as stored:
        rows = stored["descriptor"][:3]
    known = predictions.records_in(str(data / "records.jsonl"))[:3]
    place = 0
    for image, faces in known:
        picture = cv2.imread(str(data / image))
        for face in faces:
            if place < len(rows):
                seen = analyzer.look_closer([picture], [face.box])
                face = align.warp(picture, seen["landmarks"][0], 115, seen["visibility"][0])
                both = to_blob([face, align.mirror(face)])
                expected = proof.outputs_of(bare, "id/input", both, ["id/descriptor"])
                mean = expected["id/descriptor"].mean(axis=0)
                np.testing.assert_allclose(rows[place], mean, atol=1e-4)
            place += 1


def test_the_gender_of_hyperface_is_that_of_the_regions(sets, models, tmp_path):
    """Table III: the mean over the proposals with an IoU above 0.5; it has no dense net."""
    results, printed = measure(sets, "celeba", tmp_path, models / "hyperface")
    assert set(results["figures"]) == {"gender"}
    assert any(rule.startswith("gender: of stage 1") for rule in results["rules"])
    assert "proposals: selective-search, since" in printed and "no dense net" in printed
    net, weights = [str(models / "hyperface" / name) for name in model.FUSED]
    net, data = caffe.Net(net, caffe.TEST, weights=weights), sets / "data" / "celeba"
    analyzer = FaceAnalyzer(str(models / "hyperface"), "caffe")
    assert analyzer.proposals == "selective-search"
    known = {face.image: face for face in record.read(str(data / "records.jsonl"))}
    checked = 0
    for one in predictions.read(str(tmp_path / "faces")):
        (found,) = one.faces
        picture = cv2.imread(str(data / one.image))
        regions = selective_search(picture)
        near = regions[boxes.iou(regions, [known[one.image].box or found.box])[:, 0] > 0.5]
        assert found.regions == len(near) and found.smile is None
        if len(near) and checked < 3:
            checked += 1
            crops = to_blob([crop(picture, region, 115) for region in near])
            told = proof.outputs_of(net, "hyperface/input", crops, ["hyperface/gender"])
            mean = told["hyperface/gender"][:, 1].mean()
            assert found.gender == pytest.approx(mean, abs=1e-4)
    assert checked


def test_what_a_model_does_not_answer_is_refused_by_name(
    sets, chain, models, tmp_path, expect_refusal
):
    def refuse(name, folder, *parts, more=()):
        data = ["--data", sets / "data" / name, "--out", tmp_path / name]
        arguments = [name, *data, "--model", models / folder, *more]
        expect_refusal("evaluate.measure", arguments, models / folder, *parts)

    other = ["--stage1", chain / "model"]
    refuse("lfw", "hyperface", "answers no identity")
    refuse("lap2015", "hyperface", "answers no age")
    refuse("celeba", "pretrain", "answers no gender or smile", more=other)
    refuse("pascal", "pretrain", "no output 'detection'")
    refuse(
        "pascal", "hyperface", "dense.prototxt: not in this model", more=["--proposals", "dense"]
    )
    missing = [*options(sets, chain, "lfw", tmp_path / "x"), "--stage1", tmp_path / "none"]
    expect_refusal("evaluate.measure", missing, tmp_path / "none", "model.json")
