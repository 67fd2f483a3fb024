"""Databases: LMDB of Caffe Datum records with a manifest, HDF5 for regions.

A database is a folder: `images.lmdb` (JPEG-encoded Datum records under keys 00000000, 00000001, ...), for scenes also
`regions.h5`, and `manifest.json` with counts, label statistics, a hash of all records and where they come from.
"""

import hashlib
import os

import lmdb
import numpy as np

from allinone import files
from allinone.errors import InputError

LMDB, REGIONS, MANIFEST = "images.lmdb", "regions.h5", "manifest.json"
MAP_SIZE = 1 << 40  # address space, not disk: LMDB reserves nothing of it


def _datum(**fields):
    from caffe.proto import (
        caffe_pb2,
    )  # late: Caffe takes a second to import, and the processes that build databases need none of it

    return caffe_pb2.Datum(**fields)


class Writer:
    """Write records to a new LMDB and hash them on the way."""

    def __init__(self, folder):
        self.environment = lmdb.open(os.path.join(folder, LMDB), map_size=MAP_SIZE, sync=False)
        self.transaction, self.count, self.digest = (
            self.environment.begin(write=True),
            0,
            hashlib.sha256(),
        )

    def add(self, jpeg, label, numbers=()):
        """Append a picture (encoded bytes) with an integer label and, where a label needs them, floats."""
        datum = _datum(
            data=jpeg, encoded=True, label=int(label), float_data=[float(n) for n in numbers]
        )
        value = datum.SerializeToString()
        try:
            self.transaction.put(b"%08d" % self.count, value, append=True)
            self.count += 1
            if self.count % 1000 == 0:
                self.transaction.commit()
                self.transaction = self.environment.begin(write=True)
        except lmdb.Error as error:
            raise InputError(
                f"{self.environment.path()}: cannot be written ({error}); free space or choose another folder"
            ) from error
        self.digest.update(value)

    def close(self):
        """Finish the LMDB; return its hash."""
        try:
            self.transaction.commit()
            self.environment.sync(True)
        except lmdb.Error as error:
            raise InputError(
                f"{self.environment.path()}: cannot be written ({error}); free space or choose another folder"
            ) from error
        finally:
            self.environment.close()
        return self.digest.hexdigest()


class Reader:
    """Read records of a database by number."""

    def __init__(self, folder):
        self.folder = folder
        self.manifest = manifest(folder)
        try:
            self.environment = lmdb.open(
                os.path.join(folder, LMDB), readonly=True, lock=False, readahead=False
            )
        except lmdb.Error as error:
            raise InputError(
                f"{folder}: no readable LMDB ({error}); build the database again"
            ) from None
        self.transaction = self.environment.begin(buffers=True)
        self.count = self.environment.stat()["entries"]

    def __len__(self):
        return self.count

    def datum(self, index):
        """Return the Datum of a record."""
        value = self.transaction.get(b"%08d" % index)
        if value is None:
            raise InputError(f"{self.folder}: record {index} is missing; build the database again")
        datum = _datum()
        datum.ParseFromString(bytes(value))
        return datum

    def image(self, datum):
        """Return the picture of a Datum as BGR uint8."""
        return files.decode_image(datum.data, f"{self.folder}: a record")


def databases(folder):
    """Return the databases of a tower: the folder itself, or the folders in it, by name, where it holds one per training set."""
    if os.path.isfile(os.path.join(folder, MANIFEST)):
        return [folder]
    inside = (
        sorted(
            entry.path
            for entry in os.scandir(folder)
            if os.path.isfile(os.path.join(entry.path, MANIFEST))
        )
        if os.path.isdir(folder)
        else []
    )
    if not inside:
        manifest(folder)  # says what is missing
    return inside


def manifest(folder):
    """Return the manifest of a database; InputError with the mend where there is none or it is empty."""
    data = files.read_json(
        os.path.join(folder, MANIFEST),
        "build the database first (python -m data_prep.build_db --help)",
    )
    if not data.get("count"):
        raise InputError(
            f"{folder}/{MANIFEST}: the database holds 0 records; build it from records that have the labels"
        )
    return data


def summary(values):
    """Return statistics of a list of labels for the manifest: a histogram of few values, quantiles of many."""
    values = np.asarray(values, np.float64)
    if values.size == 0:
        return {}
    unique, counts = np.unique(values, return_counts=True)
    if len(unique) <= 10:
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
