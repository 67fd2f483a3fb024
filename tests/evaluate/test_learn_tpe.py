import shutil

import numpy as np
import pytest

import allinone  # noqa: F401  (quiets Caffe before it is imported)
import caffe

from allinone import store
from allinone.blob import to_blob
from allinone.errors import InputError
from evaluate import learn_tpe, tpe


@pytest.fixture
def model(chain, tmp_path):
    """A copy of the chain's model."""
    shutil.copytree(chain / "model", tmp_path / "model")
    return tmp_path / "model"


def test_it_learns_from_every_face_and_its_mirror_and_stands_with_the_model(chain, model, monkeypatch):
    """The descriptors are those of the fused net in Caffe, for the middle of each stored picture and that picture turned round."""
    given, train = {}, tpe.train
    monkeypatch.setattr(tpe, "train", lambda descriptors, people, seed: given.update(descriptors=descriptors, people=people) or train(descriptors, people, seed, iterations=10))
    assert not learn_tpe.main(["--model", str(model), "--db", str(chain / "db" / "id")])
    reader, net = store.Reader(str(chain / "db" / "id")), caffe.Net(str(model / "deploy.prototxt"), str(model / "allinone.caffemodel"), caffe.TEST)
    data = [reader.datum(place) for place in range(len(reader))]
    faces = np.stack([reader.image(datum)[8:123, 8:123] for datum in data])
    found = []
    for some in (faces, faces[:, :, ::-1]):
        net.blobs["data"].reshape(len(some), 3, 115, 115)
        net.blobs["data"].data[...] = to_blob(list(np.ascontiguousarray(some)))
        found.append(net.forward()["descriptor"].copy())
    np.testing.assert_allclose(given["descriptors"], np.mean(found, axis=0), rtol=1e-3, atol=1e-3)
    assert given["people"].tolist() == [datum.label for datum in data]
    assert tpe.of_model(str(model)).shape == (tpe.SIZE, 512)


def test_a_model_without_one_has_none_and_one_of_other_weights_is_refused(model):
    assert tpe.of_model(str(model)) is None
    tpe.save(str(model / "tpe.h5"), {"descriptor": np.ones((2, 512))}, model="another")
    with pytest.raises(InputError, match="learnt from other weights than those beside it"):
        tpe.of_model(str(model))


def test_what_does_not_fit_is_named(chain, model, tmp_path, expect_refusal):
    expect_refusal(learn_tpe.main, ["--model", model, "--db", tmp_path / "none"], tmp_path / "none")
    for name in ("one", "two"):
        shutil.copytree(chain / "db" / "id", tmp_path / "sets" / name)
    expect_refusal(learn_tpe.main, ["--model", model, "--db", tmp_path / "sets"], tmp_path / "sets", "name one of")
