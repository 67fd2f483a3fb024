"""Learn a model's Triplet Probabilistic Embedding from a database of people's aligned faces, and keep it with the model.

    python -m evaluate.learn_tpe --model out/real/fifth/model --db data/real/hard/id --held-out data/real/hard/val/id

The file tpe.h5 in the model's folder maps 512-d descriptors to 128 numbers whose cosine tells people apart better than the descriptors' own (section IV-F uses it
for IJB-A). evaluate.real measures it, `tools.identify --tpe` compares by it, and takes two faces for one person from the cosine on that
one in a hundred pairs of different people reaches among those held out.
"""

import argparse
import os
import sys

import numpy as np

from allinone import align, backend, device, files, snapshots, store
from allinone.errors import InputError, command
from allinone.progress import Progress
from evaluate import metrics, tpe

ENGINE, TOGETHER = "opencv", 64
FAR = 0.01  # our choice: share of pairs of different people that may be taken for one


def only_database(path, net):
    """Return the reader of the one database in `path`; InputError where there are several, or faces of another size than the net's."""
    folders = store.databases(path)
    if len(folders) != 1:
        raise InputError(
            f"{path}: {len(folders)} databases, whose people would be taken for the same; name one of {', '.join(folders)}"
        )
    size = store.manifest(folders[0])["input_size"]
    if size != net.input_size:
        raise InputError(
            f"{folders[0]}: aligned for inputs of {size} pixels, {net.folder} needs {net.input_size}; build it for that profile"
        )
    return store.Reader(folders[0])


def described(net, reader):
    """Return descriptors (n, 512) and people (n,) of all faces of a database, each descriptor the mean over the face and its mirror, as the analyzer has it."""
    descriptors, people = [], []
    margin = (align.stored_size(net.input_size) - net.input_size) // 2
    progress = Progress("faces", len(reader))
    for start in range(0, len(reader), TOGETHER):
        some = [reader.datum(place) for place in range(start, min(start + TOGETHER, len(reader)))]
        faces = [
            reader.image(datum)[margin : margin + net.input_size, margin : margin + net.input_size]
            for datum in some
        ]
        found = net(faces + [align.mirror(face) for face in faces], stage=2)["descriptor"]
        for row, mirrored, datum in zip(found, found[len(faces) :], some):
            progress.step()
            descriptors.append((row + mirrored) / 2)
            people.append(datum.label)
    return np.stack(descriptors), np.array(people)


def same_from(embedded, people, far=FAR):
    """Return the cosine that a share `far` of the pairs of different people exceeds, and the share of pairs of one person that exceeds it."""
    scores, same = metrics.pair_similarities(embedded, people)
    return float(np.quantile(scores[~same], 1 - far)), metrics.tar_at_far(scores, same, far)


@command
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, help="folder of the fused model")
    parser.add_argument(
        "--db", required=True, help="database of the identity tower, or a folder of one"
    )
    parser.add_argument(
        "--held-out",
        required=True,
        help="the same of people from whom neither the model nor the embedding learns",
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--gpu", default="", help="GPU number; empty: CPU")
    args = parser.parse_args(argv)
    device.use(args.gpu)
    net = backend.Backend(args.model, "caffe" if args.gpu else ENGINE, args.gpu, TOGETHER)
    known, others = only_database(args.db, net), only_database(args.held_out, net)
    descriptors, strangers = described(net, others)
    if not 1 < len(set(strangers)) < len(strangers):
        raise InputError(
            f"{args.held_out}: a threshold needs different people, and two faces of one; it has {len(strangers)} faces of {len(set(strangers))}"
        )
    learnt, people = described(net, known)
    weights = tpe.train(learnt, people, seed=args.seed)
    threshold, accepted = same_from(tpe.apply(weights, descriptors), strangers)
    path = os.path.join(args.model, tpe.WITH_MODEL)
    tpe.save(
        path,
        {tpe.OF_MODEL: weights},
        model=files.sha256(os.path.join(args.model, snapshots.FUSED[1])),
        faces=len(people),
        people=len(set(people)),
        seed=args.seed,
        threshold=threshold,
        far=FAR,
    )
    print(
        f"{path}: learnt from {len(people)} faces of {len(set(people))} people; of {len(strangers)} faces of {len(set(strangers))} others {FAR:.0%} of the pairs of "
        f"different people and {accepted:.1%} of those of one person have a cosine above {threshold:.3f}"
    )


if __name__ == "__main__":
    sys.exit(main())
