"""Say who is in a picture, by a gallery of people whose pictures are known.

    python -m tools.identify enroll people --gallery out/people.h5     # a folder for each person, or pictures named name_1.jpg
    python -m tools.identify find party.jpg --gallery out/people.h5
    python -m tools.identify verify a.jpg b.jpg

A person is the mean of the unit-length descriptors of all pictures; likeness is the cosine, and the same person is decided from
--threshold on. With --tpe descriptors are mapped by the model's Triplet Probabilistic Embedding first, which has a threshold of its own.
"""

import argparse
import os
import re
import sys

import h5py
import numpy as np

from allinone import analyzer as analysis
from allinone import engines, files
from allinone.errors import InputError, command
from allinone.progress import Progress
from allinone.model import FUSED
from evaluate import tpe
from tools.analyze import PICTURES

THRESHOLD = 0.6  # our choice: cosine; to be set for each model by pictures of one's own


def people_in(folder):
    """Return {person: [pictures]} of a folder of folders, or of pictures named <person>_<number>; InputError where there is none."""
    pictures_of = lambda place: sorted(
        os.path.join(place, name) for name in os.listdir(place) if name.lower().endswith(PICTURES)
    )
    if not os.path.isdir(folder):
        raise InputError(
            f"{folder}: no such folder; give one with a folder of pictures for each person"
        )
    people = {
        entry.name: pictures_of(entry.path)
        for entry in sorted(os.scandir(folder), key=lambda entry: entry.name)
        if entry.is_dir()
    }
    for path in pictures_of(folder):
        people.setdefault(
            re.sub(r"_\d+$", "", os.path.splitext(os.path.basename(path))[0]), []
        ).append(path)
    people = {name: paths for name, paths in people.items() if paths}
    if not people:
        raise InputError(
            f"{folder}: no picture in it or in its folders (looked for {', '.join(PICTURES)})"
        )
    return people


def largest(faces):
    """Return the largest of some `Face`s, who a picture of one person is of, or None."""
    return max(faces, key=lambda face: np.prod(face.box[2:] - face.box[:2]), default=None)


def mapping(analyzer, wanted):
    """Return (what makes a `Face` a vector of length 1, the threshold for it): its descriptor, or, where wanted, what the model's embedding makes of it."""
    if not wanted:
        return lambda face: face.unit_descriptor(), THRESHOLD
    embedding = tpe.of_model(analyzer.backend.folder)
    if embedding is None:
        raise InputError(
            f"{analyzer.backend.folder}: no {tpe.WITH_MODEL} there; learn it (python -m evaluate.learn_tpe --help), or leave --tpe out"
        )
    return lambda face: tpe.apply(embedding[0], face.descriptor), embedding[1]


def name_of(analyzer, embedded):
    """Return what a gallery's vectors were made with."""
    return files.sha256(os.path.join(analyzer.backend.folder, FUSED[1])) + (
        " tpe" if embedded else ""
    )


def enroll(analyzer, folder, gallery, embedded):
    """Write the gallery of a folder of people; pictures without a face are named and left out."""
    people, names, means, counts, (vector, _) = (
        people_in(folder),
        [],
        [],
        [],
        mapping(analyzer, embedded),
    )
    progress = Progress("pictures", sum(map(len, people.values())))
    for name, paths in people.items():
        found = []
        for path in paths:
            try:
                face = largest(analyzer.analyze(path))
                if face is None:
                    print(f"  {path}: no face found, left out", file=sys.stderr, flush=True)
                else:
                    found.append(vector(face))
            except InputError as error:
                print(f"  {error}", file=sys.stderr, flush=True)
            progress.step()
        if found:
            names.append(name)
            mean = np.mean(found, axis=0)
            means.append(mean / max(np.linalg.norm(mean), 1e-12))
            counts.append(len(found))
    if not names:
        raise InputError(f"{folder}: no face was found in any picture; is it the right model?")
    partial = f"{gallery}.partial"
    os.makedirs(os.path.dirname(os.path.abspath(gallery)), exist_ok=True)
    with h5py.File(partial, "w") as data:
        data["name"], data["descriptor"], data["pictures"] = names, np.float32(means), counts
        data.attrs["model"] = name_of(analyzer, embedded)
    os.replace(partial, gallery)
    print(f"{gallery}: {len(names)} people, {sum(counts)} pictures")


def load(gallery, analyzer, embedded):
    """Return (names, vectors (n, d) of length 1) of a gallery; InputError where it is none, or of another model or embedding."""
    try:
        with h5py.File(gallery, "r") as data:
            names, descriptors, model = (
                data["name"].asstr()[...].tolist(),
                data["descriptor"][...],
                data.attrs["model"],
            )
    except (OSError, KeyError) as error:
        raise InputError(
            f"{gallery}: no gallery ({error}); make one with tools.identify enroll"
        ) from None
    if model != name_of(analyzer, embedded):
        raise InputError(
            f"{gallery}: was made with another model, or {'without' if embedded else 'with'} --tpe, where descriptors mean something else; enroll the people again"
        )
    return names, descriptors


def find(analyzer, pictures, gallery, threshold, embedded):
    """Print who is in pictures: every face with the most alike person, and whether that is decided to be him or her."""
    (names, descriptors), (vector, own) = (
        load(gallery, analyzer, embedded),
        mapping(analyzer, embedded),
    )
    threshold = own if threshold is None else threshold
    for picture in pictures:
        print(picture)
        for face in analyzer.analyze(picture):
            likeness = descriptors @ vector(face)
            best = int(likeness.argmax())
            who = (
                names[best]
                if likeness[best] >= threshold
                else f"nobody of the gallery (most like {names[best]})"
            )
            print(
                "  box {:.0f} {:.0f} {:.0f} {:.0f}: ".format(*face.box)
                + f"{who}, {likeness[best]:.3f}"
            )


def compare(analyzer, first, second, threshold, embedded):
    """Print how alike the largest faces of two pictures are, and the decision; InputError where one shows no face."""
    faces = [largest(analyzer.analyze(path)) for path in (first, second)]
    for path, face in zip((first, second), faces):
        if face is None:
            raise InputError(f"{path}: no face found")
    vector, own = mapping(analyzer, embedded)
    likeness, threshold = (
        float(np.dot(*map(vector, faces))),
        own if threshold is None else threshold,
    )
    print(
        f"  {likeness:.3f}: {'the same person' if likeness >= threshold else 'different people'} (threshold {threshold:.3g})"
    )


@command
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("enroll", "find", "verify"))
    parser.add_argument(
        "inputs", nargs="+", help="enroll: folder of people; find: pictures; verify: two pictures"
    )
    parser.add_argument("--gallery", help="HDF5 file of the people")
    parser.add_argument(
        "--threshold",
        type=float,
        help=f"least cosine of the same person; default: {THRESHOLD:g}, with --tpe the embedding's own",
    )
    parser.add_argument(
        "--tpe", action="store_true", help="compare by the embedding tpe.h5 in the model's folder"
    )
    parser.add_argument("--model", help="folder of the fused model; default as in tools.analyze")
    parser.add_argument("--engine", choices=engines.ENGINES, default="caffe")
    parser.add_argument("--gpu", default="", help="GPU number; empty: CPU")
    args = parser.parse_args(argv)
    if args.what != "verify" and not args.gallery:
        raise InputError(f"{args.what}: name the gallery with --gallery")
    if args.what != "find" and len(args.inputs) != dict(enroll=1, verify=2)[args.what]:
        raise InputError(
            f"{args.what}: takes {'one folder' if args.what == 'enroll' else 'two pictures'}"
        )
    analyzer = analysis.FaceAnalyzer(args.model, args.engine, args.gpu or "cpu")
    if args.what == "enroll":
        enroll(analyzer, args.inputs[0], args.gallery, args.tpe)
    elif args.what == "verify":
        compare(analyzer, *args.inputs, args.threshold, args.tpe)
    else:
        find(analyzer, args.inputs, args.gallery, args.threshold, args.tpe)


if __name__ == "__main__":
    sys.exit(main())
