"""The database of the detection tower: whole pictures, their faces and their region proposals.

Every records file is read once; memory stays flat.
"""

from __future__ import annotations

import array
import collections
import dataclasses
import itertools
import json
import os
from collections.abc import Iterator, Sequence

from allinone import files, folders, store, tasks
from allinone.errors import InputError
from allinone.parallel import Workers
from data_prep.conversion import DROPPED
from data_prep.reader import Dropped
from data_prep.region_search import Search, Selective
from data_prep.regions_file import RegionsWriter
from data_prep.scene_pictures import Job, Picture, Source, read_source
from data_prep.sources import Splits


class SceneDatabase:
    """The detection database in the making: pictures, regions, statistics, what was dropped."""

    def __init__(self, folder: str) -> None:
        """Begin the database in an empty folder."""
        self.folder = folder
        self.writer, self.regions = store.Writer(folder), RegionsWriter(folder)
        self.dropped = open(os.path.join(folder, DROPPED), "w", encoding="utf-8")
        self.reasons, self.last = collections.Counter(), None
        self.crowd, self.heights, self.yaws = array.array("d"), array.array("d"), array.array("d")

    def add(self, job: Job, jpeg, proposals) -> None:
        """Add a picture with its faces, or note that it was dropped."""
        faces = job.faces
        if isinstance(jpeg, Dropped):
            self.reasons[jpeg.reason] += 1
            self.last = jpeg
            self.dropped.write(json.dumps(dataclasses.asdict(jpeg)) + "\n")
            return
        self.writer.add(jpeg, 0)
        self.regions.add(faces, proposals, job.ignored)
        self.crowd.append(len(faces))
        self.heights.extend(face.box[3] - face.box[1] for face in faces)
        self.yaws.extend(face.pose[2] for face in faces if face.pose)

    def close(self, **about) -> None:
        """Finish the database and write its manifest; InputError where no face is in it."""
        self.dropped.close()
        if not self.regions.faces:
            raise InputError(
                f"{', '.join(one['records'] for one in about['origin'])}: every picture with a "
                f"face was dropped; the last: {self.last.detail}"
            )
        manifest = dict(
            tower=tasks.REGION_TOWER,
            count=self.writer.count,
            hash=f"{self.writer.close()}-{self.regions.close()}",
            faces=self.regions.faces,
            proposals=self.regions.proposals,
            **({"ignored": self.regions.ignored} if self.regions.ignored else {}),
            files=store.hashes(self.folder),
            dropped=dict(self.reasons),
            **about,
            labels=dict(
                faces_per_image=store.summary(self.crowd),
                box_height=store.summary(self.heights),
                yaw=store.summary(self.yaws),
            ),
        )
        files.write_json(os.path.join(self.folder, store.MANIFEST), manifest)


def _pictures_of(sources: Sequence[Source], splits: Splits) -> Iterator[Picture]:
    """Return the pictures of some sources; InputError where no face has a box.

    They are read as far as the first face, so that nothing is searched for nothing.
    """
    pictures = itertools.chain.from_iterable(source.pictures() for source in sources)
    held = []
    for picture in pictures:
        held.append(picture)
        if picture.faces(splits):
            return itertools.chain(held, pictures)
    raise InputError(
        f"{', '.join(source.records for source in sources)}: no record has a 'box'; detection "
        "cannot learn from 0 faces"
    )


def build_scenes(
    searched: Sequence[str],
    unsearched: Sequence[str],
    out: str,
    workers: Workers = None,
    splits: Splits = None,
    search: Search | None = None,
) -> None:
    """Write the detection database into <out>/det: pictures, faces, and region proposals.

    searched, unsearched: records files; the pictures of the former are searched for regions, and
    what is found is kept beside them (data_prep.region_cache). splits: parts of the records, None
    for all; search: of data_prep.region_search, None for selective search. A picture that cannot be
    read is named in the database's dropped.jsonl. InputError where no face has a box.
    """
    search = search or Selective()
    sources = [Source(records, search) for records in searched]
    sources += [Source(records) for records in unsearched]
    pictures = _pictures_of(sources, splits)
    place = os.path.join(out, tasks.REGION_TOWER)
    with folders.replacing(place, store.KIND, [*searched, *unsearched]) as partial:
        database = SceneDatabase(partial)
        for source, some in itertools.groupby(pictures, key=lambda picture: picture.source):
            what = "searching and storing pictures" if source.search else "storing pictures"
            with source.reading.progress(what) as progress:
                for job, jpeg, proposals in read_source(source, some, splits, workers):
                    progress.step(job.size)
                    if jpeg is not None:
                        database.add(job, jpeg, proposals)
        database.close(splits=splits, origin=[source.reading.origin() for source in sources])
