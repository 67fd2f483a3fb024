"""IJB-A (Klare et al. 2015): 500 people in pictures and frames of videos, in templates and splits.

Records are the faces that the protocol files name, each once. Two side files hold what evaluation
needs: templates.jsonl (split, part, template, subject, and its faces: picture, box, medium) and
comparisons.jsonl (split, and pairs of templates). A template whose pictures are all missing stays
in templates.jsonl: it cannot be enrolled, which the protocols count. The third point of a face, the
base of the nose, is none of the 21 landmarks.
"""

import os

from allinone import landmarks
from allinone.record import FaceRecord
from data_prep.reader import Dropped, Reader
from data_prep.tables import lines, number, numbers_of, table, whole_number

SPLITS = range(1, 11)
VERIFY, SEARCH, PICTURES = "IJB-A_11_sets", "IJB-A_1N_sets", "images"
TEMPLATES = f"{VERIFY}/split{{0}}/verify_metadata_{{0}}.csv"  # those that are compared
PARTS = (
    ("verify_train", f"{VERIFY}/split{{0}}/train_{{0}}.csv"),
    ("verify", TEMPLATES),
    ("search_train", f"{SEARCH}/split{{0}}/train_{{0}}.csv"),
    ("gallery", f"{SEARCH}/split{{0}}/search_gallery_{{0}}.csv"),
    ("probe", f"{SEARCH}/split{{0}}/search_probe_{{0}}.csv"),
)
COMPARISONS = f"{VERIFY}/split{{0}}/verify_comparisons_{{0}}.csv"
FILES = (*(path for _, path in PARTS), COMPARISONS)
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
    """Return (template, medium, FaceRecord) of a row; ValueError where a number is malformed."""
    x, y, width, height = numbers_of(row, BOX)
    marks = [None] * landmarks.COUNT
    for place, eye in EYES:
        point = [number(row[f"{eye}_{axis}"]) for axis in "xy"]
        marks[place] = None if None in point else point
    found = FaceRecord(
        f"{PICTURES}/{row['file']}",
        box=[x, y, x + width, y + height],
        landmarks=marks if any(marks) else None,
        identity=whole_number(row, "subject_id"),
    )
    return whole_number(row, "template_id"), row["media_id"], found


def protocol_files(folder):
    """Yield (split, part, path) of the protocol files of faces that are there."""
    for split in SPLITS:
        for part, name in PARTS:
            path = os.path.join(folder, name.format(split))
            if os.path.isfile(path):
                yield split, part, path


def faces_in(path):
    """Yield (template, medium, FaceRecord) of the rows of a protocol file, or a Dropped."""
    for place, row in table(path, COLUMNS):
        if isinstance(row, Dropped):
            yield row
            continue
        try:
            yield face(row)
        except ValueError as error:
            yield Dropped(place, "a number does not fit", str(error))


def comparison_files(folder):
    """Yield (split, file of templates, file of comparisons) where a split has both."""
    for split in SPLITS:
        paths = [os.path.join(folder, name.format(split)) for name in (TEMPLATES, COMPARISONS)]
        if all(map(os.path.isfile, paths)):
            yield split, *paths


def pairs_in(templates_path, path):
    """Yield (template, template) of each row of a file of comparisons, or a Dropped."""
    faces = (found for found in faces_in(templates_path) if not isinstance(found, Dropped))
    known = {template for template, _, _ in faces}
    for number_of_line, text in lines(path):
        place, words = f"{path}, line {number_of_line}", [word.strip() for word in text.split(",")]
        if not any(words):
            continue
        if len(words) != 2 or not all(word.isdecimal() for word in words):
            yield Dropped(place, "not two templates", text)
        elif not known.issuperset(map(int, words)):
            yield Dropped(place, "no such template", text)
        else:
            yield tuple(map(int, words))


def rows(folder):
    """Yield each face of the protocol files once, by picture, and the rows that are malformed.

    All faces are in memory together: those of a picture are in templates of their own people.
    """
    seen, by_picture = set(), {}
    for _, _, path in protocol_files(folder):
        for found in faces_in(path):
            if isinstance(found, Dropped):
                yield found
                continue
            _, _, record = found
            key = (record.image, *record.box)
            if key not in seen:
                seen.add(key)
                by_picture.setdefault(record.image, []).append(record)
    for faces in by_picture.values():
        yield from faces
    for _, *paths in comparison_files(folder):
        yield from (found for found in pairs_in(*paths) if isinstance(found, Dropped))


def templates(folder):
    """Yield the templates of the protocol files, file by file."""
    for split, part, path in protocol_files(folder):
        faces_of = {}
        for found in faces_in(path):
            if isinstance(found, Dropped):
                continue  # rows() names it
            template, medium, record = found
            faces = faces_of.setdefault((template, record.identity), [])
            faces.append([record.image, record.box, medium])
        for (template, subject), faces in faces_of.items():
            yield dict(split=split, part=part, template=template, subject=subject, faces=faces)


def comparisons(folder):
    """Yield the pairs of templates that each split compares."""
    for split, *paths in comparison_files(folder):
        pairs = [found for found in pairs_in(*paths) if not isinstance(found, Dropped)]
        yield dict(split=split, pairs=pairs)  # a malformed row is named by rows()


READER = Reader(
    name="ijba",
    title="IJB-A",
    needs=(PICTURES,),
    rows=rows,
    any_of=tuple(path.format(split) for split in SPLITS for path in FILES),
    tree="`IJB-A_11_sets/split{1..10}/{train,verify_metadata,verify_comparisons}_*.csv`, "
    "`IJB-A_1N_sets/split{1..10}/{train,search_gallery,search_probe}_*.csv`, "
    "`images/{img,frame}/*`",
    faces="500 people",
    ask="NIST",
    side_files={"templates.jsonl": templates, "comparisons.jsonl": comparisons},
)
