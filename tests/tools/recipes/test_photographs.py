"""What is prepared of photographs: which sets teach what, and what is left out."""

import os

import pytest
from recipe_plans import shown

from data_prep import labelled_photos
from tools.recipes import photograph_steps

RECIPE = "tools.recipes.photographs"
SETS = labelled_photos.SETS


def option(command, name):
    """Return the values of an option of a command line."""
    words = command.split()
    start = words.index(name) + 1
    ends = (place for place, word in enumerate(words) if place > start and word.startswith("--"))
    return words[start : next(ends, len(words))]


@pytest.fixture
def plan(command, tmp_path):
    """plan(*options) -> (the commands of a recipe, its steps' names)."""

    def look(*options):
        (tmp_path / "real").mkdir()
        for name in labelled_photos.SETS:
            (tmp_path / "real" / f"{name}.jsonl").touch()
        folders = ["--real", tmp_path / "real", "--data", tmp_path / "data"]
        return shown(command, RECIPE, *folders, *options)

    return look


def test_every_set_is_read_and_each_tower_learns_from_all_that_have_its_label(plan):
    commands, names = plan()
    assert names[0] == "sets" and names[-2:] == ["faces", "regions"]
    assert set(option(commands[0], "--sets")) == set(labelled_photos.SETS)
    assert "--without-copies" in commands[0]
    taught = {}
    for line in commands:
        if "build_db aligned" in line and option(line, "--split") == ["train"]:
            taught[option(line, "--set")[0]] = set(option(line, "--towers"))
            assert option(line, "--eyes") == ["0.36"] and option(line, "--profile") == ["small"]
    assert taught == {name: set(towers) for name, towers in photograph_steps.TOWERS.items()}
    held_out = [line for line in commands if "aligned" in line and "--split val" in line]
    assert len(held_out) == len(taught)


def test_detection_learns_from_composed_drawn_and_whole_pictures(plan):
    commands, _ = plan()
    composed = [line for line in commands if "data_prep.composites" in line]
    sets = {os.path.basename(os.path.dirname(path)) for path in option(composed[0], "--records")}
    assert sets == {"celeba", "utkface", "utkface2"}  # no neighbours whom nobody marked
    held_back, learnt = commands[-2:]
    assert option(held_back, "--split") == ["val"] and option(learnt, "--split") == ["train"]
    taken = [path.split("/")[-2] for path in option(learnt, "--without-search")]
    assert taken == ["composites", "scenes", "webfaces"]
    command = " ".join(photograph_steps.hard_regions("d", SETS, "model", "--regions-from", "h"))
    assert "--records d/composites_hard/records.jsonl d/webfaces/records.jsonl" in command
    assert "--regions-from model --split train" in command


def test_a_set_that_is_left_out_is_what_is_validated_on(plan, expect_refusal):
    commands, names = plan("--without", "mtfl", "--eyes", "0.3")
    assert names[-2:] == ["faces_without_mtfl", "regions_without_mtfl"]
    aligned = [line for line in commands if "build_db aligned" in line]
    assert all("db_without_mtfl" in option(line, "--out")[0] for line in aligned)
    assert not any("--set mtfl --split train" in line for line in aligned)
    held_out = {}
    for line in aligned:
        if option(line, "--split") == ["val"]:
            for tower in option(line, "--towers"):
                held_out.setdefault(tower, []).append(option(line, "--set")[0])
    assert held_out["gender"] == held_out["smile"] == ["mtfl"]
    assert held_out["age"] == ["utkface", "utkface2", "aaf"] and held_out["id"] == ["celeba"]
    assert all("--eyes 0.3 " in line for line in aligned)
    expect_refusal(RECIPE, ["--real", "x", "--without", "photos"], "--without", "'photos'")
