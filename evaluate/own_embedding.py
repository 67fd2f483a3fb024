"""A model's own Triplet Probabilistic Embedding: learnt from people's aligned faces, kept with it.

It maps 512-d descriptors to 128 numbers whose cosine tells people apart better than the
descriptors' own (section IV-F uses it for IJB-A).
"""

from __future__ import annotations

import os
from typing import NamedTuple

import numpy as np

from allinone import embeddings, model, model_writing, store
from allinone.backend import Backend
from allinone.errors import InputError
from evaluate import aligned_faces, metrics, tpe

FAR = 0.01  # our choice: share of pairs of different people that may be taken for one


class Described(NamedTuple):
    """The faces of a database."""

    descriptors: np.ndarray  # (n, 512)
    people: np.ndarray  # (n,) who each of them is


class Learnt(NamedTuple):
    """An embedding, and what it reaches on people from whom it has not learnt."""

    weights: np.ndarray  # W (128, 512)
    threshold: float  # the cosine that a share FAR of the pairs of different people exceeds
    accepted: float  # the share of pairs of one person that exceeds it
    plain_threshold: float  # the same as threshold, of the descriptors themselves


def only_database(path: str, net: Backend) -> store.Reader:
    """Return the reader of the one database in `path`.

    InputError where there are several, or where its faces are of another size than the net's, or
    aligned otherwise.
    """
    folders = store.databases(path)
    if len(folders) != 1:
        raise InputError(
            f"{path}: {len(folders)} databases, whose people would be taken for the same; name one "
            f"of {', '.join(folders)}"
        )
    return aligned_faces.opened(folders[0], net)


def describe(net: Backend, reader: store.Reader) -> Described:
    """Return all faces of a database.

    Each descriptor is the mean over the face and its mirror, as the analyzer has it.
    """
    descriptors, people = [], []
    for some, plain, mirrored in aligned_faces.answers(net, reader):
        descriptors.append((plain["descriptor"] + mirrored["descriptor"]) / 2)
        people += [datum.label for datum in some]
    return Described(np.concatenate(descriptors), np.array(people))


def same_from(embedded, people, far: float = FAR) -> tuple[float, float]:
    """Return the cosine from which on two faces are taken for one person's, and what it finds.

    A share `far` of the pairs of different people exceeds it; the second is the share of the pairs
    of one person that does.
    """
    scores, same = metrics.pair_similarities(embedded, people)
    return float(np.quantile(scores[~same], 1 - far)), metrics.tar_at_far(scores, same, far)


def learn(
    known: Described, strangers: Described, seed: int, iterations: int = tpe.ITERATIONS
) -> Learnt:
    """Return the embedding of known people, with the thresholds that strangers give."""
    weights = tpe.train(known.descriptors, known.people, seed, iterations)
    embedded = embeddings.apply(weights, strangers.descriptors)
    plain, _ = same_from(embeddings.unit_length(strangers.descriptors), strangers.people)
    return Learnt(weights, *same_from(embedded, strangers.people), plain)


def keep(net: Backend, learnt: Learnt, known: Described, seed: int) -> str:
    """Write an embedding into its model's folder and make it a part of the model; return its path.

    known: the people whom it has learnt from.
    """
    about = dict(
        model=net.model.sha256,
        faces=len(known.people),
        people=len(set(known.people)),
        seed=seed,
        threshold=learnt.threshold,
        far=FAR,
        **{embeddings.PLAIN: learnt.plain_threshold},
    )
    with model_writing.replacing_file(net.folder, model.TPE) as path:
        embeddings.save(path, {embeddings.OF_MODEL: learnt.weights}, **about)
    return os.path.join(net.folder, model.TPE)
