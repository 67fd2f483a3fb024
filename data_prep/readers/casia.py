"""CASIA-WebFace (Yi et al. 2014): 494,414 pictures of 10,575 people, a folder each, named by a number.

The paper trains on 10,548 subjects without saying which; 27 people are in IJB-A too. `overlap.txt`, if the user has one,
names the folders to leave out; without it the people with fewest pictures are left out until 10,548 remain (our choice).
`genders.csv`, if there is one (columns id, gender), gives genders, which the set itself has not. A face has no box: the
pictures are crops of 250x250 around it, and its box is their middle half (our choice).
"""

import os

from allinone.errors import InputError
from allinone.profiles import PAPER
from allinone.record import FaceRecord
from data_prep.reader import Dropped, Reader
from data_prep.tables import GENDER_CODES, lines, table

NEEDS = ("[0-9]*",)
OVERLAP, GENDERS = "overlap.txt", "genders.csv"
SUFFIXES = (".jpg", ".jpeg", ".png")
BOX = [62.5, 62.5, 187.5, 187.5]


def pictures_of(folder, person):
    """Return a person's pictures by name."""
    return sorted(
        name for name in os.listdir(os.path.join(folder, person)) if name.lower().endswith(SUFFIXES)
    )


def people_to_keep(folder, limit=PAPER.identities):
    """Return the folders of the people that stay, by name."""
    people = sorted(
        entry.name for entry in os.scandir(folder) if entry.is_dir() and entry.name.isdigit()
    )
    overlap = os.path.join(folder, OVERLAP)
    if os.path.isfile(overlap):
        out = {text.strip() for _, text in lines(overlap)}
        return [person for person in people if person not in out]
    if len(people) <= limit:
        return people
    most_first = sorted(people, key=lambda person: (-len(pictures_of(folder, person)), person))
    return sorted(most_first[:limit])


def genders(path):
    """Return {id: gender} of a table with the columns id and gender; {} where there is none."""
    if not os.path.isfile(path):
        return {}
    found = {}
    for place, row in table(path, ("id", "gender")):
        code = None if isinstance(row, Dropped) else GENDER_CODES.get(row["gender"].lower())
        if code is None:
            raise InputError(f"{place}: must hold an id and one of {', '.join(GENDER_CODES)}")
        found[row["id"]] = code
    return found


def rows(folder):
    """Yield the records of the people that stay; identity is the folder's number."""
    known = genders(os.path.join(folder, GENDERS))
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
    needs=NEEDS,
    rows=rows,
    trains={"gender": None, "id": None},
)
