"""Say who is in a picture, by a gallery of people whose pictures are known.

    allinone identify enroll people --gallery out/people.h5
    allinone identify find party.jpg --gallery out/people.h5
    allinone identify verify a.jpg b.jpg

The folder of people has a folder for each person, or pictures named name_1.jpg. A person is the
mean of the unit-length descriptors of all pictures; likeness is the cosine, and the same person is
decided from --threshold on. With --tpe descriptors are mapped by the model's Triplet Probabilistic
Embedding first, which has a threshold of its own. A picture that cannot be read does not stop the
others of `enroll` and `find`, and makes the exit code 2.
"""

import sys

import numpy as np

from allinone import arguments, comparing, folders, gallery
from allinone.analyzer import FaceAnalyzer
from allinone.errors import InputError, command

INPUTS = {"enroll": "one folder", "verify": "two pictures"}
COUNTS = {"enroll": 1, "verify": 2}


def enroll(analyzer, args, likeness):
    """Write the gallery of a folder of people; return how many pictures cannot be read."""
    gallery.refuse_other(args.gallery)
    with folders.only_one(args.gallery):
        people, unread = gallery.enroll(analyzer, args.inputs[0], likeness)
        people.save(args.gallery)
    pictures = sum(people.pictures)
    print(
        f"{args.gallery}: people: {len(people.names)}, pictures: {pictures}, "
        f"could not be read: {unread}"
    )
    return unread


def find(analyzer, args, likeness, threshold):
    """Print who is in pictures: every face with the most alike person, and the decision.

    Returns how many pictures cannot be read.
    """
    people, unread = gallery.load(args.gallery, likeness), 0
    for picture in args.inputs:
        try:
            faces = analyzer.analyze(picture)
        except InputError as error:
            print(f"  error: {error}", file=sys.stderr, flush=True)
            unread += 1
            continue
        print(picture)
        for face in faces:
            name, cosine = people.nearest(likeness.vector(face))
            who = name if cosine >= threshold else f"nobody of the gallery (most like {name})"
            print("  box {:.0f} {:.0f} {:.0f} {:.0f}: ".format(*face.box) + f"{who}, {cosine:.3f}")
    return unread


def verify(analyzer, args, likeness, threshold):
    """Print how alike the largest faces of two pictures are, and the decision."""
    vectors = []
    for path in args.inputs:
        face = gallery.largest(analyzer.analyze(path))
        if face is None:
            raise InputError(f"{path}: no face found; give a picture that shows one")
        vectors.append(likeness.vector(face))
    cosine = float(np.dot(*vectors))
    decision = "the same person" if cosine >= threshold else "different people"
    print(f"  {cosine:.3f}: {decision} (threshold {threshold:.3g})")


def parse(argv):
    """Return the command's arguments."""
    parser = arguments.Parser(prog="allinone identify", description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("what", choices=("enroll", "find", "verify"))
    add("inputs", nargs="+", help="enroll: folder of people; find: pictures; verify: two pictures")
    add("--gallery", type=arguments.name, help="HDF5 file of the people")
    comparing.add_options(add)
    args = parser.parse_args(argv)
    if args.what != "verify" and not args.gallery:
        raise InputError(f"{args.what}: name the gallery with --gallery")
    if args.what == "verify" and args.gallery:
        raise InputError("--gallery: verify compares two pictures alone; leave it out")
    if args.what == "enroll" and args.threshold is not None:
        raise InputError("--threshold: enroll decides nothing; give it to find or verify")
    if args.what in COUNTS and len(args.inputs) != COUNTS[args.what]:
        raise InputError(f"{args.what}: takes {INPUTS[args.what]}")
    return args


@command
def main(argv=None):
    """Run the command."""
    args = parse(argv)
    analyzer = FaceAnalyzer(args.model, args.engine, args.gpu or "cpu")
    print(analyzer, flush=True)
    likeness = gallery.likeness_of(analyzer, args.tpe)
    threshold = likeness.threshold if args.threshold is None else args.threshold
    unread = 0
    if args.what == "enroll":
        unread = enroll(analyzer, args, likeness)
    elif args.what == "find":
        unread = find(analyzer, args, likeness, threshold)
    else:
        verify(analyzer, args, likeness, threshold)
    return 2 if unread else 0
