"""Databases: LMDB of Caffe Datum records with a manifest, HDF5 for regions.

A database is a folder: images.lmdb (JPEG-encoded Datum records under keys 00000000, 00000001, ...),
for scenes also regions.h5, and manifest.json with counts, label statistics, a hash of all records
and where they come from.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterable, Mapping
from typing import Any, Optional, TypedDict

import lmdb
import numpy as np
from google.protobuf.message import DecodeError

from allinone import files, folders, pictures, reading
from allinone.errors import InputError

LMDB, REGIONS, MANIFEST = "images.lmdb", "regions.h5", "manifest.json"
GROUPS = "groups.npy"  # of aligned faces: age and gender of each, to balance them
UNKNOWN = 255  # age or gender there
DROPPED = "dropped.jsonl"
KIND = folders.Kind(
    "database",
    holds=(LMDB, REGIONS, GROUPS, MANIFEST, DROPPED),
    proofs={MANIFEST: frozenset({"tower", "count", "hash"})},
)
PAGES = "data.mdb"  # of an LMDB
HASHED = (f"{LMDB}/{PAGES}", REGIONS, GROUPS)
AGAIN = "build the database again"
MAP_SIZE = 1 << 40  # address space, not disk: LMDB reserves nothing of it
TRANSACTION = 1000  # our choice: records that are written together
FEW = 10  # our choice: so many different values of a label are counted one by one


def _datum(**fields):
    """Return a Caffe Datum; imports Caffe, which takes a second and which most users never need."""
    from allinone.pycaffe import caffe_pb2

    return caffe_pb2.Datum(**fields)


class Writer:
    """Writes records to a new LMDB and hashes them on the way."""

    def __init__(self, folder: str) -> None:
        """Make the LMDB of a folder; InputError where it cannot be written."""
        self.path = os.path.join(folder, LMDB)
        with self._writing():
            self.environment = lmdb.open(os.fsencode(self.path), map_size=MAP_SIZE, sync=False)
            self.transaction = self.environment.begin(write=True)
        self.digest = hashlib.sha256()
        self.count = 0

    def add(self, jpeg: bytes, label: float, numbers: Iterable[float] = ()) -> None:
        """Append an encoded picture with an integer label and, where a label needs them, floats.

        InputError where the LMDB cannot be written.
        """
        floats = [float(number) for number in numbers]
        datum = _datum(data=jpeg, encoded=True, label=int(label), float_data=floats)
        value = datum.SerializeToString()
        with self._writing():
            self.transaction.put(b"%08d" % self.count, value, append=True)
            self.count += 1
            if self.count % TRANSACTION == 0:
                self.transaction.commit()
                self.transaction = self.environment.begin(write=True)
        self.digest.update(value)

    def close(self) -> str:
        """Finish the LMDB; return its hash. InputError where it cannot be written."""
        try:
            with self._writing():
                self.transaction.commit()
                self.environment.sync(True)
        finally:
            self.environment.close()
        return self.digest.hexdigest()

    @contextlib.contextmanager
    def _writing(self):
        try:
            yield
        except lmdb.Error as error:
            raise InputError(
                f"{self.path}: cannot be written ({error}); free space or choose another folder"
            ) from error


class Reader:
    """Reads records of a database by number."""

    def __init__(self, folder: str) -> None:
        """Open a database; InputError where there is none or it cannot be read."""
        self.folder = folder
        self.manifest = manifest(folder)
        path = os.path.join(folder, LMDB)
        try:
            self.environment = lmdb.open(
                os.fsencode(path), readonly=True, lock=False, readahead=False
            )
            self.transaction = self.environment.begin(buffers=True)
        except lmdb.Error as error:
            raise InputError(f"{folder}: no readable LMDB ({error}); {AGAIN}") from None
        self.count = self.environment.stat()["entries"]
        self._refuse_cut(os.path.join(path, PAGES))

    def _refuse_cut(self, path):
        """Raise InputError where pages are missing: LMDB would take the process with it."""
        pages = self.environment.info()["last_pgno"] + 1
        if os.path.getsize(path) < pages * self.environment.stat()["psize"]:
            raise InputError(f"{path}: cut off; {AGAIN}")
        if self.count != self.manifest["count"]:
            raise InputError(
                f"{path}: {self.count} records, {self.manifest['count']} by {MANIFEST}; {AGAIN}"
            )

    def __len__(self) -> int:
        return self.count

    def datum(self, index: int):
        """Return the Datum of a record; InputError where there is none or it is damaged."""
        datum = _datum()
        try:
            value = self.transaction.get(b"%08d" % index)
            if value is None:
                raise InputError(f"{self.folder}: record {index} is missing; {AGAIN}")
            datum.ParseFromString(bytes(value))
        except (lmdb.Error, DecodeError) as error:
            raise InputError(f"{self.folder}: record {index}: damaged ({error}); {AGAIN}") from None
        return datum

    def image(self, datum) -> np.ndarray:
        """Return the picture of a Datum as BGR uint8."""
        return pictures.decode_record(datum.data, f"{self.folder}: a record")


def groups(folder: str, count: int) -> np.ndarray:
    """Return age in years and gender (count, 2) of the faces of a database, or UNKNOWN.

    InputError where the database has none.
    """
    path = os.path.join(folder, GROUPS)
    if not os.path.isfile(path):
        raise InputError(f"{path}: missing, so that groups cannot be balanced; {AGAIN}")
    try:
        found = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise InputError(f"{path}: damaged ({error}); {AGAIN}") from None
    if found.dtype != np.uint8 or found.shape != (count, 2):
        raise InputError(f"{path}: is not of the {count} faces beside it; {AGAIN}")
    return found


def databases(folder: str) -> list[str]:
    """Return the databases of a tower.

    They are the folder itself or, where it holds one for each training set, the folders in it, by
    name. InputError where there is none.
    """
    if os.path.isfile(os.path.join(folder, MANIFEST)):
        return [folder]
    entries = os.scandir(folder) if os.path.isdir(folder) else ()
    inside = [entry.path for entry in entries if os.path.isfile(os.path.join(entry.path, MANIFEST))]
    if not inside:
        manifest(folder)  # says what is missing
    return sorted(inside)


class Origin(TypedDict, total=False):
    """Of a manifest: a records file that the database was built of."""

    sha256: str
    kind: str  # of a drawn set
    count: int


class _Needed(TypedDict):
    count: int  # records
    hash: str  # of what they hold


class Manifest(_Needed, total=False):
    """What a manifest must be, as far as it is read; it says more, for people."""

    input_size: int  # pixels
    descriptor: int  # numbers of a teacher's descriptor, which each record has
    eyes: float  # how far apart eye centres of aligned faces are, as a share of the side
    identities: int  # people; each is a class of the net that learns from it
    names: list[str]  # of the people by class, "" where it is not known
    dropped: dict[str, int]  # {why: how many faces}
    splits: Optional[list[str]]
    origin: list[Origin]
    files: dict[str, str]  # {path in the database: sha256}


def manifest(folder: str) -> dict[str, Any]:
    """Return the manifest of a database, see `Manifest`.

    InputError with the mend where there is none, or where the database is empty.
    """
    path = os.path.join(folder, MANIFEST)
    mend = "build the database first (python -m data_prep.build_db --help)"
    data = reading.read_json(path, mend, Manifest)
    if data["count"] < 1:
        raise InputError(
            f"{path}: the database holds 0 records; build it from records that have the labels"
        )
    people = data.get("identities", 1)  # of dropped faces too
    if not 1 <= people <= data["count"] + sum(data.get("dropped", {}).values()):
        raise InputError(f"{path}: 'identities' {people} is not from 1 to 'count'; {AGAIN}")
    return data


def people_of(found: Mapping[str, Any], folder: str) -> int:
    """Return how many people a manifest counts; InputError where it counts none."""
    if "identities" not in found:
        raise InputError(f"{folder}: its {MANIFEST} counts no people; {AGAIN} for tower id")
    return found["identities"]


def hashes(folder: str) -> dict[str, str]:
    """Return {path: sha256} of the files of a database, for its manifest."""
    there = [name for name in HASHED if os.path.isfile(os.path.join(folder, name))]
    return {name: files.sha256(os.path.join(folder, name)) for name in there}


def verify(folder: str) -> dict[str, Any]:
    """Return the manifest of a database after a look at every byte of it.

    InputError where a file is not the one that the database was built with: neither LMDB nor HDF5
    survives all damage.
    """
    found = manifest(folder)
    for name, digest in found.get("files", {}).items():
        reading.refuse_changed(os.path.join(folder, name), digest, MANIFEST, AGAIN)
    return found


def summary(values: Iterable[float]) -> dict[str, float]:
    """Return statistics of labels for the manifest: counts of few values, quantiles of many."""
    values = np.asarray(values, np.float64)
    if values.size == 0:
        return {}
    unique, counts = np.unique(values, return_counts=True)
    if len(unique) <= FEW:
        return {f"{value:g}": int(count) for value, count in zip(unique, counts)}
    low, middle, high = np.percentile(values, [5, 50, 95])
    return dict(
        different=len(unique),
        minimum=float(values.min()),
        percent5=float(low),
        median=float(middle),
        percent95=float(high),
        maximum=float(values.max()),
    )
