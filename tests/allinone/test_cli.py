"""The command `allinone`: its commands by their names, and what is refused."""

import re

import pytest

from allinone import cli

LACKING = {
    "analyze": "are required: inputs, --out",
    "export": "name the folder of a fused model with --model",
    "identify": "are required: what, inputs",
}


def test_every_command_but_the_service_lacks_something():
    assert {*LACKING, "serve"} == set(cli.COMMANDS)


@pytest.mark.parametrize("name", LACKING)
def test_a_command_by_its_name_says_what_it_lacks(name, expect_refusal):
    expect_refusal("allinone", [name], LACKING[name])


def test_the_version_is_said(command):
    done = command("allinone", "--version")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"allinone (of a checkout|\d[\w.]*)\n", done.stdout)


def test_a_name_that_is_none_and_none_at_all_are_refused(expect_refusal):
    expect_refusal("allinone", ["exports"], "'exports'", *cli.COMMANDS)
    expect_refusal("allinone", [], "are required: command")
