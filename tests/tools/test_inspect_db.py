"""Contact sheets of databases: their own pictures, with their labels in words."""

import cv2
import numpy as np

from allinone import store
from tools import database_sheets


def test_every_tower_gets_a_sheet_of_its_own_pictures(chain, tmp_path, command):
    done = command("tools.inspect_db", chain / "db", "--out", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    for tower, count in (("det", 36), ("smile", 30), ("gender", 30), ("age", 30), ("id", 30)):
        sheet = cv2.imread(str(tmp_path / f"{tower}.jpg"))
        height, width, _ = sheet.shape  # 4 rows of 6, below each picture what it shows
        assert height % 4 == 0 and width % 6 == 0 and sheet.std() > 30
        assert (height > 4 * 200 and width == 6 * 200) or tower == "det"
        assert f"{tower}.jpg: 24 of {count}" in done.stdout
    reader = store.Reader(str(chain / "db" / "age"))
    first = int(np.random.default_rng(1).permutation(30)[0])
    picture = reader.image(reader.datum(first))
    tile = cv2.resize(picture, (200, 200), interpolation=cv2.INTER_CUBIC)
    shown = cv2.imread(str(tmp_path / "age.jpg"))[:200, :200]
    assert np.abs(shown.astype(int) - tile).mean() < 4  # JPEG; the caption stands below


def test_labels_are_said_in_words(chain):
    datum = store.Reader(str(chain / "db" / "age")).datum(0)
    years = datum.float_data[0]
    assert database_sheets.words_of("age", datum) == f"{years:.0f} years"
    datum.float_data[1] = 3
    assert database_sheets.words_of("age", datum) == f"{years:.0f} years, sigma 3"
    labels = (("gender", 1, "female"), ("smile", 0, "no smile"), ("id", 4, "class 4"))
    for tower, label, words in labels:
        datum.label = label
        assert database_sheets.words_of(tower, datum) == words
    assert database_sheets.words_of("id", datum, ["", "", "", "", "Zoë"]) == "Zoë"


def test_another_seed_shows_other_samples(chain):
    folder = str(chain / "db" / "smile")
    first, shown, count = database_sheets.sheet("smile", folder, 1)
    again, _, _ = database_sheets.sheet("smile", folder, 1)
    other, _, _ = database_sheets.sheet("smile", folder, 2)
    assert (shown, count) == (24, 30)
    assert (first == again).all() and (first != other).any()


def test_a_folder_without_databases_is_refused(tmp_path, expect_refusal):
    expect_refusal("tools.inspect_db", [tmp_path, "--out", tmp_path / "x"], tmp_path, "build one")
