"""Load a service on this machine: many clients for some minutes; speed, errors, memory.

    python -m tools.bench_serve --clients 32 --minutes 5

Starts `allinone serve`, lets every client send pictures one after the other, and prints answers a
second, the time that half of them and 99 of 100 took, and the memory of the service after a fifth
of the time and at the end. Exit code 1 where anything failed or, in a minute or more, the memory
grew.
"""

import sys

from allinone import arguments
from allinone.errors import command
from tools.timing import load


def parse(argv):
    """Return the command's arguments."""
    parser = arguments.Parser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--clients", type=arguments.Whole(1, 1000), default=32)
    add("--minutes", type=arguments.Real(above=0, most=1440), default=5)
    add("--workers", type=arguments.WORKERS, help="of the service; default: its own")
    add("--model", help="folder of a fused model; default: as in allinone serve")
    return parser.parse_args(argv)


@command
def main(argv=None):
    """Run the command."""
    args = parse(argv)
    options = []
    for name in ("workers", "model"):
        value = getattr(args, name)
        options += [] if value is None else [f"--{name}", str(value)]
    with load.service(options) as service:
        print(f"{args.clients} clients for {args.minutes:g} minutes", flush=True)
        seen = load.run(service, args.clients, args.minutes * 60)
    for line in load.in_words(seen):
        print(line)
    return 0 if load.is_well(seen) else 1


if __name__ == "__main__":
    sys.exit(main())
