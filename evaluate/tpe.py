"""Triplet Probabilistic Embedding: a linear map of descriptors that tells people apart better.

Sankaranarayanan, Alavi, Castillo, Chellappa 2016, arXiv 1604.05417. W (SIZE, d) makes the same
person's descriptors more alike than different people's: with S(a, b) = (W a) . (W b), a triplet of
an anchor i, another of the same person j and one of somebody else k has the probability
p = e^S(i,j) / (e^S(i,j) + e^S(i,k)), and W follows the gradient of -log p. It starts from the first
principal components, and k is the most similar of a random batch of others.
"""

from __future__ import annotations

import numpy as np

from allinone.embeddings import unit_length
from allinone.errors import InputError

SIZE = 128
# our choice: the paper leaves TPE's settings to [41], whose text we did not have at hand
RATE = 0.0025
NEGATIVES = 40  # our choice, as above: others among which the most similar is taken
ITERATIONS = 30000  # our choice: triplets; until then the tests' people, drawn at random, gain


def loss(weights, anchor, positive, negative):
    """Return -log p of a triplet of descriptors (d,) under weights (SIZE, d)."""
    difference = weights @ (positive - negative)
    return float(np.logaddexp(0, -(weights @ anchor) @ difference))


def gradient(weights, anchor, positive, negative):
    """Return the gradient (SIZE, d) of `loss` with regard to the weights.

    It is -(1 - p) W (i (j - k)^T + (j - k) i^T).
    """
    difference = positive - negative
    mapped, apart = weights @ anchor, weights @ difference
    doubt = 1 / (1 + np.exp(np.clip(mapped @ apart, -500, 500)))  # 1 - p
    return -doubt * (np.outer(mapped, difference) + np.outer(apart, anchor))


def start(descriptors, size=SIZE):
    """Return the first `size` principal components (size, d) of descriptors (n, d).

    Where n is too small, other directions complete them.
    """
    centred = descriptors - descriptors.mean(axis=0)
    return np.linalg.eigh(centred.T @ centred)[1][:, ::-1][:, :size].T


def train(descriptors, people, seed=0, iterations=ITERATIONS, size=SIZE):
    """Return W (size, d) learnt from descriptors (n, d), taken at length 1, of people (n,).

    InputError where nobody has two descriptors or there is one person alone.
    """
    unit, people = unit_length(np.asarray(descriptors, np.float64)), np.asarray(people)
    rng = np.random.default_rng(seed)
    members = {person: np.flatnonzero(people == person) for person in np.unique(people)}
    several = [person for person, places in members.items() if len(places) > 1]
    if not several or len(members) < 2:
        raise InputError(
            "TPE needs two people and somebody with two descriptors; there are "
            f"{len(members)} people, {len(several)} of them with two"
        )
    weights = start(unit, size)
    others = {person: np.flatnonzero(people != person) for person in several}
    for _ in range(iterations):
        person = several[rng.integers(len(several))]
        first, second = rng.choice(members[person], 2, replace=False)
        candidates = others[person][rng.integers(len(others[person]), size=NEGATIVES)]
        mapped = weights @ unit[first]
        third = candidates[np.argmax((unit[candidates] @ weights.T) @ mapped)]
        weights = weights - RATE * gradient(weights, unit[first], unit[second], unit[third])
    return np.float32(weights)
