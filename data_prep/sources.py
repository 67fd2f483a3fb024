"""Records files as sources of databases: where their pictures are, which part is taken, where they come from."""

import os

from allinone import files
from data_prep.conversion import SUMMARY

SET = "set.json"  # what data_prep.synthetic leaves beside its records


def image_path(records, name):
    """Return the path of a picture that a records file names."""
    return os.path.join(os.path.dirname(records), name)


def origin_of(records):
    """Return where records come from: path, hash, for a drawn set its kind, count and seed, for a converted one its summary."""
    drawn = os.path.join(os.path.dirname(records), SET)
    settings = files.read_json(drawn, "draw the set again") if os.path.isfile(drawn) else {}
    known = {
        name: settings[name] for name in ("kind", "count", "identities", "seed") if name in settings
    }
    summary = os.path.join(os.path.dirname(records), SUMMARY)
    if os.path.isfile(summary):
        known["summary"] = files.read_json(summary, "convert the set again")
    return dict(records=records, sha256=files.sha256(records), **known)
