"""The import closure: what a result depends on, found by reading imports."""

import pytest

from allinone import closure


@pytest.fixture
def kit(tmp_path):
    """A small kit of packages: first imports second, and third inside a function."""
    tmp_path = tmp_path / "my kit [1]"
    files = {
        "lib/__init__.py": "",
        "lib/first.py": "import os\nfrom lib import second\n\ndef f():\n    import lib.third\n",
        "lib/second.py": "LIMIT = 0.5\n",
        "lib/third.py": "from other.fourth import NAME\n",
        "lib/alone.py": "",
        "other/__init__.py": "from other import hidden\n",
        "other/fourth.py": "NAME = 'x'\n",
        "other/hidden.py": "",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_all_that_is_imported_is_found_and_nothing_else(kit):
    assert closure.closure(["lib.first"], str(kit)) == [
        "lib/__init__.py",
        "lib/first.py",
        "lib/second.py",
        "lib/third.py",
        "other/__init__.py",
        "other/fourth.py",
        "other/hidden.py",
    ]
    with pytest.raises(ValueError, match="lib.none"):
        closure.closure(["lib.none"], str(kit))


def test_a_changed_constant_shows_and_a_changed_comment_does_not(kit):
    before = closure.hashes(["lib.first"], str(kit))
    (kit / "lib/second.py").write_text('"""Now with words."""\n\n# and a comment\nLIMIT = 0.5\n')
    assert closure.hashes(["lib.first"], str(kit)) == before
    (kit / "lib/second.py").write_text("LIMIT = 0.4\n")
    after = closure.hashes(["lib.first"], str(kit))
    assert [path for path in before if before[path] != after[path]] == ["lib/second.py"]


def test_imports_of_the_kit_itself_are_found():
    found = closure.closure(["python_layers.region_data"])
    for path in ("allinone/tasks.py", "allinone/boxes.py", "allinone/store.py"):
        assert path in found
    assert "tools/analyze.py" not in found


def test_the_code_of_a_step_is_all_that_its_command_imports_or_names():
    """The lists that were once kept by hand missed some of these."""
    train = closure.depended_on(["tools.train"])
    for name in ("tasks", "profiles", "schedules", "store", "boxes", "regions", "surgery", "widen"):
        assert f"allinone/{name}.py" in train
    for name in ("age_loss", "face_data", "region_data", "masked_euclidean", "vary"):
        assert f"python_layers/{name}.py" in train
    assert "allinone/analyzer.py" not in train
    build = closure.depended_on(["data_prep.build_db"])
    for name in ("scenes_db", "region_cache", "align_faces", "aligned_db"):
        assert f"data_prep/{name}.py" in build
    convert = closure.depended_on(["data_prep.convert"])
    assert "data_prep/readers/custom.py" in convert and "data_prep/readers/fddb.py" in convert
    assert "evaluate/benchmarks/afw.py" in closure.depended_on(["evaluate.measure"])
