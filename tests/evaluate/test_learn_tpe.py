import shutil

import numpy as np
import pytest

from allinone import store
from allinone.blob import to_blob
from allinone.errors import InputError
from allinone.pycaffe import caffe
from evaluate import learn_tpe, metrics, tpe


@pytest.fixture
def model(chain, tmp_path):
    """A copy of the chain's model."""
    shutil.copytree(chain / "model", tmp_path / "model")
    return tmp_path / "model"


def others(chain, tmp_path):
    """A copy of the chain's people as a database of its own."""
    return shutil.copytree(chain / "db" / "id", tmp_path / "others")


def test_it_learns_from_every_face_and_its_mirror_and_stands_with_the_model(
    chain, model, tmp_path, monkeypatch
):
    """The descriptors are those of the fused net in Caffe, for the middle of each stored picture and that picture turned round."""
    given, train, held_out = {}, tpe.train, others(chain, tmp_path)
    monkeypatch.setattr(
        tpe,
        "train",
        lambda descriptors, people, seed: (
            given.update(descriptors=descriptors, people=people)
            or train(descriptors, people, seed, iterations=10)
        ),
    )
    assert not learn_tpe.main(
        ["--model", str(model), "--db", str(chain / "db" / "id"), "--held-out", str(held_out)]
    )
    reader, net = (
        store.Reader(str(chain / "db" / "id")),
        caffe.Net(str(model / "deploy.prototxt"), str(model / "allinone.caffemodel"), caffe.TEST),
    )
    data = [reader.datum(place) for place in range(len(reader))]
    faces = np.stack([reader.image(datum)[8:123, 8:123] for datum in data])
    found = []
    for some in (faces, faces[:, :, ::-1]):
        net.blobs["data"].reshape(len(some), 3, 115, 115)
        net.blobs["data"].data[...] = to_blob(list(np.ascontiguousarray(some)))
        found.append(net.forward()["descriptor"].copy())
    np.testing.assert_allclose(given["descriptors"], np.mean(found, axis=0), rtol=1e-3, atol=1e-3)
    assert given["people"].tolist() == [datum.label for datum in data]
    weights, threshold = tpe.of_model(str(model))
    assert weights.shape == (tpe.SIZE, 512)
    cosines, same = metrics.pair_similarities(
        tpe.apply(weights, np.mean(found, axis=0)), given["people"]
    )
    assert (cosines[~same] > threshold).sum() == pytest.approx(0.01 * (~same).sum(), abs=1.5)


def test_the_threshold_is_what_a_share_of_the_pairs_of_different_people_exceeds():
    """By hand: one person at 0 and 10 degrees, others at 60 and 90; between them are 30, 50, 60, 80 and 90 degrees, of which one in five is nearer."""
    degrees = np.radians([0.0, 10.0, 60.0, 90.0])
    for far, above, below in ((0.2, 30, 50), (0.4, 50, 60)):
        threshold, accepted = learn_tpe.same_from(
            np.column_stack([np.cos(degrees), np.sin(degrees)]), np.array([7, 7, 8, 9]), far
        )
        assert np.cos(np.radians(below)) <= threshold < np.cos(np.radians(above)) and accepted == 1


def test_a_model_without_one_has_none_and_one_of_other_weights_is_refused(model):
    assert tpe.of_model(str(model)) is None
    tpe.save(str(model / "tpe.h5"), {"descriptor": np.ones((2, 512))}, model="another")
    with pytest.raises(
        InputError, match="learnt from other weights than those beside it, or has no threshold"
    ):
        tpe.of_model(str(model))


def test_what_does_not_fit_is_named(chain, model, tmp_path, expect_refusal):
    held_out = others(chain, tmp_path)
    expect_refusal(
        learn_tpe.main,
        ["--model", model, "--db", tmp_path / "none", "--held-out", held_out],
        tmp_path / "none",
    )
    for name in ("one", "two"):
        shutil.copytree(chain / "db" / "id", tmp_path / "sets" / name)
    expect_refusal(
        learn_tpe.main,
        ["--model", model, "--db", tmp_path / "sets", "--held-out", held_out],
        tmp_path / "sets",
        "name one of",
    )
