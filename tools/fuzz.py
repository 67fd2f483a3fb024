"""Give the kit's commands hostile input, and count what comes of it; docs/reliability.md.

    python -m tools.fuzz --cases 10000 --seed 1 --cores 2
    python -m tools.fuzz --only 1:pictures:57

A case is a seed, a class and a number, and is the same whenever it is made. Commands run through
their own boundary in forked children, every fiftieth in a process of its own. The exit code is 1
where a case fails. A campaign that is stopped is started anew: its figures are of one state of the
kit.
"""

import os
import shutil
import sys
import tempfile
import time

from allinone.arguments import SEED, WORKERS, Parser, Real, Whole
from allinone.errors import InputError, command
from tools.fuzzing import campaign, case, child, page, verdict, world


def parse(argv):
    """Return the command's arguments."""
    parser = Parser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--cases", type=Whole(1), default=10_000)
    add("--seed", type=SEED, default=1)
    add("--minutes", type=Real(above=0), default=60, help="after so many no case is begun")
    add("--cores", type=WORKERS, default=2, help="processes that run cases")
    add("--classes", nargs="+", choices=case.names(), default=case.names(), metavar="CLASS")
    add("--only", metavar="SEED:CLASS:NUMBER", help="one case: what it is, and what comes of it")
    add("--keep", metavar="FOLDER", help="with --only: leave the case's files there")
    add("--out", help="file for the results as JSON lines")
    add("--page", help="page that gets the table, such as docs/reliability.md")
    return parser.parse_args(argv)


def name_of(text):
    """Return the name of a case; InputError where it is none."""
    parts = text.split(":")
    if len(parts) == 3 and parts[0].isdecimal() and parts[2].isdecimal():
        if parts[1] in case.names():
            return campaign.Name(int(parts[0]), parts[1], int(parts[2]))
    raise InputError(f"--only {text}: give seed:class:number, class one of {case.names()}")


def show_one(healthy, name, folder):
    """Run one case, and print all about it; return whether it is well."""
    result, finished = campaign.run_one(healthy, name, folder)
    print(f"python -m {' '.join(result.argv)}\n{finished.out}{finished.err}".rstrip())
    print(f"{name}: {result.what}\n{result.outcome} {result.why}, in {result.seconds:.1f} s")
    return result.outcome in verdict.GOOD


def run_all(healthy, args, out):
    """Run a campaign, and print its table; return whether all is well."""
    before, begun = verdict.state(healthy.root), time.monotonic()
    names = campaign.drawn(args.seed, args.cases, args.classes)
    results = campaign.run(healthy, names, out, args.cores, args.minutes)
    if args.out:
        shutil.copy(os.path.join(out, campaign.RESULTS), args.out)
    print(campaign.table(results))
    minutes = (time.monotonic() - begun) / 60
    options = f"--cases {args.cases} --seed {args.seed} --minutes {args.minutes:g}"
    text = page.text(results, options, args.cores, minutes)
    print(text.splitlines()[0])
    if args.page:
        page.write(args.page, text)
    after = verdict.state(healthy.root)
    if any(after.get(path) != was for path, was in before.items()):
        raise InputError(f"{healthy.root}: a case has changed files that belong to no case")
    return all(result.outcome in verdict.GOOD for result in results)


@command
def main(argv=None):
    """Run the command."""
    args = parse(argv)
    only = name_of(args.only) if args.only else None
    if args.keep and os.path.lexists(args.keep):
        raise InputError(f"{args.keep}: is there already; name a new folder")
    if args.page:
        page.parts(args.page)
    child.preload()
    with tempfile.TemporaryDirectory(prefix="fuzz") as scratch:
        os.chmod(scratch, 0o755)
        healthy = world.World(os.path.join(scratch, "world"))
        if not only:
            return 0 if run_all(healthy, args, scratch) else 1
        folder = args.keep or os.path.join(scratch, "case")
        return 0 if show_one(healthy, only, os.path.abspath(folder)) else 1


if __name__ == "__main__":
    sys.exit(main())
