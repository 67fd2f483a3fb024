import cv2
import numpy as np

from allinone import store
from tools import inspect_db


def test_every_tower_gets_a_sheet_of_its_own_pictures(chain, tmp_path, capsys):
    assert inspect_db.main([str(chain / "db"), "--out", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    for tower, count in (("det", 36), ("smile", 30), ("gender", 30), ("age", 30), ("id", 30)):
        sheet = cv2.imread(str(tmp_path / f"{tower}.jpg"))
        assert (
            sheet.shape == (800, 1200, 3)
            and sheet.std() > 30
            and f"{tower}.jpg: 24 of {count}" in said
        )
    reader, first = (
        store.Reader(str(chain / "db" / "age")),
        np.random.default_rng(1).permutation(30)[0],
    )
    tile = cv2.resize(
        reader.image(reader.datum(int(first))), (200, 200), interpolation=cv2.INTER_CUBIC
    )
    shown = cv2.imread(str(tmp_path / "age.jpg"))[:170, :200]
    assert np.abs(shown.astype(int) - tile[:170]).mean() < 4  # JPEG; the caption stands below


def test_labels_are_said_in_words(chain):
    datum = store.Reader(str(chain / "db" / "age")).datum(0)
    years = datum.float_data[0]
    assert inspect_db.words_of("age", datum) == f"{years:.0f} years"
    datum.float_data[1] = 3
    assert inspect_db.words_of("age", datum) == f"{years:.0f} years, sigma 3"
    for tower, label, words in (
        ("gender", 1, "female"),
        ("smile", 0, "no smile"),
        ("id", 4, "class 4"),
    ):
        datum.label = label
        assert inspect_db.words_of(tower, datum) == words


def test_a_folder_without_databases_is_refused(tmp_path, expect_refusal):
    expect_refusal(inspect_db.main, [tmp_path, "--out", tmp_path / "x"], tmp_path, "build one")
