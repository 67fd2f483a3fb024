"""Drawn faces, written in the layout of a dataset."""

import pytest
import reader_folders

from allinone import record
from data_prep import conversion, drawing, layouts


@pytest.fixture(scope="session")
def drawn(tmp_path_factory):
    """{kind: (folder, its faces)} of drawn portraits and scenes of six people."""
    sets = {}
    for kind, count in (("portraits", 30), ("scenes", 6)):
        folder = str(tmp_path_factory.mktemp("drawn") / kind)
        drawing.draw_set(folder, kind, count, identities=6, seed=5)
        faces = [face for face in record.read(f"{folder}/records.jsonl") if face.box]
        sets[kind] = folder, faces
    return sets


@pytest.fixture
def laid_out(drawn, tmp_path):
    """laid_out(name) -> the folder of a drawn set in the layout of a dataset."""

    def write(name):
        folder, _ = drawn[layouts.kind_of(name)]
        layouts.write(name, folder, str(tmp_path / name))
        return tmp_path / name

    return write


@pytest.fixture
def read_back(drawn, laid_out):
    """read_back(name) -> (folder, records, drawn faces) of a layout that was converted."""

    def read(name):
        folder = laid_out(name)
        conversion.convert_set(name, str(folder))
        _, truth = drawn[layouts.kind_of(name)]
        return folder, reader_folders.records_of(folder), truth

    return read


@pytest.fixture
def portraits(drawn, read_back):
    """portraits(name) -> [(record, drawn face)] of a layout of one face in each picture."""

    def pairs(name):
        folder, found, truth = read_back(name)
        summary = reader_folders.summary_of(folder)
        assert summary["kept"] == len(truth) and not summary["dropped"]
        source, _ = drawn["portraits"]
        by_bytes = {reader_folders.pixels(source, face.image): face for face in truth}
        assert len(by_bytes) == len(truth) == len(found)
        return [(face, by_bytes[reader_folders.pixels(folder, face.image)]) for face in found]

    return pairs
