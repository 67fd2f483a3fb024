"""The argument parsers of the kit's commands, taken out of them before they are used."""

import argparse
import importlib

import pytest

# Not of the kit's parser: they run where the kit's packages are not; it is no part of the kit.
PLAIN = ("tools.fetch_uv", "tools.peers.measure", "examples.analyze_photograph")


class Parsed(Exception):
    """Carries a parser out of a command that was about to use it."""


def parser_of(module):
    """Return the parser of a command, or None where it is not the kit's."""
    if module in PLAIN:
        return None

    def parse_args(self, *_):
        raise Parsed(self)

    command = importlib.import_module("allinone.cli" if module == "allinone" else module)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(argparse.ArgumentParser, "parse_args", parse_args)
        with pytest.raises(Parsed) as found:
            getattr(command, "parse", command.main)([])
    return found.value.args[0]


def actions_of(parser):
    """Yield the actions of a parser and of the parsers below it."""
    for action in parser._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                yield from actions_of(below)
