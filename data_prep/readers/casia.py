"""CASIA-WebFace (Yi et al. 2014): 494,414 pictures of 10,575 people, a numbered folder for each.

The paper trains on 10,548 people without saying which; 27 are in IJB-A too. The optional file
overlap.txt names the folders to leave out. Without it the people with fewest pictures are left out
until 10,548 remain (our choice). The set has no genders; the optional file genders.csv (columns id,
gender) gives them. Pictures are 250x250 around a face; its box is their middle half (our choice).
"""

import os

from allinone import tasks
from allinone.profiles import PAPER
from allinone.record import FaceRecord
from data_prep.reader import Dropped, Reader
from data_prep.tables import codes_of, lines, table

OVERLAP, GENDERS = "overlap.txt", "genders.csv"
SUFFIXES = (".jpg", ".jpeg", ".png")
BOX = [62.5, 62.5, 187.5, 187.5]


def pictures_of(folder, person):
    """Return the names of a person's pictures, sorted."""
    names = os.listdir(os.path.join(folder, person))
    return sorted(name for name in names if name.lower().endswith(SUFFIXES))


def is_person(folder, name):
    """Tell whether a folder holds the folder of a person of this name."""
    return name.isdecimal() and os.path.isdir(os.path.join(folder, name))


def overlap(folder):
    """Yield the people that overlap.txt names, and a Dropped for each line that names none."""
    path = os.path.join(folder, OVERLAP)
    for number, text in lines(path):
        name = text.strip()
        if is_person(folder, name):
            yield name
        elif name:
            yield Dropped(f"{path}, line {number}", "no such person", name)


def people_to_keep(folder, limit=PAPER.identities):
    """Return the folders of the people that are kept, sorted."""
    people = sorted(name for name in os.listdir(folder) if is_person(folder, name))
    if os.path.isfile(os.path.join(folder, OVERLAP)):
        left_out = {found for found in overlap(folder) if not isinstance(found, Dropped)}
        return [person for person in people if person not in left_out]
    if len(people) <= limit:
        return people
    most_first = sorted(people, key=lambda person: (-len(pictures_of(folder, person)), person))
    return sorted(most_first[:limit])


def genders(folder):
    """Yield (person, gender) of each row of genders.csv, or a Dropped."""
    codes = codes_of(tasks.BY_NAME["gender"])
    for place, row in table(os.path.join(folder, GENDERS), ("id", "gender")):
        if isinstance(row, Dropped):
            yield row
        elif row["gender"].lower() not in codes:
            words = f"must be one of {', '.join(codes)}, is '{row['gender']}'"
            yield Dropped(place, "gender does not fit", words)
        elif not is_person(folder, row["id"]):
            yield Dropped(place, "no such person", row["id"])
        else:
            yield row["id"], codes[row["gender"].lower()]


def rows(folder):
    """Yield the pictures of the people that are kept; identity is the number of the folder."""
    known = {}
    if os.path.isfile(os.path.join(folder, OVERLAP)):
        yield from (found for found in overlap(folder) if isinstance(found, Dropped))
    if os.path.isfile(os.path.join(folder, GENDERS)):
        for found in genders(folder):
            if isinstance(found, Dropped):
                yield found
            else:
                person, code = found
                known[person] = code
    for person in people_to_keep(folder):
        names = pictures_of(folder, person)
        if not names:
            yield Dropped(person, "person without pictures")
        for name in names:
            yield FaceRecord(
                f"{person}/{name}", box=list(BOX), identity=int(person), gender=known.get(person)
            )


READER = Reader(
    name="casia",
    title="CASIA-WebFace",
    needs=("[0-9]*",),
    rows=rows,
    optional=(OVERLAP, GENDERS),
    tree="`0000045/001.jpg`, ...; optional `overlap.txt` (people to leave out), `genders.csv` "
    "(id, gender)",
    faces="494,414 of 10,575 people",
    ask="CBSR, Chinese Academy of Sciences",
    trains={"gender": None, "id": None},
)
