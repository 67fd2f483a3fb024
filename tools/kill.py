"""Kill the commands that resume at random moments, run them again, compare what they leave.

    python -m tools.kill --kills 200 --out out/kill

Half of the kills are of the command alone, as when memory is short, half of all its processes, as
when the power fails. The command is then called again, and may be killed again, until it has ended;
its files must be those of a run that was not killed, byte by byte. A table says what came of it;
the exit code is 1 where anything differs.
"""

import os
import sys

from allinone import arguments, folders
from allinone.errors import InputError, command
from evaluate import headline
from tools.killing import commands
from tools.killing.trial import INPUTS, KIND, Trials
from tools.recipes.options import BLAS_THREADS

HEAD = ("command", "kills", "runs", "same bytes", "otherwise", "seconds without a kill")


def parse(argv):
    """Return the command's arguments."""
    names = [one.name for one in commands.COMMANDS]
    parser = arguments.Parser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=arguments.Whole(1), default=200, help="of all commands")
    parser.add_argument("--seed", type=arguments.SEED, default=1)
    parser.add_argument("--out", required=True, help="folder for the runs")
    parser.add_argument("--inputs", help="folder for the inputs; default: <out>/inputs")
    parser.add_argument(
        "--commands", nargs="+", default=[], metavar="NAME", help=f"default: {'; '.join(names)}"
    )
    args = parser.parse_args(argv)
    unknown = sorted(set(args.commands) - set(names))
    if unknown:
        raise InputError(f"--commands: no {', '.join(unknown)}; there are {'; '.join(names)}")
    return args


@command
def main(argv=None):
    """Kill, compare, print the table."""
    args = parse(argv)
    os.environ[BLAS_THREADS] = "1"
    out = os.path.abspath(args.out)
    inputs = os.path.abspath(args.inputs or os.path.join(out, INPUTS))
    folders.claim(out, KIND)
    rows, counted, problems = [HEAD], [], []
    some = commands.chosen(args.commands)
    for number, one in enumerate(some):
        commands.prepare(one, inputs)
        kills = len(range(number, args.kills, len(some)))
        tally = Trials(one, inputs, out, args.seed).run(kills)
        problems += tally.problems
        counted.append((tally.kills, tally.runs, tally.same, len(tally.problems)))
        rows.append((one.name, *map(str, counted[-1]), f"{tally.seconds:.1f}"))
        print(f"  {one.name}: kills: {tally.kills}, otherwise: {len(tally.problems)}", flush=True)
    rows.append(("all", *(str(sum(column)) for column in zip(*counted)), ""))
    print(headline.text_table(rows))
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
