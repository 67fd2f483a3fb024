"""A database that is damaged anywhere is refused before LMDB or HDF5 maps it."""

import json
import os
import shutil

import cv2
import h5py
import numpy as np
import pytest

from allinone import files, store
from allinone.errors import InputError
from allinone.record import FaceRecord
from allinone.stored_regions import StoredRegions
from data_prep.regions_file import RegionsWriter

LABELS = ("landmarks", "visibility", "pose", "gender")
DATA = os.path.join(store.LMDB, "data.mdb")


def build(folder, count=300):
    """Write a database of pictures and regions."""
    folder.mkdir()
    writer, regions = store.Writer(str(folder)), RegionsWriter(str(folder))
    for number in range(count):
        noise = np.random.default_rng(number).integers(0, 255, (24, 24, 3)).astype(np.uint8)
        writer.add(cv2.imencode(".jpg", noise)[1].tobytes(), number % 7)
        regions.add([FaceRecord("", box=[1, 2, 9, 12])], np.float32([[0, 0, 5, 5]] * (number % 3)))
    manifest = dict(tower="det", count=count, hash=f"{writer.close()}-{regions.close()}")
    manifest["files"] = store.hashes(str(folder))
    files.write_json(str(folder / store.MANIFEST), manifest)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("db") / "det"
    build(folder)
    return folder


@pytest.fixture
def copy(whole, tmp_path):
    shutil.copytree(whole, tmp_path / "det")
    return tmp_path / "det"


def test_a_whole_database_is_what_it_was_written_as(copy):
    store.verify(str(copy))
    reader = store.Reader(str(copy))
    stored = StoredRegions(str(copy), LABELS, len(reader))
    assert len(stored.faces["box"]) == len(reader) == 300 and len(stored.proposals(2)) == 2


@pytest.mark.parametrize("share", [0, 0.001, 0.3, 0.9, 0.9999])
def test_an_lmdb_that_is_cut_off_is_refused_before_it_is_mapped(copy, share):
    path = copy / DATA
    os.truncate(path, int(path.stat().st_size * share))
    for opening in (store.Reader, store.verify):
        with pytest.raises(
            InputError, match="data.mdb: (cut off|is not the file)|no readable LMDB"
        ):
            opening(str(copy))


@pytest.mark.parametrize("name", [DATA, store.REGIONS])
def test_a_byte_that_differs_is_noticed_wherever_it_stands(copy, name):
    data = (copy / name).read_bytes()
    for place in np.random.default_rng(3).integers(len(data), size=20):
        changed = bytearray(data)
        changed[place] ^= 1
        (copy / name).write_bytes(changed)
        with pytest.raises(InputError, match=f"{name}: is not the file"):
            store.verify(str(copy))


def a_folder(path):
    path.unlink()
    path.mkdir()


DAMAGES = {
    "empty": lambda path: path.write_bytes(b""),
    "noise": lambda path: path.write_bytes(np.random.default_rng(1).bytes(9000)),
    "zeros": lambda path: path.write_bytes(bytes(path.stat().st_size)),
    "missing": lambda path: path.unlink(),
    "a folder": a_folder,
}


@pytest.mark.parametrize("name", [DATA, store.REGIONS])
@pytest.mark.parametrize("what", DAMAGES)
def test_a_file_that_is_none_is_refused_with_and_without_hashes(copy, what, name):
    DAMAGES[what](copy / name)
    with pytest.raises(InputError, match=f"{name}: "):
        store.verify(str(copy))
    told = json.loads((copy / store.MANIFEST).read_text())
    del told["files"]  # as a database from before they were kept
    (copy / store.MANIFEST).write_text(json.dumps(told))
    with pytest.raises(InputError, match=f"{name}: |no readable LMDB"):
        StoredRegions(str(copy), LABELS, len(store.Reader(str(copy))))


@pytest.mark.parametrize(
    "change, says",
    [
        (dict(count="many"), "'count'"),
        (dict(count=-3), "holds 0 records"),
        (dict(count=299), "300 records"),
        (dict(identities=10**9), "'identities' 1000000000"),
        (dict(identities="6"), "'identities'"),
        (dict(hash=None), "'hash'"),
    ],
)
def test_a_manifest_that_is_not_the_databases_own_is_refused(copy, change, says):
    told = json.loads((copy / store.MANIFEST).read_text())
    (copy / store.MANIFEST).write_text(json.dumps({**told, **change}))
    with pytest.raises(InputError, match=says):
        store.Reader(str(copy))


@pytest.mark.parametrize(
    "name, values",
    [
        ("face_start", np.arange(301)[::-1].copy()),
        ("proposal_start", np.zeros(301, np.int64)),
        ("proposal_start", np.zeros(7, np.int64)),
        ("box", np.zeros((300, 3), np.float32)),
        ("box", np.zeros((2, 4), np.float32)),
        ("pose", None),
    ],
)
def test_regions_that_are_not_of_these_pictures_are_refused(copy, name, values):
    with h5py.File(copy / store.REGIONS, "a") as data:
        del data[name]
        if values is not None:
            data[name] = values
    with pytest.raises(InputError, match="regions.h5: .*build the database again"):
        StoredRegions(str(copy), LABELS, 300)


def test_training_and_contact_sheets_refuse_a_damaged_database(chain, tmp_path, expect_refusal):
    shutil.copytree(chain / "db", tmp_path / "db")
    path = tmp_path / "db" / "age" / DATA
    os.truncate(path, path.stat().st_size // 2)
    training = ["--profile", "tiny", "--job", "age", "--db", tmp_path / "db"]
    expect_refusal("tools.train", [*training, "--out", tmp_path / "run"], path, "sha256")
    arguments = [tmp_path / "db", "--out", tmp_path / "sheets"]
    expect_refusal("tools.inspect_db", arguments, path, "sha256")
    path = tmp_path / "db" / "val" / "smile" / DATA
    with open(path, "r+b") as stream:
        stream.seek(path.stat().st_size // 2)
        stream.write(b"damaged")
    training[3] = "smile"
    expect_refusal("tools.train", [*training, "--out", tmp_path / "run"], path, "sha256")
