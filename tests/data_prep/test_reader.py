"""The registry of readers: what it finds, and that a new reader is a module and nothing else."""

import ast

import kit_copies
import pytest
from PIL import Image

from allinone import tasks
from allinone.errors import InputError
from allinone.record import FIELDS
from data_prep import reader

NEW = '''"""A set of one picture."""

from allinone.record import FaceRecord
from data_prep.reader import Dropped, Reader


def rows(folder):
    """Yield its rows."""
    yield FaceRecord("one.jpg", box=[0, 0, 5, 5], smile=1, split="learn")
    yield Dropped("two.jpg", "two is too many")


READER = Reader(
    name="newset",
    title="A new set",
    needs=("one.jpg",),
    rows=rows,
    tree="`one.jpg`",
    faces="1",
    ask="nobody",
    splits=("learn", "look"),
    trains={"smile": ("learn",)},
    validates={"smile": ("look",)},
    side_files={"beside.txt": lambda folder: iter(["a", "b"])},
)
'''


# What the paper's sets feed (Table I, sections IV-A, IV-D and IV-E); the demo's figures rest on it.
TRAINING = {
    "det": {"aflw": ("train",)},
    "smile": {"celeba": ("train", "val")},
    "gender": {
        "casia": None,
        "celeba": ("train", "val"),
        "imdb": None,
        "morph": None,
        "wiki": None,
    },
    "age": {"adience": None, "imdb": None, "morph": None, "wiki": None},
    "id": {"casia": None},
}
VALIDATION = {
    "det": {"aflw": ("test", "test_landmarks")},
    "smile": {"celeba": ("test",)},
    "gender": {"celeba": ("test",)},
    "age": {"fgnet": None},
    "id": {"lfw": None},
}
FINETUNING = {
    "fddb": {"det": reader.TURNS_AND_WHOLE},
    "fgnet": {"age": reader.BY_TURNS},
    "fotw": {"smile": ("train",), "gender": ("train",)},
    "lap2015": {"age": ("train",)},
}
OF_THE_PAPER = (
    *("adience", "aflw", "afw", "casia", "celeba", "fddb", "fgnet", "fotw"),
    *("ijba", "imdb", "lap2015", "lfw", "morph", "pascal", "wiki"),
)


def of_the_paper(by_tower):
    """Return {tower: {set: splits}} without the sets that somebody has added."""
    found = {}
    for tower, sets in by_tower.items():
        found[tower] = {name: sets[name] for name in sets if name in OF_THE_PAPER}
    return found


def test_what_towers_learn_from():
    assert of_the_paper(reader.training_sets()) == TRAINING
    assert of_the_paper(reader.validation_sets()) == VALIDATION
    for name in OF_THE_PAPER:
        which = reader.load(name)
        assert which.finetunes == FINETUNING.get(name, {}) and not which.if_named
    assert set(reader.load("custom").if_named) == set(tasks.TOWERS)
    assert set(reader.load("utkface").if_named) == {"age", "gender"}


@pytest.mark.parametrize("name", reader.names())
def test_a_reader_declares_what_is_so(name):
    which = reader.load(name)
    assert which.name == name and which.title and which.tree and which.faces
    assert which.needs or which.any_of
    for towers in (which.trains, which.if_named, which.finetunes, which.validates):
        assert set(towers) <= set(tasks.TOWERS)
        for splits in towers.values():
            known = (None, reader.BY_TURNS, reader.TURNS_AND_WHOLE)
            assert splits in known or set(splits) <= set(which.splits)
    assert not set(which.trains) & set(which.if_named)


def test_no_reader_reads_what_it_learns_from_while_it_validates():
    for tower, sets in reader.training_sets().items():
        for name, splits in reader.validation_sets()[tower].items():
            if name in sets:
                assert not set(splits) & set(sets[name])


def test_an_unknown_set_is_refused():
    with pytest.raises(InputError, match="no reader for 'celebb'; there are adience, aflw, afw"):
        reader.load("celebb")


@pytest.fixture(scope="module")
def kit(tmp_path_factory):
    """A copy of the kit with a reader that is not among its own."""
    folder = tmp_path_factory.mktemp("kit")
    kit_copies.copy(folder, "allinone", "data_prep")
    (folder / "data_prep" / "readers" / "newset.py").write_text(NEW)
    return folder


def test_a_new_reader_is_its_module_and_nothing_else(kit):
    names = kit_copies.start(kit, "-m", "data_prep.convert", "--list").split()
    assert names == sorted([*reader.names(), "newset"])
    ask = "from data_prep import reader; print(reader.training_sets(), reader.validation_sets())"
    training, _, validation = kit_copies.start(kit, "-c", ask).partition("} {")
    learnt, looked_at = reader.training_sets()["smile"], reader.validation_sets()["smile"]
    learnt, looked_at = {**learnt, "newset": ("learn",)}, {**looked_at, "newset": ("look",)}
    assert ast.literal_eval(training + "}")["smile"] == learnt
    assert ast.literal_eval("{" + validation)["smile"] == looked_at
    kit_copies.start(kit, "-m", "data_prep.describe_sets")
    row = "| `newset`: A new set | `one.jpg` | 1 | smile (learn) |  | smile (look) | nobody |"
    assert row in (kit / "data_prep" / "README.md").read_text().splitlines()


def test_a_new_reader_converts_its_set(kit):
    folder = kit / "data" / "newset"
    folder.mkdir(parents=True)
    Image.new("RGB", (9, 9)).save(folder / "one.jpg")
    said = kit_copies.start(kit, "-m", "data_prep.convert", "newset")
    assert "data/newset/records.jsonl: 1 records of 1 pictures" in said
    assert "dropped: 1 two is too many" in said
    assert (folder / "beside.txt").read_text() == "a\nb\n"


def test_a_reader_that_is_named_otherwise_than_its_module_is_an_error(kit):
    path = kit / "data_prep" / "readers" / "othername.py"
    path.write_text(NEW)
    try:
        with pytest.raises(AssertionError, match="READER.name must be 'othername', is 'newset'"):
            kit_copies.start(kit, "-m", "data_prep.convert", "othername")
    finally:
        path.unlink()


def test_a_label_that_the_table_adds_is_read_checked_and_counted(tmp_path):
    """A ninth task: its columns in faces.csv, its histogram, its tower."""
    assert "glasses" not in FIELDS
    kit_copies.copy(tmp_path, "allinone", "data_prep")
    kit_copies.add_glasses(tmp_path)
    kit_copies.start(
        tmp_path,
        *("-m", "data_prep.synthetic", "--kind", "portraits", "--count", 4, "--out", "drawn"),
        *("--layout", "custom"),
    )
    path = tmp_path / "drawn" / "faces.csv"
    header, *rows = path.read_text().splitlines()
    place = header.split(",").index("glasses")
    for number, text in enumerate(("1", "no glasses", "maybe")):
        fields = rows[number].split(",")
        fields[place] = text
        rows[number] = ",".join(fields)
    path.write_text("\n".join([header, *rows]) + "\n")
    said = kit_copies.start(tmp_path, "-m", "data_prep.convert", "custom", "--folder", "drawn")
    assert "glasses: 1 0, 1 1" in said and "dropped: 1 a field does not fit" in said
    lines = (tmp_path / "drawn" / "records.jsonl").read_text().splitlines()
    assert ['"glasses":1' in line for line in lines] == [True, False, False]
    assert ['"glasses":0' in line for line in lines] == [False, True, False]
    ask = "from data_prep import reader; print(reader.load('custom').if_named['glasses'])"
    assert kit_copies.start(tmp_path, "-c", ask) == "('train',)\n"
