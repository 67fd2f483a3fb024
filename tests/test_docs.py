"""What the documents say is there: links, targets, commands, options, files, fields."""

import os
import re
import shlex
import subprocess

import pytest
from conftest import ROOT
from parsers import actions_of, parser_of

from allinone import closure, landmarks, record, tasks
from data_prep import reader
from evaluate import benchmark

MOST_WORDS = 1300  # of the README
GENERATED = ("docs/network.md", "docs/claims.md")
NOT_OURS = {".git", ".venv", ".uv", ".python", ".caffe-gpu", ".caffe-cpu", "out", "report"}
ABBREVIATIONS = ("al.", "eq.", "fig.", "e.g.", "i.e.", "vs.", "no.", "St.")
PACKAGES = "allinone|data_prep|evaluate|examples|prototxt|python_layers|tools"


def pages():
    """Return the paths of all Markdown files of the kit, from its root."""
    found = []
    for folder, folders, names in os.walk(ROOT):
        inside = os.path.relpath(folder, ROOT)
        folders[:] = [] if inside == "data" else sorted(set(folders) - NOT_OURS)
        found += [os.path.normpath(os.path.join(inside, name)) for name in sorted(names)]
    return [path for path in found if path.endswith(".md")]


PAGES = pages()
WRITTEN = [path for path in PAGES if path not in GENERATED]


def text_of(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as stream:
        return stream.read()


def without_code(text):
    """Return a page without its blocks of code."""
    return re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)


def commands_of(path):
    """Return all code of a page, in blocks and in lines; a line that goes on is one line."""
    text = text_of(path)
    blocks = re.findall(r"^```\w*\n(.*?)^```$", text, re.M | re.S)
    spans = re.findall(r"`([^`\n]+)`", without_code(text))
    return "\n".join([*blocks, *spans]).replace("\\\n", " ")


def test_the_readme_is_short():
    assert len(text_of("README.md").split()) <= MOST_WORDS


def anchors_of(path):
    """Return the anchors that GitHub gives the headings of a page."""
    titles = re.findall(r"^#+ (.*)$", without_code(text_of(path)), re.M)
    plain = [re.sub(r"[^\w\- ]", "", title.lower()) for title in titles]
    return {title.replace(" ", "-") for title in plain}


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", without_code(text_of(page))):
        if re.match(r"\w+:", link):
            continue
        path, _, anchor = link.partition("#")
        place = os.path.normpath(os.path.join(os.path.dirname(page), path)) if path else page
        there = os.path.exists(os.path.join(ROOT, place))
        if not there or (anchor and anchor not in anchors_of(place)):
            broken.append(link)
    assert broken == []


@pytest.fixture(scope="module")
def targets():
    """Return the names of all make targets, those of families too."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    done = subprocess.run(
        ["make", "help"], cwd=ROOT, env=clean, capture_output=True, text=True, check=True
    )
    names = set(re.findall(r"^  make (\S+)", done.stdout, re.M))
    finetuned = [one.name for one in reader.readers() if one.finetunes]
    for family, members in (
        ("data-<set>", reader.names()),
        ("train-<tower>", [*tasks.TOWERS, tasks.HYPERFACE, *tasks.WINDOW_NETS]),
        ("finetune-<set>", finetuned),
        ("eval-<set>", benchmark.names()),
    ):
        assert family in names
        names.update(re.sub("<.*>", member, family) for member in members)
    names.update([re.sub("<.*>", "<>", name) for name in names])
    return names | {"data-caves", "eval-caves"}  # of the examples in CONTRIBUTING.md


@pytest.mark.parametrize("page", WRITTEN)
def test_make_targets_exist(page, targets):
    """Every target of every `make a b VARIABLE=value`."""
    wrong = []
    for words in re.findall(r"(?:^|[ `])make((?: +[^ \n]+)*)", commands_of(page), re.M):
        for word in words.split():
            if not re.match(r"[a-z][a-z<>0-9-]*$", word):
                break  # a variable, an option, or what follows the command
            if re.sub("<.*>", "<>", word) not in targets:
                wrong.append(word)
    assert wrong == []


def made(page):
    """Return the `make` commands of a page as lists of words, those with place-holders left out."""
    commands = []
    for line in sorted(set(commands_of(page).splitlines())):
        words = shlex.split(line, comments=True) if line.startswith("make ") else []
        if words and not re.search(r"[<>]|\.\.\.|-caves", line):
            commands.append(words)
    return commands


@pytest.mark.parametrize("page", [page for page in WRITTEN if made(page)])
def test_make_takes_the_variables_that_are_named(page):
    """By a dry run of each command: the Makefile refuses what a target does not take."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    refused = {}
    for words in made(page):
        if words[1:] == ["analyze"]:  # named as such; without pictures it says how
            continue
        done = subprocess.run(
            [*words, "-n"], cwd=ROOT, env=clean, capture_output=True, text=True, timeout=60
        )
        if done.returncode:
            refused[" ".join(words)] = done.stderr
    assert refused == {}


@pytest.mark.parametrize("page", WRITTEN)
def test_python_is_python(page):
    for block in re.findall(r"^```python\n(.*?)^```$", text_of(page), re.M | re.S):
        compile(block, page, "exec")


@pytest.mark.parametrize("page", WRITTEN)
def test_commands_and_their_options_exist(page):
    """Every `python -m module` and `allinone command`, and that its parser knows its options."""
    wrong, code = [], commands_of(page)
    lines = re.findall(rf"python -m ((?:{PACKAGES})\.[^\n]*)", code)
    lines += [
        f"allinone.commands.{one}" for one in re.findall(r"^allinone ([a-z][^\n]*)", code, re.M)
    ]
    for line in lines:
        module, *words = line.split("#")[0].split()
        path = closure.path_of(module) or os.path.join(*module.split(".")) + ".py"
        if not os.path.isfile(os.path.join(ROOT, path)):
            wrong.append(module)
            continue
        named = set(re.findall(r"(?<!\S)\[?(--[a-z-]+)", " ".join(words)))
        if named:
            known = {
                one for action in actions_of(parser_of(module)) for one in action.option_strings
            }
            wrong += [f"{module} {option}" for option in sorted(named - known)]
    assert wrong == []


@pytest.mark.parametrize("page", [page for page in WRITTEN if page != "CHANGELOG.md"])
def test_files_and_folders_in_backticks_exist(page):
    """Paths of the kit's own code from its root; the changelog also names what is gone."""
    wrong = []
    for path in re.findall(
        rf"`((?:{PACKAGES}|docs|models|tests|solvers)/[\w./-]*)`", text_of(page)
    ):
        if not os.path.exists(os.path.join(ROOT, path)):
            wrong.append(path)
    assert wrong == []


def prose_of(page):
    """Return (number, line) of the lines of a page that are neither code nor tables."""
    lines, is_code = [], False
    for number, line in enumerate(text_of(page).splitlines(), 1):
        if line.startswith("```"):
            is_code = not is_code
        elif not is_code and not line.startswith("|"):
            lines.append((number, re.sub(r"`[^`]*`", "code", line)))
    return lines


@pytest.mark.parametrize("page", WRITTEN)
def test_prose_is_a_sentence_a_line(page):
    wrong = []
    for number, line in prose_of(page):
        line = re.sub(r"^\s*\d+\. ", "", line)
        for match in re.finditer(r"(\S+[.!?][\"*)]*) +[\"*(\[]*[A-Z]", line):
            if not match.group(1).lstrip("(").endswith(ABBREVIATIONS):
                wrong.append(f"{page}, line {number}: {line}")
    assert wrong == []


@pytest.mark.parametrize("page", WRITTEN)
def test_no_sentence_goes_on_in_the_next_line(page):
    wrong, lines = [], prose_of(page)
    for (number, line), (_, following) in zip(lines, lines[1:]):
        is_text = re.match(r"\s*(-|\d+\.)? *[^\s#|<!-]", line) and line.strip()
        goes_on = following.strip() and not re.match(r"\s*(- |\d+\. |#|!\[|\*\*)", following)
        if is_text and goes_on and not re.search(r"[.:;!?)*]\W*$", line):
            wrong.append(f"{page}, line {number}: {line}")
    assert wrong == []


def test_every_field_of_a_face_is_in_the_table_of_records():
    fields = re.findall(
        r"^\| `(\w+)` \| [^|]+ \| [^|]+ \| [^|]+ \| [^|]+ \| [^|]+ \|$",
        text_of("docs/records.md"),
        re.M,
    )
    assert sorted(fields) == sorted(record.FIELDS)


def test_the_landmarks_are_in_their_order():
    places = re.findall(r"\| (\d+) \| `(\w+)` (?=\|)", text_of("docs/records.md"))
    assert [name for _, name in sorted(places, key=lambda pair: int(pair[0]))] == [*landmarks.NAMES]
    assert sorted(int(number) for number, _ in places) == [*range(landmarks.COUNT)]
