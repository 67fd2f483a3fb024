"""A model's own embedding: learnt from a database of people, kept with the model."""

import shutil

import numpy as np
import pytest
from model_copies import seal

from allinone import embeddings, store
from allinone import model as models
from allinone.backend import Backend
from allinone.blob import to_blob
from allinone.errors import InputError
from allinone.pycaffe import caffe
from evaluate import metrics, own_embedding, tpe

STORED, SIDE = 8, 115  # margin and side of the net's input in a stored picture


@pytest.fixture
def model(chain, tmp_path):
    """A copy of the chain's model."""
    shutil.copytree(chain / "model", tmp_path / "model")
    return tmp_path / "model"


@pytest.fixture
def others(chain, tmp_path):
    """A copy of the chain's people as a database of its own."""
    return shutil.copytree(chain / "db" / "id", tmp_path / "others")


def caffes_descriptors(model, faces):
    """Return what the fused net says in Caffe of pictures (n, side, side, 3)."""
    net = caffe.Net(str(model / "deploy.prototxt"), str(model / "allinone.caffemodel"), caffe.TEST)
    net.blobs["data"].reshape(len(faces), 3, SIDE, SIDE)
    net.blobs["data"].data[...] = to_blob(list(np.ascontiguousarray(faces)))
    return net.forward()["descriptor"].copy()


def test_descriptors_are_those_of_every_face_and_its_mirror(chain, model):
    """In Caffe, of the middle of each stored picture and of that picture turned round."""
    reader = store.Reader(str(chain / "db" / "id"))
    data = [reader.datum(place) for place in range(len(reader))]
    inside = slice(STORED, STORED + SIDE)
    faces = np.stack([reader.image(datum)[inside, inside] for datum in data])
    both = [caffes_descriptors(model, some) for some in (faces, faces[:, :, ::-1])]
    found = own_embedding.describe(Backend(str(model), "opencv"), reader)
    np.testing.assert_allclose(found.descriptors, np.mean(both, axis=0), rtol=1e-3, atol=1e-3)
    assert found.people.tolist() == [datum.label for datum in data]


def test_what_is_learnt_stands_with_the_model(chain, model):
    net = Backend(str(model), "opencv")
    people = own_embedding.describe(net, store.Reader(str(chain / "db" / "id")))
    learnt = own_embedding.learn(people, people, seed=1, iterations=10)
    own_embedding.keep(net, learnt, people, seed=1)
    opened = models.open_model(str(model))  # checks the hash of every file
    assert opened.has(models.TPE)
    weights, threshold = embeddings.of_model(opened)
    assert weights.shape == (tpe.SIZE, 512) and (weights == learnt.weights).all()
    embedded = embeddings.apply(weights, people.descriptors)
    cosines, same = metrics.pair_similarities(embedded, people.people)
    assert (cosines[~same] > threshold).sum() == pytest.approx(0.01 * (~same).sum(), abs=1.5)
    descriptors = embeddings.unit_length(people.descriptors)
    cosines, _ = metrics.pair_similarities(descriptors, people.people)
    plain = embeddings.plain_threshold(opened)
    assert (cosines[~same] > plain).sum() == pytest.approx(0.01 * (~same).sum(), abs=1.5)


def test_the_command_learns_and_keeps_it(chain, model, others, command):
    places = ["--model", model, "--db", chain / "db" / "id", "--held-out", others]
    done = command("evaluate.learn_tpe", *places, "--iterations", 500)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "learnt from 30 faces of 6 people; of 30 faces of 6 others" in done.stdout
    weights, threshold = embeddings.of_model(models.open_model(str(model)))
    assert weights.shape == (tpe.SIZE, 512) and f"{threshold:.3f}" in done.stdout
    _, about = embeddings.load(str(model / models.TPE))
    assert (about["faces"], about["people"], about["seed"]) == (30, 6, 1)


def test_the_threshold_is_what_a_share_of_the_pairs_of_different_people_exceeds():
    """One person at 0 and 10 degrees, others at 60 and 90.

    Between different people are 30, 50, 60, 80 and 90 degrees, of which one in five is nearer.
    """
    degrees = np.radians([0.0, 10.0, 60.0, 90.0])
    embedded = np.column_stack([np.cos(degrees), np.sin(degrees)])
    for far, above, below in ((0.2, 30, 50), (0.4, 50, 60)):
        threshold, accepted = own_embedding.same_from(embedded, np.array([7, 7, 8, 9]), far)
        assert np.cos(np.radians(below)) <= threshold < np.cos(np.radians(above))
        assert accepted == 1


def test_a_model_without_one_has_none_and_one_of_other_weights_is_refused(model):
    assert embeddings.of_model(models.open_model(str(model))) is None
    embeddings.save(str(model / "tpe.h5"), {"descriptor": np.ones((2, 512))}, model="another")
    seal(model, models.TPE)
    with pytest.raises(InputError, match="learnt from other weights than those beside it"):
        embeddings.of_model(models.open_model(str(model)))


def test_what_does_not_fit_is_named(chain, model, others, tmp_path, expect_refusal):
    places = ["--model", model, "--held-out", others, "--db"]
    expect_refusal("evaluate.learn_tpe", [*places, tmp_path / "none"], tmp_path / "none")
    for name in ("one", "two"):
        shutil.copytree(chain / "db" / "id", tmp_path / "sets" / name)
    refused = [*places, tmp_path / "sets"]
    expect_refusal("evaluate.learn_tpe", refused, tmp_path / "sets", "name one of")
