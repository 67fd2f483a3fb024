"""Triplet Probabilistic Embedding: its gradient, its start, and what it gains."""

import numpy as np
import pytest
from scipy.optimize import approx_fprime

from allinone import embeddings
from allinone.errors import InputError
from evaluate import metrics, tpe


def people(rng, count, each, signal, noise, spread=1.2):
    """Return descriptors and owners.

    What tells people apart lies in 30 directions; what does not, and is larger, in 60 others.
    """
    who = np.repeat(np.arange(count), each)
    own = (rng.normal(size=(count, 30)) @ signal)[who]
    return own + spread * rng.normal(size=(count * each, 60)) @ noise, who


def test_the_gradient_agrees_with_finite_differences(rng):
    weights, (anchor, positive, negative) = rng.normal(size=(4, 6)) * 0.5, rng.normal(size=(3, 6))

    def loss(flat):
        return tpe.loss(flat.reshape(4, 6), anchor, positive, negative)

    def similar(first, second):
        return np.exp((weights @ first) @ (weights @ second))

    numeric = approx_fprime(weights.ravel(), loss, 1e-7)
    found = tpe.gradient(weights, anchor, positive, negative).ravel()
    np.testing.assert_allclose(found, numeric, atol=1e-5)
    same, other = similar(anchor, positive), similar(anchor, negative)
    expected = -np.log(same / (same + other))
    assert tpe.loss(weights, anchor, positive, negative) == pytest.approx(expected)


def test_it_starts_from_the_principal_components(rng):
    descriptors = rng.normal(size=(50, 5)) * [9, 1, 5, 0.1, 3]
    _, _, directions = np.linalg.svd(descriptors - descriptors.mean(axis=0))
    found = tpe.start(descriptors, 3)
    np.testing.assert_allclose(np.abs((found * directions[:3]).sum(axis=1)), 1, atol=1e-6)
    few = tpe.start(rng.normal(size=(4, 6)), 6)
    np.testing.assert_allclose(few @ few.T, np.eye(6), atol=1e-6)


def test_people_who_were_not_seen_are_told_apart_better_than_by_cosine(rng):
    signal, noise = rng.normal(size=(30, 512)), rng.normal(size=(60, 512))
    weights = tpe.train(*people(rng, 100, 5, signal, noise), seed=1, iterations=10000)
    descriptors, who = people(rng, 60, 5, signal, noise)
    cosine, embedded = [
        metrics.tar_at_far(*metrics.pair_similarities(some, who), 0.01)
        for some in (descriptors, embeddings.apply(weights, descriptors))
    ]
    assert weights.shape == (128, 512) and cosine < 0.6 and embedded > cosine + 0.2


def test_the_same_seed_gives_the_same_embedding(rng):
    descriptors, who = people(rng, 6, 3, rng.normal(size=(30, 20)), rng.normal(size=(60, 20)))
    first, again, other = [
        tpe.train(descriptors, who, seed=seed, iterations=50, size=8) for seed in (1, 1, 2)
    ]
    assert (first == again).all() and not (first == other).all()


def test_saved_and_loaded(tmp_path, rng):
    weights = np.float32(rng.normal(size=(4, 6)))
    embeddings.save(str(tmp_path / "tpe.h5"), {"verify_01": weights}, descriptors="abc")
    maps, about = embeddings.load(str(tmp_path / "tpe.h5"))
    assert (maps["verify_01"] == weights).all() and about["descriptors"] == "abc"
    (tmp_path / "none.h5").write_text("text")
    with pytest.raises(InputError, match="make tpe-ijba"):
        embeddings.load(str(tmp_path / "none.h5"))


def cut(data):
    return data[: len(data) // 2]


def emptied(data):
    return b""


@pytest.mark.parametrize("damage", [cut, emptied, bytes.lower, bytes.swapcase])
def test_a_damaged_file_is_refused(tmp_path, damage):
    path = tmp_path / "tpe.h5"
    embeddings.save(str(path), {"verify_01": np.ones((4, 6), np.float32)})
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(InputError, match="tpe.h5: .*learn_tpe, writes it"):
        embeddings.load(str(path))


@pytest.mark.parametrize("weights", [np.full((2, 3), np.nan), np.ones(3), np.array([[1, 2]])])
def test_weights_that_are_no_matrix_of_numbers_are_refused(tmp_path, weights):
    embeddings.save(str(tmp_path / "tpe.h5"), {"verify_01": weights})
    with pytest.raises(InputError, match="tpe.h5: .*learn_tpe, writes it"):
        embeddings.load(str(tmp_path / "tpe.h5"))


@pytest.mark.parametrize("who", [[1, 1, 1], [1, 2, 3]])
def test_too_little_to_learn_from_is_refused(rng, who):
    with pytest.raises(InputError, match="two people and somebody with two"):
        tpe.train(rng.normal(size=(3, 8)), who)
