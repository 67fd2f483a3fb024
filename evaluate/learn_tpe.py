"""Learn a model's Triplet Probabilistic Embedding from a database of people's aligned faces, and keep it with the model.

    python -m evaluate.learn_tpe --model out/real/third/model --db data/real/hard/id

The file tpe.h5 in the model's folder maps 512-d descriptors to 128 numbers whose cosine tells people apart better than the descriptors' own (section IV-F uses it
for IJB-A). evaluate.real measures it, `tools.identify --tpe` compares by it.
"""
import argparse
import os
import sys

import numpy as np

from allinone import align, backend, device, files, snapshots, store
from allinone.errors import InputError, command
from allinone.progress import Progress
from evaluate import tpe

ENGINE, TOGETHER = "opencv", 64


def described(net, reader):
    """Yield the descriptor (512,) and person of every face of a database, each the mean over the face and its mirror, as the analyzer has it."""
    margin = (align.stored_size(net.input_size) - net.input_size) // 2
    progress = Progress("faces", len(reader))
    for start in range(0, len(reader), TOGETHER):
        some = [reader.datum(place) for place in range(start, min(start + TOGETHER, len(reader)))]
        faces = [reader.image(datum)[margin:margin + net.input_size, margin:margin + net.input_size] for datum in some]
        found = net(faces + [align.mirror(face) for face in faces], stage=2)["descriptor"]
        for row, mirrored, datum in zip(found, found[len(faces):], some):
            progress.step()
            yield (row + mirrored) / 2, datum.label


@command
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, help="folder of the fused model")
    parser.add_argument("--db", required=True, help="database of the identity tower, or a folder of one")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--gpu", default="", help="GPU number; empty: CPU")
    args = parser.parse_args(argv)
    device.use(args.gpu)
    folders = store.databases(args.db)
    if len(folders) != 1:
        raise InputError(f"{args.db}: {len(folders)} databases, whose people would be taken for the same; name one of {', '.join(folders)}")
    net = backend.Backend(args.model, "caffe" if args.gpu else ENGINE, args.gpu, TOGETHER)
    size = store.manifest(folders[0])["input_size"]
    if size != net.input_size:
        raise InputError(f"{folders[0]}: aligned for inputs of {size} pixels, {args.model} needs {net.input_size}; build it for that profile")
    descriptors, people = zip(*described(net, store.Reader(folders[0])))
    weights = tpe.train(np.stack(descriptors), np.array(people), seed=args.seed)
    path = os.path.join(args.model, tpe.WITH_MODEL)
    tpe.save(path, {tpe.OF_MODEL: weights}, model=files.sha256(os.path.join(args.model, snapshots.FUSED[1])), faces=len(people), people=len(set(people)), seed=args.seed)
    print(f"{path}: learnt from {len(people)} faces of {len(set(people))} people")


if __name__ == "__main__":
    sys.exit(main())
