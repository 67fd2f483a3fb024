"""Write the table of sets into data_prep/README.md, from what the readers declare.

python -m data_prep.describe_sets
python -m data_prep.describe_sets --check
"""

import os
import sys

from allinone import arguments, files, reading
from allinone.errors import InputError, command
from data_prep import reader, sets_table


def parse(argv):
    """Return the command's arguments."""
    parser = arguments.Parser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail where the page is out of date"
    )
    parser.add_argument("--page", default=sets_table.PAGE, help="page that holds the table")
    return parser.parse_args(argv)


@command
def main(argv=None):
    """Run the command."""
    args = parse(argv)
    page = os.path.relpath(args.page)
    if not os.path.isfile(page):
        raise InputError(f"{page}: no such page; check --page")
    before = reading.read_text(page, "check --page")
    after = sets_table.with_table(before, sets_table.render(reader.readers()), page)
    if after == before:
        print(f"{page}: the table of sets is up to date")
    elif args.check:
        raise InputError(f"{page}: the table of sets is out of date; {sets_table.MEND}")
    else:
        with files.replacing(page) as stream:
            stream.write(after)
        print(f"{page}: the table of sets is written")


if __name__ == "__main__":
    sys.exit(main())
