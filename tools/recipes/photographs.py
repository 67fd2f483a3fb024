"""Prepare all that a model learns from photographs: sets, scenes, databases.

    python -m tools.recipes.photographs --real ../photographs
    python -m tools.recipes.photographs --real ../photographs --without aaf

The databases stand in <data>/db; without a set in <data>/db_without_<set>, which are validated on
what was left out, so that short trainings tell what carries over to another source.
"""

import sys

from allinone import arguments
from allinone.errors import command
from data_prep.aligned_options import add_eyes
from tools.recipes import options, photograph_steps


def parse(argv):
    """Return the command's arguments."""
    parser = arguments.Parser(description=__doc__.splitlines()[0])
    parser.add_argument("--real", required=True, help="folder of the labels and photographs")
    parser.add_argument("--data", default="data/photographs", help="folder for sets and databases")
    add_eyes(parser, photograph_steps.EYES)
    parser.add_argument(
        "--without",
        nargs="+",
        default=[],
        choices=(*photograph_steps.TOWERS, photograph_steps.WHOLE),
        metavar="SET",
        help="sets that nothing is learnt from but scenes composed of their faces",
    )
    options.add_steps(parser)
    return parser.parse_args(argv)


def steps_of(args):
    """Return all steps."""
    sets = photograph_steps.sets_in(args.real)
    return [
        *photograph_steps.set_steps(args.real, args.data, sets),
        *photograph_steps.scene_steps(args.data, sets),
        *photograph_steps.database_steps(args.data, args.eyes, sets, args.without),
    ]


@command
def main(argv=None):
    """Do the steps."""
    args = parse(argv)
    code = options.run(args, steps_of(args), args.data)
    if not (code or args.until or args.dry_run):
        print(f"databases: {photograph_steps.database_of(args.data, args.without)}")
    return code


if __name__ == "__main__":
    sys.exit(main())
