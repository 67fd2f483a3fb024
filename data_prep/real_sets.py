"""Small sets of real photographs as folders that the reader `custom` reads, from JSON lines with labels of people and of a teacher model.

    python -m data_prep.real_sets --real folder --out data/real

The folder holds celeba.jsonl, utkface.jsonl and photos.jsonl, a line for each picture: image (a path in the folder), split (train, test), and any of gender,
age, smile, identity, box, landmarks (AFLW's 21, null where unknown) and pose; or `faces`, a list of such. Nothing in it is changed: every set gets a
folder of its own with a link to the pictures and faces.jsonl. Of the training part a share is kept back for validation, whole people at a time.
"""

import argparse
import collections
import json
import os
import sys
import zlib

from allinone import files, record
from allinone.errors import InputError, command
from allinone.record import FaceRecord

SETS = ("celeba", "utkface", "photos")
HELD_BACK = 16  # our choice: of the training part one in so many is for validation
LEAST_PICTURES = 2  # our choice: people with fewer for training have no identity there: one picture teaches nothing of what stays the same
FIELDS = ("box", "pose", "gender", "age", "smile", "identity")


def split_of(line):
    """Return the part of a picture: train, val, test; the same for all pictures of a person."""
    split = line.get("split") or "test"
    who = str(line.get("identity", line["image"]))
    return "val" if split == "train" and zlib.crc32(who.encode()) % HELD_BACK == 0 else split


def faces_of(line, rare):
    """Yield the FaceRecords of a picture; one without any face gives one without a box. rare: people whose identity is left out in training."""
    faces = line.get("faces", [line])
    for face in faces or [{}]:
        labels = {name: face[name] for name in FIELDS if face.get(name) is not None}
        if split_of(line) == "train" and face.get("identity") in rare:
            labels.pop("identity", None)
        known = face.get("landmarks")
        yield FaceRecord(
            line["image"],
            landmarks=known,
            visibility=known and [None if point is None else 1 for point in known],
            split=split_of(line),
            ignore=int(bool(face.get("ignore"))) or None,
            **labels,
        )


def lines_of(path):
    """Yield the pictures of a file of JSON lines; InputError with the line that is none."""
    with open(path, encoding="utf-8") as lines:
        for number, text in enumerate(lines, 1):
            try:
                line = json.loads(text)
                line["image"]
            except (ValueError, KeyError, TypeError) as error:
                raise InputError(
                    f"{path}, line {number}: not a picture with its labels ({error}); mend or delete the line"
                ) from None
            yield line


def write(real, name, out):
    """Write the folder of a set; return how many faces it has."""
    source = os.path.join(real, f"{name}.jsonl")
    if not os.path.isfile(source):
        raise InputError(
            f"{source}: no such file; REAL names the folder of {', '.join(f'{one}.jsonl' for one in SETS)}"
        )
    folder, count = os.path.join(out, name), 0
    os.makedirs(folder, exist_ok=True)
    link = os.path.join(folder, name)
    if os.path.islink(link):
        os.remove(link)
    os.symlink(os.path.abspath(os.path.join(real, name)), link)
    pictures = list(lines_of(source))
    often = collections.Counter(line.get("identity") for line in pictures)
    rare = {who for who, number in often.items() if number < LEAST_PICTURES}
    with files.replacing(os.path.join(folder, "faces.jsonl")) as stream:
        for line in pictures:
            for face in faces_of(line, rare):
                stream.write(record.to_line(face))
                count += 1
    return count


@command
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--real", required=True, help="folder of the JSON lines and pictures")
    parser.add_argument("--out", required=True, help="folder that gets a folder for each set")
    args = parser.parse_args(argv)
    for name in SETS:
        print(f"{name}: {write(args.real, name, args.out)} faces")


if __name__ == "__main__":
    sys.exit(main())
