import subprocess
import sys

import cv2
import numpy as np
import pytest
from conftest import ROOT

from allinone import files, store
from allinone.errors import InputError


def make(folder, count):
    folder.mkdir()
    writer = store.Writer(str(folder))
    for number in range(count):
        jpeg = cv2.imencode(".jpg", np.full((8, 8, 3), number % 256, np.uint8))[1].tobytes()
        writer.add(jpeg, number % 7, (number / 2, 0))
    digest = writer.close()
    files.write_json(str(folder / store.MANIFEST), dict(count=count, hash=digest))
    return digest


def test_records_come_back_as_written(tmp_path):
    make(tmp_path / "db", 1203)  # more than one transaction
    reader = store.Reader(str(tmp_path / "db"))
    assert len(reader) == 1203
    datum = reader.datum(1202)
    assert datum.label == 1202 % 7 and list(datum.float_data) == [601, 0] and datum.encoded
    assert abs(int(reader.image(reader.datum(200)).mean()) - 200) <= 1
    with pytest.raises(InputError, match="record 1203 is missing"):
        reader.datum(1203)


def test_a_database_may_stand_in_a_folder_of_any_name(tmp_path):
    folder = tmp_path / "caf\udce9"
    make(folder, 3)
    assert len(store.Reader(str(folder))) == 3


def test_the_hash_tells_databases_apart(tmp_path):
    assert make(tmp_path / "a", 5) == make(tmp_path / "b", 5) != make(tmp_path / "c", 6)


def test_a_missing_and_an_empty_database_are_named(tmp_path):
    with pytest.raises(InputError, match="build the database"):
        store.Reader(str(tmp_path / "none"))
    make(tmp_path / "empty", 0)
    with pytest.raises(InputError, match="holds 0 records"):
        store.Reader(str(tmp_path / "empty"))


def test_summary_counts_few_values_and_measures_many():
    assert store.summary([0, 1, 1]) == {"0": 1, "1": 2}
    assert store.summary(range(101))["median"] == 50 and store.summary([]) == {}


def test_no_caffe_is_imported_until_a_datum_is_made():
    """The processes that build databases import this module, and need none."""
    code = (
        "import sys; from allinone import store; assert 'caffe' not in sys.modules; "
        "store._datum(); assert 'caffe' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
