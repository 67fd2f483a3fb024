"""A loss that is lost stops a run, and one bad mini-batch does not."""

import pytest
from conftest import ITERATIONS

from allinone.errors import InputError
from tools.training import divergence


def losses(**changed):
    return {"detection": 0.7, "age": 200.0, **changed}


@pytest.mark.parametrize(
    "latest, smooth, words",
    [
        (losses(age=float("nan")), losses(), "the loss of 'age' is no number at iteration 30"),
        (
            losses(age=1e5),
            losses(age=9e4),
            "the loss of 'age' diverges (from 200 to 9e+04)",
        ),
        (
            losses(detection=87.3),
            losses(detection=85.0),
            "the loss of 'detection' diverges",
        ),
    ],
)
def test_a_loss_that_is_lost_stops_the_run_naming_task_and_snapshot(chain, latest, smooth, words):
    run = str(chain / "run")
    with pytest.raises(InputError) as refused:
        divergence.check(latest, smooth, [losses()] * 3, run, 30)
    assert words in str(refused.value)
    last = f"last good snapshot is {run}/snapshots/iter_{ITERATIONS:07d}"
    assert last in str(refused.value)
    bad = losses(age=2000.0), losses(age=300.0)  # one bad mini-batch
    divergence.check(*bad, [losses()] * 3, run, 30)


def test_a_trained_net_that_begins_with_next_to_no_loss_does_not_diverge(chain):
    """Visibility is learnt from drawn scenes alone: the first mini-batches may have none."""
    first, run = [dict(visibility=2e-6)] * 3, str(chain / "run")
    divergence.check(dict(visibility=0.003), dict(visibility=0.001), first, run, 3)
    with pytest.raises(InputError, match="'visibility' diverges"):
        divergence.check(dict(visibility=40.0), dict(visibility=30.0), first, run, 3)
