"""The parts of a set of one's own: what is learnt from, what is validated on, what is tested on.

Where a set names no part at all, a fifth of its pictures is for testing and a tenth for validation;
where it names some, but none for validation, a tenth of what is learnt from. Whole people are
chosen, or pictures where few people are known, in an order that a seed decides.
"""

from __future__ import annotations

import collections
import zlib
from collections.abc import Iterable, Sequence

from allinone.record import FaceRecord

TRAIN, VAL, TEST = "train", "val", "test"
PARTS = (TRAIN, VAL, TEST)
OTHER_WORDS = {"training": TRAIN, "validation": VAL, "valid": VAL, "testing": TEST}
SHARES = {TEST: 0.2, VAL: 0.1}  # our choice
FEW = 10  # our choice: people; of fewer a part would be one or two
SEED = "parts 1"


def part_in_words(text: str) -> str:
    """Return the part that a word names; ValueError where it names none."""
    word = text.lower()
    part = OTHER_WORDS.get(word, word)
    if part not in PARTS:
        raise ValueError(f"split must be one of {', '.join(PARTS)}, is '{text}'")
    return part


def who(face: FaceRecord) -> str:
    """Return a face's person in words, "" where nobody knows."""
    return face.name or ("" if face.identity is None else f"person {face.identity}")


def fill(pictures: Iterable[Sequence[FaceRecord]]) -> str:
    """Give every face of some pictures a part; return in words what was chosen, "" for nothing.

    pictures: the faces of each. All faces of a picture are in one part, the last of PARTS that one
    of them names, since what is tested on must not be learnt from.
    """
    pictures = [list(faces) for faces in pictures]
    named = {face.split for faces in pictures for face in faces if face.split}
    moved = sum(_unite(faces) for faces in pictures)
    shares = {} if VAL in named else {VAL: SHARES[VAL]}
    learnt = [faces for faces in pictures if _is_learnt_from(faces)]
    groups, counts = _in_order(learnt), {}
    for part, share in (shares if named else SHARES).items():
        counts[part] = _take(groups, part, share * len(learnt))
    chosen = ", ".join(f"{count} {part}" for part, count in counts.items() if count)
    known = f"parts named: {', '.join(sorted(named))}" if named else "no part is named"
    said = [f"{known}; pictures chosen by a seed: {chosen}"] if chosen else []
    if moved:
        said.append(f"pictures with faces of several parts, now in the last of them: {moved}")
    return "; ".join(said)


def _unite(faces):
    """Give the faces of a picture one part; tell whether they named several."""
    parts = {face.split for face in faces if face.split} or {TRAIN}
    for face in faces:
        face.split = max(parts, key=PARTS.index)
    return len(parts) > 1


def _is_learnt_from(faces):
    return all(face.split == TRAIN for face in faces)


def _in_order(pictures):
    """Return the pictures of each person, or single ones, in the seed's order."""
    people = {who(face) for faces in pictures for face in faces} - {""}
    groups = collections.defaultdict(list)
    for faces in pictures:
        person = next((who(face) for face in faces if who(face)), "")
        groups[person if person and len(people) >= FEW else f"/{faces[0].image}"].append(faces)
    return [groups[key] for key in sorted(groups, key=_place)]


def _place(key):
    return zlib.crc32(f"{SEED} {key}".encode("utf-8", "surrogateescape")), key


def _take(groups, part, wanted):
    """Give groups a part, and take them away, until so many pictures have it; return how many."""
    count = 0
    while count < wanted and len(groups) > 1:
        for faces in groups.pop():
            count += 1
            for face in faces:
                face.split = part
    return count


def in_both(faces: Iterable[FaceRecord]) -> list[str]:
    """Return the people who are learnt from and tested on as well."""
    parts = collections.defaultdict(set)
    for face in faces:
        parts[who(face)].add(face.split)
    return sorted(person for person, some in parts.items() if person and {TRAIN, TEST} <= some)
