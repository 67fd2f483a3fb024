"""Output folders: what is replaced and what is refused, kills between the renames, locks."""

import json
import os
import signal
import subprocess
import sys

import pytest

from allinone import folders
from allinone.errors import InputError

FIELDS = {"tower": "age", "count": 1}
KIND = folders.Kind("box", holds=("box.json", "*.bin"), proofs={"box.json": frozenset(FIELDS)})
MARKED = folders.Kind("sheet", holds=("a.txt",), is_marked=True)
# Replaces a box by one of the content that is given; dies at the n-th call of a function of os.
REPLACE = """
import json, os, signal, sys
from allinone import folders
from allinone.errors import command
place, text, name, left = sys.argv[1:4] + [int(sys.argv[4])]
proofs = {"box.json": frozenset(["tower", "count"])}
kind = folders.Kind("box", holds=("box.json", "*.bin"), proofs=proofs)

def dying(*arguments, **options):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*arguments, **options)

@command
def main(argv=None):
    global real
    with folders.replacing(place, kind) as partial:
        for number in range(3):
            open(os.path.join(partial, f"{number}.bin"), "w").write(text)
        open(os.path.join(partial, "box.json"), "w").write(json.dumps(dict(tower=text, count=1)))
        if name:
            real = getattr(os, name)
            setattr(os, name, dying)

sys.exit(main())
"""


def make(folder, **files):
    """Write a folder with files, {name: text}."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


def box(folder, text="old"):
    """Write a whole box."""
    return make(folder, **{"box.json": json.dumps(dict(FIELDS, tower=text)), "0.bin": text})


def contents(folder):
    """Return {path: bytes} of all files in a folder."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def replace(place, text, name="", left=0):
    """Replace a box in a process of its own, which dies at a call of os.<name>."""
    arguments = [str(place), text, name, str(left)]
    return subprocess.run(
        [sys.executable, "-c", REPLACE, *arguments], capture_output=True, text=True
    )


def test_a_folder_appears_whole_or_not_at_all(tmp_path):
    target = tmp_path / "model"
    with folders.replacing(str(target), KIND) as partial:
        box(tmp_path / os.path.basename(partial))
    with pytest.raises(KeyboardInterrupt):
        with folders.replacing(str(target), KIND) as partial:
            open(os.path.join(partial, "new"), "w").close()
            raise KeyboardInterrupt
    assert sorted(os.listdir(target)) == ["0.bin", "box.json"]
    assert sorted(os.listdir(tmp_path)) == [".model.lock", "model"]


@pytest.mark.parametrize(
    "files, named",
    [
        ({"letter.txt": "dear"}, "letter.txt"),
        ({".hidden": "x"}, ".hidden"),
        ({"0.bin": "x"}, "0.bin"),  # a name of ours, but nothing proves it
        ({"box.json": "[1]"}, "box.json"),
        ({"box.json": '{"tower": "age"}'}, "box.json"),  # of another program
        ({"box.json": "\udcff".encode("utf-8", "surrogateescape").decode("latin1")}, "box.json"),
        ({"box.json": json.dumps(FIELDS), "notes.txt": "mine"}, "notes.txt"),
    ],
)
def test_a_folder_of_somebody_else_is_not_replaced(tmp_path, files, named):
    place = make(tmp_path / "docs", **files)
    before = contents(tmp_path)
    with pytest.raises(InputError, match=f"docs: would be replaced, but holds .*{named}.*box"):
        with folders.replacing(str(place), KIND):
            pytest.fail("nothing may be made")
    assert contents(tmp_path) == before and os.listdir(tmp_path) == ["docs"]


def test_a_pipe_proves_nothing_and_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "box.json")
    assert not folders.is_own(str(tmp_path), KIND)


def test_a_proof_larger_than_memory_is_none(tmp_path):
    kind = folders.Kind("x", holds=("plan.json",), proofs={"plan.json": frozenset({"job"})})
    with open(tmp_path / "plan.json", "wb") as stream:
        stream.truncate(1 << 40)
    assert not folders.is_own(str(tmp_path), kind)
    (tmp_path / "plan.json").write_text('{"job": "joint"}')
    assert folders.is_own(str(tmp_path), kind)


def test_a_folder_within_is_somebody_elses_too(tmp_path):
    make(box(tmp_path / "db") / "age")
    with pytest.raises(InputError, match="'age'"):
        with folders.replacing(str(tmp_path / "db"), KIND):
            pytest.fail("nothing may be made")


def test_absent_empty_and_own_folders_are_replaced_through_links_too(tmp_path):
    (tmp_path / "empty").mkdir()
    box(tmp_path / "own")
    (tmp_path / "link").symlink_to(tmp_path / "own")
    for name in ("absent", "empty", "own", "link"):
        with folders.replacing(f"{tmp_path / name}/", KIND) as partial:
            box(tmp_path / os.path.basename(partial), name)
    texts = [(tmp_path / name / "0.bin").read_text() for name in ("absent", "empty", "own")]
    assert texts == ["absent", "empty", "link"] and (tmp_path / "link").is_symlink()


def test_the_working_directory_and_a_file_are_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(box(tmp_path / "own"))
    for place, says in ((".", "working directory"), ("..", "working directory"), ("0.bin", "file")):
        with pytest.raises(InputError, match=says):
            with folders.replacing(place, KIND):
                pytest.fail("nothing may be made")
    assert (tmp_path / "own/0.bin").read_text() == "old"


def test_what_is_read_is_not_replaced(tmp_path):
    box(tmp_path / "own")
    (tmp_path / "link").symlink_to(tmp_path / "own")
    for one in ("own", "own/0.bin", "link/0.bin"):
        with pytest.raises(InputError, match="is read, and would be replaced"):
            with folders.replacing(str(tmp_path / "own"), KIND, [str(tmp_path / one)]):
                pytest.fail("nothing may be made")


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "/etc", ".hidden", "a\0b"])
def test_names_that_leave_their_folder_are_refused(name):
    with pytest.raises(InputError, match="--set .*plain name"):
        folders.plain_name(name, "--set")
    assert folders.plain_name("fold_01", "--set") == "fold_01"


# From the end of the block on: the renames, and the removal of the one before.
@pytest.mark.parametrize(
    "name, left", [("rename", 0), ("rename", 1), ("rename", 2), ("unlink", 0), ("rmdir", 0)]
)
def test_a_kill_at_any_moment_loses_nothing(tmp_path, name, left):
    place = box(tmp_path / "model", "before")
    killed = replace(place, "after", name, left)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    if place.exists():
        assert (place / "0.bin").read_text() in ("before", "after")
    # A next start that fails at once still brings back the newest whole one.
    with pytest.raises(KeyboardInterrupt):
        with folders.replacing(str(place), KIND):
            raise KeyboardInterrupt
    newest = "before" if (name, left) == ("rename", 0) else "after"
    assert (place / "0.bin").read_text() == newest
    assert sorted(os.listdir(tmp_path)) == [".model.lock", "model"]
    assert replace(place, "third").returncode == 0 and (place / "0.bin").read_text() == "third"
    assert sorted(os.listdir(tmp_path)) == [".model.lock", "model"]


def test_a_finished_folder_waits_where_somebody_has_taken_its_place(tmp_path):
    place = box(tmp_path / "model", "before")
    replace(place, "after", "rename", 2)  # nothing stands in the place now
    make(place, **{"letter.txt": "dear"})
    for _ in range(2):
        refused = replace(place, "third")
        assert refused.returncode == 2 and "'letter.txt'" in refused.stderr
    (place / "letter.txt").unlink()
    with pytest.raises(KeyboardInterrupt):
        with folders.replacing(str(place), KIND):
            raise KeyboardInterrupt
    assert (place / "0.bin").read_text() == "after"


def test_what_a_dead_process_was_making_goes_and_what_looks_like_it_stays(tmp_path):
    place = tmp_path / "model"
    assert replace(place, "after", "rename", 0).returncode == -signal.SIGKILL
    assert len(list((tmp_path / "model.partial").iterdir())) == 5
    assert replace(place, "again").returncode == 0
    assert sorted(os.listdir(tmp_path)) == [".model.lock", "model"]
    make(tmp_path / "model.partial", **{"letter.txt": "dear"})
    before = contents(tmp_path)
    refused = replace(place, "third")
    assert (
        refused.returncode == 2 and "model.partial: is made by the kit on the way" in refused.stderr
    )
    assert contents(tmp_path) == before


def test_files_are_added_beside_others_but_never_over_them(tmp_path):
    place = make(tmp_path / "album", **{"photo.jpg": "mine"})
    folders.claim(str(place), MARKED)
    make(place, **{"a.txt": "ours"})
    folders.claim(str(place), MARKED)  # again: what is there is ours
    assert (place / folders.MARK).read_text() == "sheet\n"
    foreign = make(tmp_path / "notes", **{"a.txt": "mine"})
    with pytest.raises(InputError, match="a.txt: would be written over, but .*notes is no sheet"):
        folders.claim(str(foreign), MARKED)
    assert os.listdir(foreign) == ["a.txt"]
    folders.claim(str(box(tmp_path / "own")), KIND)
    assert folders.MARK not in os.listdir(tmp_path / "own")


def test_one_process_at_a_time(tmp_path):
    """The second process waits, says so, and goes on when the first has ended."""
    (tmp_path / "run").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "run")
    path = str(tmp_path / "link")  # another name of the same folder
    code = f"from allinone import folders\nwith folders.only_one({path!r}): print('mine')"
    with folders.only_one(str(tmp_path / "run")):
        other = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        said = other.stdout.readline()
        assert f"{path}: another process is still at work on it" in said
    assert other.stdout.readlines()[-1] == "mine\n"


@pytest.mark.parametrize("letter, size", [("n", 255), ("n", 240), ("\u00e9", 127), ("\udcff", 250)])
def test_a_name_as_long_as_a_disk_allows_is_locked_and_replaced(tmp_path, letter, size):
    """Names that differ only at their ends have locks of their own."""
    place, other = tmp_path / (letter * size), tmp_path / (letter * (size - 1) + "m")
    for text in ("one", "two"):
        with folders.replacing(str(place), KIND) as partial, folders.only_one(str(other)):
            box(tmp_path / os.path.basename(partial), text)
    assert json.loads((place / "box.json").read_text())["tower"] == "two"
    left = sorted(path for path in tmp_path.iterdir() if path != place)
    assert len(left) == 2 and all(folders.LOCK.fullmatch(path.name) for path in left)
    killed = replace(place, "three", "rename", 1)  # the old one has stepped aside
    assert killed.returncode == -signal.SIGKILL and replace(place, "four").returncode == 0
    assert (place / "0.bin").read_text() == "four"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_place_that_may_not_be_written_to_is_named(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(InputError, match="model: cannot be written .*you may write to"):
        with folders.replacing(str(tmp_path / "model"), KIND):
            pytest.fail("nothing may be made")


def test_unusable_places_are_named_with_the_mend(tmp_path):
    (tmp_path / "file").write_text("x")
    for name, mend in (("file/model", "a part of the path"), ("x" * 300, "a shorter one")):
        with pytest.raises(InputError, match=f"{name}: cannot be written .*{mend}"):
            with folders.replacing(str(tmp_path / name), KIND):
                pytest.fail("nothing may be made")
