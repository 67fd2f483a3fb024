"""IJB-A (Klare et al. 2015): 500 people in pictures and frames of videos, grouped into templates, in ten splits.

Records are the faces that the protocol files name, each once. What the splits make of them is written beside: templates.jsonl (split,
part, template, subject and its faces: picture, box, medium) and comparisons.jsonl (split and pairs of templates). A template
whose faces are all dropped stays there: it cannot be enrolled, which the protocols count. The third point, the base of the nose, is
none of AFLW's 21.
"""

import json
import os

from allinone import files
from allinone.errors import InputError
from allinone.record import FaceRecord
from data_prep.reader import Dropped, Reader
from data_prep.tables import lines, number, table

SPLITS = range(1, 11)
VERIFY, SEARCH = "IJB-A_11_sets", "IJB-A_1N_sets"
PARTS = (
    ("verify_train", f"{VERIFY}/split{{0}}/train_{{0}}.csv"),
    ("verify", f"{VERIFY}/split{{0}}/verify_metadata_{{0}}.csv"),
    ("search_train", f"{SEARCH}/split{{0}}/train_{{0}}.csv"),
    ("gallery", f"{SEARCH}/split{{0}}/search_gallery_{{0}}.csv"),
    ("probe", f"{SEARCH}/split{{0}}/search_probe_{{0}}.csv"),
)
COMPARISONS = f"{VERIFY}/split{{0}}/verify_comparisons_{{0}}.csv"
NEEDS = ("images",)
ANY_OF = tuple(
    path.format(split) for split in SPLITS for path in (*(path for _, path in PARTS), COMPARISONS)
)
BOX = ("face_x", "face_y", "face_width", "face_height")
EYES = ((7, "right_eye"), (10, "left_eye"))  # the person's right eye is the left one in the image
COLUMNS = (
    "template_id",
    "subject_id",
    "file",
    "media_id",
    *BOX,
    *(f"{eye}_{axis}" for _, eye in EYES for axis in "xy"),
)


def face(row):
    """Return (template, medium, FaceRecord) of a row; ValueError where a number does not fit."""
    x, y, width, height = (float(row[column]) for column in BOX)
    marks = [None] * 21
    for place, eye in EYES:
        point = [number(row[f"{eye}_{axis}"]) for axis in "xy"]
        marks[place] = None if None in point else point
    return (
        int(row["template_id"]),
        row["media_id"],
        FaceRecord(
            f"images/{row['file']}",
            box=[x, y, x + width, y + height],
            landmarks=marks if any(marks) else None,
            identity=int(row["subject_id"]),
        ),
    )


def pairs(path):
    """Return [[template, template]] of a file of comparisons; InputError where a line does not fit."""
    found = []
    for place, text in lines(path):
        try:
            first, second = map(int, text.split(","))
        except ValueError:
            raise InputError(
                f"{path}, line {place}: must hold two numbers of templates, is '{text}'; get the file again"
            ) from None
        found.append([first, second])
    return found


def rows(folder):
    """Yield the records of all protocol files that are there; writes templates.jsonl and comparisons.jsonl."""
    seen = set()
    with files.replacing(os.path.join(folder, "comparisons.jsonl")) as stream:
        for split in SPLITS:
            path = os.path.join(folder, COMPARISONS.format(split))
            if os.path.isfile(path):
                stream.write(json.dumps(dict(split=split, pairs=pairs(path))) + "\n")
    with files.replacing(os.path.join(folder, "templates.jsonl")) as stream:
        for split in SPLITS:
            for part, name in PARTS:
                path, templates = os.path.join(folder, name.format(split)), {}
                for place, row in table(path, COLUMNS) if os.path.isfile(path) else ():
                    try:
                        template, medium, found = (
                            (None, None, row) if isinstance(row, Dropped) else face(row)
                        )
                    except ValueError as error:
                        found = Dropped(place, "a number does not fit", str(error))
                    if isinstance(found, Dropped):
                        yield found
                        continue
                    templates.setdefault((template, found.identity), []).append(
                        [found.image, found.box, medium]
                    )
                    key = (found.image, *found.box)
                    if key not in seen:
                        seen.add(key)
                        yield found
                for (template, subject), faces in templates.items():
                    stream.write(
                        json.dumps(
                            dict(
                                split=split,
                                part=part,
                                template=template,
                                subject=subject,
                                faces=faces,
                            )
                        )
                        + "\n"
                    )


READER = Reader(
    name="ijba",
    title="IJB-A",
    needs=NEEDS,
    rows=rows,
    any_of=ANY_OF,
)
