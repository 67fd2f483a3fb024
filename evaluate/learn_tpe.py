"""Learn a model's Triplet Probabilistic Embedding from people's aligned faces; keep it with it.

    python -m evaluate.learn_tpe --model out/real/model --db data/real/hard/id \\
        --held-out data/real/hard/val/id

The file tpe.h5 becomes a part of the model. evaluate.real measures it, `tools.identify --tpe`
compares by it, and takes two faces for one person from the cosine on that one in a hundred pairs of
different people reaches among those held out.
"""

import sys

from allinone import arguments, backend, device
from allinone.checked import TOGETHER
from allinone.errors import InputError, command
from evaluate import own_embedding, tpe

ENGINE = "opencv"  # on a CPU


def parse(argv):
    """Return the command's arguments."""
    parser = arguments.Parser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, help="folder of the fused model")
    parser.add_argument(
        "--db", required=True, help="database of the identity tower, or a folder of one"
    )
    parser.add_argument(
        "--held-out",
        required=True,
        help="the same of people from whom neither the model nor the embedding learns",
    )
    parser.add_argument(
        "--iterations", type=arguments.Whole(1), default=tpe.ITERATIONS, help="triplets"
    )
    parser.add_argument("--seed", type=arguments.SEED, default=1)
    parser.add_argument("--gpu", default="", help="GPU number; empty: CPU")
    return parser.parse_args(argv)


@command
def main(argv=None):
    """Run the command."""
    args = parse(argv)
    if args.gpu:
        device.use(args.gpu)
    engine = "caffe" if args.gpu else ENGINE
    net = backend.Backend(args.model, engine, args.gpu, TOGETHER, stage=2)
    known, held_out = [own_embedding.only_database(path, net) for path in (args.db, args.held_out)]
    strangers = own_embedding.describe(net, held_out)
    faces, people = len(strangers.people), len(set(strangers.people))
    if not 1 < people < faces:
        raise InputError(
            f"{args.held_out}: a threshold needs different people, and two faces of one; it has "
            f"{faces} faces of {people}"
        )
    learners = own_embedding.describe(net, known)
    learnt = own_embedding.learn(learners, strangers, args.seed, args.iterations)
    path = own_embedding.keep(net, learnt, learners, args.seed)
    print(
        f"{path}: learnt from {len(learners.people)} faces of {len(set(learners.people))} people; "
        f"of {faces} faces of {people} others {own_embedding.FAR:.0%} of the pairs of different "
        f"people and {learnt.accepted:.1%} of those of one person have a cosine above "
        f"{learnt.threshold:.3f}; the first without the embedding, {learnt.plain_threshold:.3f}"
    )


if __name__ == "__main__":
    sys.exit(main())
