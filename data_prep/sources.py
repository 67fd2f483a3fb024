"""Records files as sources of databases: where their pictures are, which part is taken, where they come from."""
import os

from allinone import files, record

SET = "set.json"   # what data_prep.synthetic leaves beside its records


def image_path(records, name):
    """Return the path of a picture that a records file names."""
    return os.path.join(os.path.dirname(records), name)


def of_splits(records, splits):
    """Yield the annotations of a records file that belong to some splits, all for None."""
    return (annotation for annotation in record.read(records) if splits is None or annotation.split in splits)


def origin_of(records):
    """Return where records come from: path, hash and, for a drawn set, its kind, count and seed."""
    drawn = os.path.join(os.path.dirname(records), SET)
    settings = files.read_json(drawn, "draw the set again") if os.path.isfile(drawn) else {}
    known = {name: settings[name] for name in ("kind", "count", "identities", "seed") if name in settings}
    return dict(records=records, sha256=files.sha256(records), **known)
