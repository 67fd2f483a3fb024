"""Pictures of records files on their way into the detection database: read, and searched.

Every records file is read once. Its pictures come in parts of region_cache.PART; each is decoded
and, where it is to be searched and was not yet, searched for regions. What was found is kept beside
the records as soon as a part is whole.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Callable, NamedTuple, Optional, Union

import numpy as np

from allinone import record
from allinone.errors import InputError
from allinone.parallel import Workers, in_order
from allinone.pictures import decode_image, read_bytes
from allinone.record import FaceRecord
from data_prep import region_cache
from data_prep.align_faces import encoded
from data_prep.reader import Dropped
from data_prep.region_cache import Found
from data_prep.sources import Reading, Splits, image_path, refuse_apart

CHUNK = 8  # our choice: pictures that a process reads at a time,
SEARCHED = 1  # and that it searches, which takes a second or more
NO_REGIONS = np.zeros((0, 4), np.float32)

Find = Callable[[np.ndarray], np.ndarray]  # from a BGR picture to its regions (n, 4)


def is_of(line: FaceRecord, splits: Splits) -> bool:
    """Tell whether a line is of some parts; of scenes that are made for learning none is named."""
    return splits is None or line.split is None or line.split in splits


class Source:
    """A records file of which a database is built."""

    def __init__(self, records: str, search=None) -> None:
        """Take a records file and how its pictures are searched for regions, None for not."""
        self.records, self.search, self.reading = records, search, Reading(records)

    def pictures(self) -> Iterator[Picture]:
        """Yield the pictures; to be called once. InputError as `sources.refuse_apart`."""
        pictures = itertools.groupby(self._faces(), key=lambda pair: pair[0].image)
        for name, lines in refuse_apart(pictures, self.records):
            faces, sizes = zip(*lines)
            yield Picture(self, name, faces, sum(sizes))

    def _faces(self):
        for number, text in self.reading.lines():
            yield record.parse(text, self.records, number), len(text)


@dataclass
class Picture:
    """A picture of a records file, with all of its lines."""

    source: Source
    name: str
    lines: Sequence[FaceRecord]
    size: int  # bytes of the lines

    def faces(self, splits: Splits) -> list[FaceRecord] | None:
        """Return the faces with a box in some splits, or None where the picture is not wanted.

        A picture with a face that has no box, or that is of another part, is not: it would teach
        that there is none. One of whose faces all are to be ignored teaches little.
        """
        wanted = [line for line in self.lines if is_of(line, splits)]
        hidden = any(line.box is None and (line.ignore or line.is_face()) for line in wanted)
        if len(wanted) < len(self.lines) or hidden:
            return None
        faces = [line for line in wanted if line.box is not None and not line.ignore]
        return None if self.ignored() and not faces else faces

    def ignored(self) -> list[list[float]]:
        """Return the boxes of the faces to be ignored: what is around them teaches nothing."""
        return [line.box for line in self.lines if line.ignore and line.box is not None]


class Job(NamedTuple):
    """What a process is to do with a picture."""

    path: str
    part: int  # number of the first picture of its part
    name: str
    faces: Optional[list[FaceRecord]]  # None: the picture is not wanted, only searched
    ignored: list[list[float]]  # boxes of faces that are neither asked for nor background
    size: int  # bytes of its lines
    known: Optional[Found]  # what an earlier search has found


class Read(NamedTuple):
    """What comes of a picture."""

    jpeg: Union[bytes, Dropped, None]  # None: not wanted
    found: Optional[Found]  # None: what was known holds, or nothing was searched for


def _in_parts(pictures: Iterable[Picture]) -> Iterator[list[Picture]]:
    pictures = iter(pictures)
    while True:
        part = list(itertools.islice(pictures, region_cache.PART))
        if not part:
            return
        yield part


def jobs_of(source: Source, pictures: Iterable[Picture], splits: Splits) -> Iterator[Job]:
    """Yield the jobs of a source's pictures.

    Parts without a line in the splits are left out. Where others are searched, all of their
    pictures are, so that they are whole, whatever splits are wanted next.
    """
    start = 0
    for part in _in_parts(pictures):
        lines = itertools.chain.from_iterable(picture.lines for picture in part)
        if any(is_of(line, splits) for line in lines):
            known = None
            if source.search:
                names = [picture.name for picture in part]
                known = region_cache.load(source.records, start, names, source.search)
            for picture, found in zip(part, known or [None] * len(part)):
                faces = picture.faces(splits)
                if source.search or faces is not None:
                    path = image_path(source.records, picture.name)
                    ignored = picture.ignored()
                    yield Job(path, start, picture.name, faces, ignored, picture.size, found)
        start += len(part)


def read_pictures(jobs: Sequence[Job], find: Optional[Find]) -> list[Read]:
    """Return what comes of some pictures; find: the search, None for none."""
    return [read_picture(job, find) for job in jobs]


def read_picture(job: Job, find: Optional[Find]) -> Read:
    """Return what comes of a picture: its JPEG, and what a search finds that is not known yet."""
    if job.faces is None and job.known:
        return Read(None, None)
    digest, image = "", None
    try:
        data = read_bytes(job.path)
        digest = hashlib.sha256(data).hexdigest()
        image = decode_image(data, job.path)  # refuses what cannot be decoded
        jpeg = _as_jpeg(job, data, image)
    except InputError as error:
        jpeg = Dropped(job.path, "unreadable picture", str(error))
    found = None
    if find and (job.known is None or job.known.sha256 != digest):
        found = Found(digest, NO_REGIONS if image is None else find(image))
    return Read(jpeg, found)


def _as_jpeg(job, data, image):
    """Return a picture as JPEG: the file's own bytes where it is one, encoding again would blur."""
    if job.faces is None:
        return None
    return data if job.path.lower().endswith((".jpg", ".jpeg")) else encoded(image)


def read_source(
    source: Source, pictures: Iterable[Picture], splits: Splits, workers: Workers
) -> Iterator[tuple[Job, Union[bytes, Dropped, None], np.ndarray]]:
    """Yield (job, JPEG, proposals (n, 4)) of a source's pictures, in their order.

    In place of a JPEG stands Dropped where there is none, and None where it is not wanted. What
    was searched is kept beside the records.
    """
    search, jobs = source.search, jobs_of(source, pictures, splits)
    find = search.find if search else None
    if find and not (search.in_processes or isinstance(workers, str)):
        results = ((job, read_picture(job, find)) for job in jobs)
    else:
        work = functools.partial(read_pictures, find=find)
        results = in_order(work, jobs, workers, SEARCHED if find else CHUNK)
    for start, part in itertools.groupby(results, key=lambda result: result[0].part):
        names, found, is_new = [], [], False
        for job, read in part:
            names.append(job.name)
            found.append(read.found or job.known)
            is_new = is_new or read.found is not None
            yield job, read.jpeg, found[-1].proposals if find else NO_REGIONS
        if is_new:
            region_cache.save(source.records, start, names, found, search)
