"""Every number that a command takes has limits, whatever the command; asked of all parsers."""

import argparse

import pytest
from parsers import actions_of, parser_of
from test_house import commands

from allinone import arguments
from allinone.errors import InputError

NO_NUMBERS = ("nan", "inf", "-inf", "1e400", "", "many", "9" * 400, "\N{SUPERSCRIPT TWO}", "1,5")
# Options that are negative, or any number, with good reason.
SIGNED = {"tools.identify --threshold", "evaluate.identification --threshold"}


def numbers_of_all():
    """Yield (command and option, its type) of all numbers."""
    for module in commands():
        parser = parser_of(module)
        for action in actions_of(parser) if parser else ():
            if action.type not in (None, arguments.name):
                name = (action.option_strings or [action.dest])[0]
                yield f"{module} {name}", action.type


def test_every_number_of_every_command_refuses_what_is_none():
    found = dict(numbers_of_all())
    assert {"tools.train --base-lr", "tools.analyze --smallest", "tools.claims --seeds"} <= set(
        found
    )
    for option, kind in found.items():
        assert isinstance(kind, (arguments.Whole, arguments.Real)), f"{option}: no limits"
        for text in NO_NUMBERS + (() if option in SIGNED else ("-1", "-5", "-0.5")):
            with pytest.raises(argparse.ArgumentTypeError, match="must be a"):
                kind(text)
                pytest.fail(f"{option} takes {text}")


def test_every_command_refuses_wrong_arguments_in_the_same_way():
    for module in commands():
        parser = parser_of(module)
        if parser is not None:
            with pytest.raises(InputError, match="--help says what"):
                parser.error("argument --x: wrong")


@pytest.mark.parametrize(
    "kind, good, bad",
    [
        (arguments.Whole(1), ("1", "7", "2147483647"), ("0", "2147483648", "1.0", "1e3")),
        (arguments.WORKERS, ("1", "64"), ("0", "5000")),
        (arguments.SHARE, ("0", "0.5", "1"), ("1.01", "-0.01")),
        (arguments.Real(above=0), ("1e-12", "3"), ("0", "-0.0")),
        (arguments.Real(), ("-3", "0", "1e9"), ("nan",)),
    ],
)
def test_limits(kind, good, bad):
    assert [kind(text) for text in good] == [float(text) for text in good]
    for text in bad:
        with pytest.raises(argparse.ArgumentTypeError, match=f"^{text}: must be"):
            kind(text)


def test_a_long_number_is_not_repeated_whole():
    with pytest.raises(argparse.ArgumentTypeError) as error:
        arguments.SEED("9" * 400)
    assert len(str(error.value)) < 120


@pytest.mark.parametrize(
    "arguments_, sentence",
    [
        (["data_prep.synthetic", "--kind", "scenes", "--count", "-5", "--out", "x"], "--count -5:"),
        (["tools.inspect_db", "x", "--out", "y", "--seed", "nan"], "--seed nan: must be a whole"),
        (["tools.inspect_db", "x"], "arguments are required: --out"),
        (["data_prep.convert", "--sets"], "unrecognized arguments: --sets"),
    ],
)
def test_the_sentence_in_a_process_of_its_own(expect_refusal, arguments_, sentence):
    expect_refusal(*arguments_[:1], arguments_[1:], sentence, "--help")
