"""`allinone <command>`: what pip installs, and `python -m allinone` in a checkout."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence
from importlib import metadata

from allinone import arguments, interrupts
from allinone.errors import InputError

# {command: what it does}; each is the module of its name in allinone.commands, with a `main`.
COMMANDS = {
    "analyze": "find and describe faces in pictures, folders, videos or a camera's picture",
    "export": "write a model as ONNX, for other programs",
    "identify": "say who is in a picture, by a gallery of people whose pictures are known",
    "serve": "answer over HTTP, with a page for people",
}


def version() -> str:
    """Return the version that is installed; of a checkout that it is one."""
    try:
        return metadata.version("allinone-face")
    except metadata.PackageNotFoundError:
        return "of a checkout"


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """Return the name of a command, and the arguments that are its own."""
    table = "\n".join(f"  {name:<10} {what}" for name, what in COMMANDS.items())
    parser = arguments.Parser(
        prog="allinone",
        description="Find and describe faces.",
        epilog=f"commands:\n{table}\n\nallinone <command> --help says what each takes.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"allinone {version()}")
    parser.add_argument("command", choices=COMMANDS, metavar="command", help="see below")
    parser.add_argument("rest", nargs=argparse.REMAINDER, metavar="arguments", help="its own")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command that is named; return its exit code."""
    interrupts.end_while_starting()
    try:
        args = parse(argv)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    # Not imported before: it brings OpenCV, which takes its time.
    return importlib.import_module(f"allinone.commands.{args.command}").main(args.rest)
