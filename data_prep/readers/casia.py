"""CASIA-WebFace (Yi et al. 2014): 494,414 pictures of 10,575 people, a numbered folder for each.

The paper trains on 10,548 people without saying which; 27 are in IJB-A too. The optional file
overlap.txt names the folders to leave out. Without it the people with fewest pictures are left out
until 10,548 remain (our choice). The set has no genders; the optional file genders.csv (columns id,
gender) gives them. Pictures are 250x250 around a face; its box is their middle half (our choice).
"""

import os

from allinone import tasks
from allinone.errors import InputError
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


def people_to_keep(folder, limit=PAPER.identities):
    """Return the folders of the people that are kept, sorted."""
    with os.scandir(folder) as entries:
        people = sorted(one.name for one in entries if one.is_dir() and one.name.isdigit())
    overlap = os.path.join(folder, OVERLAP)
    if os.path.isfile(overlap):
        left_out = {text.strip() for _, text in lines(overlap)}
        return [person for person in people if person not in left_out]
    if len(people) <= limit:
        return people
    most_first = sorted(people, key=lambda person: (-len(pictures_of(folder, person)), person))
    return sorted(most_first[:limit])


def genders(path):
    """Return {id: gender} of a table with the columns id and gender; {} where there is no file."""
    if not os.path.isfile(path):
        return {}
    found, codes = {}, codes_of(tasks.BY_NAME["gender"])
    for place, row in table(path, ("id", "gender")):
        code = None if isinstance(row, Dropped) else codes.get(row["gender"].lower())
        if code is None:
            raise InputError(
                f"{place}: must hold an id and a gender ({', '.join(codes)}); mend the line"
            )
        found[row["id"]] = code
    return found


def rows(folder):
    """Yield the pictures of the people that are kept; identity is the number of the folder."""
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
    needs=("[0-9]*",),
    rows=rows,
    optional=(OVERLAP, GENDERS),
    tree="`0000045/001.jpg`, ...; optional `overlap.txt` (people to leave out), `genders.csv` "
    "(id, gender)",
    faces="494,414 of 10,575 people",
    ask="CBSR, Chinese Academy of Sciences",
    trains={"gender": None, "id": None},
)
