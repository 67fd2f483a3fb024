"""A model's own Triplet Probabilistic Embedding: learnt from people's aligned faces, kept with it.

It maps 512-d descriptors to 128 numbers whose cosine tells people apart better than the
descriptors' own (section IV-F uses it for IJB-A).
"""

from __future__ import annotations

import os
from typing import NamedTuple

import numpy as np

from allinone import align, embeddings, model, model_writing, store
from allinone.backend import Backend
from allinone.checked import TOGETHER
from allinone.errors import InputError
from allinone.profiles import EYES
from allinone.progress import Progress
from evaluate import metrics, tpe

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
    manifest = store.verify(folders[0])
    size, eyes = manifest.get("input_size"), manifest.get("eyes", EYES)
    if eyes != net.eyes:
        raise InputError(
            f"{folders[0]}: eye centres of aligned faces are {eyes:g} of the side apart, "
            f"{net.folder} needs {net.eyes:g}; build it with --eyes {net.eyes:g}"
        )
    if size != net.input_size:
        raise InputError(
            f"{folders[0]}: aligned for inputs of {size} pixels, {net.folder} needs "
            f"{net.input_size}; build it for that profile"
        )
    return store.Reader(folders[0])


def describe(net: Backend, reader: store.Reader) -> Described:
    """Return all faces of a database.

    Each descriptor is the mean over the face and its mirror, as the analyzer has it.
    """
    descriptors, people, size = [], [], net.input_size
    margin = (align.stored_size(size) - size) // 2
    progress = Progress("faces", len(reader))
    for start in range(0, len(reader), TOGETHER):
        places = range(start, min(start + TOGETHER, len(reader)))
        some = [reader.datum(place) for place in places]
        pictures = [reader.image(datum) for datum in some]
        faces = [image[margin : margin + size, margin : margin + size] for image in pictures]
        found = net(faces + [align.mirror(face) for face in faces], stage=2)["descriptor"]
        descriptors.append((found[: len(faces)] + found[len(faces) :]) / 2)
        people += [datum.label for datum in some]
        progress.step(len(some))
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
    """Return the embedding of known people, with the threshold that strangers give it."""
    weights = tpe.train(known.descriptors, known.people, seed, iterations)
    embedded = embeddings.apply(weights, strangers.descriptors)
    return Learnt(weights, *same_from(embedded, strangers.people))


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
    )
    with model_writing.replacing_file(net.folder, model.TPE) as path:
        embeddings.save(path, {embeddings.OF_MODEL: learnt.weights}, **about)
    return os.path.join(net.folder, model.TPE)
