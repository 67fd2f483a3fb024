"""Pictures of one's own: faces.csv or faces.jsonl with picture, box and whatever labels are known.

faces.csv has the column image and any of: x1, y1, x2, y2; split (train, val, test); identity (any
name or word); gender (m, f, male, female, 0, 1) and the other yes-or-no tasks of allinone.tasks (0,
1, yes, no, true, false or the task's words); age and age_sigma; roll, pitch, yaw in degrees;
<landmark>_x, <landmark>_y and <landmark>_visibility for the landmarks' names in allinone.landmarks.
Column names may be in large or small letters. A field that is empty, or what programs write for it
(UNKNOWN), is unknown. A row without any label is a picture without a face. faces.jsonl holds
records (allinone/record.py), and is read where there is no faces.csv. Rows of one picture need not
stand together. data_prep/parts.py says what happens without a split.
"""

import os

from allinone import landmarks, record, tasks
from allinone.errors import InputError
from allinone.record import FaceRecord
from data_prep import parts
from data_prep.reader import Dropped, Reader
from data_prep.tables import codes_of, numbers_of, table

TABLE, LINES = "faces.csv", "faces.jsonl"
BOX, POSE = ("x1", "y1", "x2", "y2"), ("roll", "pitch", "yaw")
NAMES = tuple(name.lower() for name in landmarks.NAMES)
# What pandas, R, Excel and databases write for a value that is none, in small letters.
UNKNOWN = {"", "nan", "-nan", "nat", "none", "null", "<na>", "na", "n/a", "#n/a", "#na"}
INDEX = ("", "unnamed: 0")  # the column without a name that pandas writes first
YES = {"no": 0, "yes": 1, "false": 0, "true": 1}  # of tasks whose words are "no <word>", "<word>"


def columns_of(task):
    """Return the columns of the table that hold a task's label."""
    if task.kind == tasks.NUMBER:
        return (task.label, f"{task.label}_sigma")
    if task.kind == tasks.POINTS:
        return tuple(f"{name}_{axis}" for name in NAMES for axis in "xy")
    if task.kind == tasks.VISIBILITY:
        return tuple(f"{name}_visibility" for name in NAMES)
    if task.kind == tasks.ANGLES:
        return POSE
    return BOX if task.label == "box" else (task.label,)


def known_columns():
    """Return all columns that a table may have, those of landmarks last."""
    some = ("image", "split")
    for task in sorted(tasks.TASKS, key=lambda task: task.kind in (tasks.POINTS, tasks.VISIBILITY)):
        some += columns_of(task)
    return some


def _numbers(row, columns):
    """Return the numbers in some columns; None where all are empty; ValueError where some are."""
    return numbers_of(row, columns) if any(row.get(column) for column in columns) else None


def _points(row, columns):
    """Return [[x, y] or None] of columns x, y, x, y, ...; None where all are empty."""
    points = [_numbers(row, columns[at : at + 2]) for at in range(0, len(columns), 2)]
    return points if any(points) else None


def _without_zero(text):
    """Return a whole number as such where pandas has made it 12.0, any other text as it is."""
    whole = text[:-2]
    return whole if text.endswith(".0") and whole.isdecimal() else text


def _code(text, task):
    """Return 0 or 1; ValueError where the text is no class of a task."""
    codes = codes_of(task)
    if task.words[0] == f"no {task.words[1]}":
        codes = {**codes, **YES}
    word = _without_zero(text).lower()
    if word not in codes:
        raise ValueError(f"{task.label} must be one of {', '.join(codes)}, is '{text}'")
    return codes[word]


def labels_of(row, task, people):
    """Return {field of FaceRecord: value} of one task's columns; ValueError where one is malformed.

    row: {column: text}. people: {word: number} of the identities, which grows.
    """
    columns = columns_of(task)
    if not any(row.get(column) for column in columns):
        return {}
    if task.kind == tasks.NUMBER:
        known = [column for column in columns if row.get(column)]
        return dict(zip(known, numbers_of(row, known)))
    if task.kind == tasks.POINTS:
        return {task.label: _points(row, columns)}
    if task.kind == tasks.VISIBILITY:
        shares = [_numbers(row, (column,)) for column in columns]
        return {task.label: [share[0] if share else None for share in shares]}
    if task.kind == tasks.DESCRIPTOR:
        name = _without_zero(row[task.label])
        return {task.label: people.setdefault(name, len(people)), "name": name}
    if len(columns) > 1:  # the box or the angles
        return {task.label: _numbers(row, columns)}
    return {task.label: _code(row[task.label], task)}


def face(row, people):
    """Return the FaceRecord of a row of the table; ValueError where a field is malformed."""
    labels, image = {}, row["image"]
    row = {column: "" if text.lower() in UNKNOWN else text for column, text in row.items()}
    for task in tasks.TASKS:
        labels.update(labels_of(row, task, people))
    split = row.get("split")
    return FaceRecord(image, split=parts.part_in_words(split) if split else None, **labels)


def refuse_unknown(columns, path):
    """Raise InputError where a table has columns that are no label: a typing error loses labels."""
    known = known_columns()
    unknown = sorted(set(columns) - {*known, *INDEX})
    if unknown:
        points = {f"{name}_{part}" for name in NAMES for part in ("x", "y", "visibility")}
        some = ", ".join(column for column in known if column not in points)
        raise InputError(
            f"{path}: unknown column {', '.join(unknown)}; known are {some} and <landmark>_x, "
            "<landmark>_y, <landmark>_visibility; rename or delete the column"
        )


def records_in(path):
    """Yield the records of faces.jsonl, and a Dropped for each line that is none."""
    for number, text in record.lines(path):
        place = f"{path}, line {number}"
        try:
            found = record.parse(text, path, number)
            found.split = parts.part_in_words(found.split) if found.split else None
            yield found
        except InputError as error:
            yield Dropped(place, "not a record", str(error))
        except ValueError as error:
            yield Dropped(place, "a field does not fit", str(error))


def records_of_table(path):
    """Yield the records of faces.csv, and a Dropped for each row that is none."""
    people = {}
    for place, row in table(path, ("image",)):
        if isinstance(row, Dropped):
            yield row
            continue
        refuse_unknown(row, path)
        try:
            yield face(row, people)
        except ValueError as error:
            yield Dropped(place, "a field does not fit", str(error))


def one_spelling(folder, known, image):
    """Return the path of a picture as it was spelt first, so that a.jpg and ./a.jpg are one.

    known: {real path: path as spelt first}, which grows. Separators of Windows count where there is
    no file of that name.
    """
    if "\\" in image and not os.path.exists(os.path.join(folder, image)):
        image = image.replace("\\", "/")
    return known.setdefault(os.path.realpath(os.path.join(folder, image)), os.path.normpath(image))


def rows(folder):
    """Yield the rows of faces.csv, or of faces.jsonl where there is no faces.csv.

    Prints what of the parts is made by the rule, and who is learnt from and tested on as well. All
    records are in memory together: those of a picture may stand anywhere.
    """
    path, pictures, known = os.path.join(folder, TABLE), {}, {}
    is_table = os.path.isfile(path)
    found = records_of_table(path) if is_table else records_in(os.path.join(folder, LINES))
    for number, row in enumerate(found):
        if not isinstance(row, Dropped):
            row.image = one_spelling(folder, known, row.image)
        key = number if isinstance(row, Dropped) else row.image
        pictures.setdefault(key, []).append(row)
    by_picture = [rows for key, rows in pictures.items() if isinstance(key, str)]
    made = parts.fill(by_picture)
    if made:
        print(f"  {made}")
    both = parts.in_both(face for faces in by_picture for face in faces)
    if both:
        print(f"  people in train and in test, whom the figure of identity flatters: {len(both)}")
    for some in pictures.values():
        yield from some


READER = Reader(
    name="custom",
    title="a set of your own",
    needs=("faces.*",),
    rows=rows,
    tree="`faces.csv` or `faces.jsonl`, and the pictures that they name",
    faces="yours",
    by_hand=True,
    splits=parts.PARTS,
    if_named=dict.fromkeys(tasks.TOWERS, (parts.TRAIN,)),
    validates_if_named=dict.fromkeys(tasks.TOWERS, (parts.VAL,)),
)
