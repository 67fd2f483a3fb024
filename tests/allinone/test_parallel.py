import os

from allinone import parallel


def doubled(numbers):
    return [number * 2 for number in numbers]


def process(numbers):
    return [os.getpid() for _ in numbers]


def test_results_come_in_order_and_no_more_is_under_way_than_needed():
    """What keeps memory flat: items are taken from their source only as results are."""
    taken = []
    source = (taken.append(number) or number for number in range(1000))
    results = parallel.in_order(doubled, source, workers=2, chunk=10)
    assert next(results) == (0, 0) and len(taken) == 2 * parallel.AHEAD * 10
    assert list(results) == [(number, number * 2) for number in range(1, 1000)]


def test_the_work_is_done_by_other_processes():
    found = {number for _, number in parallel.in_order(process, range(8), workers=2)}
    assert os.getpid() not in found and len(found) <= 2


def test_nothing_to_do_is_done_at_once():
    assert list(parallel.in_order(doubled, [])) == []
