"""How often the joint training of profile paper sees its data."""

import pytest

from allinone import profiles, schedules, tasks

CASIA, MORPH, IMDB_WIKI, ADIENCE, CELEBA = 490356, 55608, 224840, 19370, 182637  # Table I
DATA = dict(
    smile=CELEBA,
    gender=CASIA + MORPH + IMDB_WIKI + CELEBA,
    age=MORPH + IMDB_WIKI + ADIENCE,
    id=CASIA,
)
JOINT = schedules.JOBS["paper"]["joint"]


def test_every_aligned_tower_sees_its_data_about_20_times():
    """In proportion to their sizes, to the rounding of whole faces, 192 in all as before."""
    assert set(DATA) == set(tasks.ALIGNED_TOWERS)
    batch = {tower: JOINT.batch_of(tower, profiles.PAPER) for tower in JOINT.towers}
    assert sum(batch[tower] for tower in DATA) == 192 and sum(batch.values()) == 256
    for tower, faces in DATA.items():
        share = 192 * faces / sum(DATA.values())
        assert abs(batch[tower] - share) < 1.2
        assert JOINT.iterations * batch[tower] / faces == pytest.approx(20, abs=0.5)


def test_towers_that_are_fine_tuned_on_one_set_have_equal_shares():
    fotw = schedules.JOBS["paper"]["fotw"]
    assert {fotw.batch_of(tower, profiles.PAPER) for tower in fotw.towers} == {32}


def test_the_small_profiles_have_the_shares_that_their_figures_are_of():
    same = dict(det=36, smile=20, gender=18, age=22, id=16, hyperface=36)
    assert same == profiles.TINY.batch
    assert dict(det=16, smile=14, gender=32, age=48, id=8, hyperface=36) == profiles.SMALL.batch
