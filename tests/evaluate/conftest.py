"""Sets drawn in the layout of every benchmark, and all benchmarks measured on them, once."""

import pytest
from conftest import made_once, run_well
from drawn_benchmarks import COUNTS, options, results_in

from data_prep import drawing, layouts
from evaluate import benchmark


def draw_sets(root):
    """Draw every benchmark's set into a folder, beside the drawn folders that it is made of."""
    for number, (name, count) in enumerate(COUNTS.items(), 20):
        drawn = root / "drawn" / name
        people = max(4, count // 5)
        drawing.draw_set(str(drawn), layouts.kind_of(name), count, people, seed=number)
        layouts.write(name, str(drawn), str(root / "data" / name))


@pytest.fixture(scope="session")
def sets(tmp_path_factory):
    """A folder with every benchmark's set, drawn, and the drawn folders that they were made of."""
    return made_once(tmp_path_factory, "benchmarks", draw_sets)


@pytest.fixture(scope="session")
def measured(sets, chain, tmp_path_factory):
    """{benchmark: (its results.json, the folder of its results)} of all of them."""

    def measure_all(root):
        for name in benchmark.names():
            run_well("evaluate.measure", *options(sets, chain, name, root / name))

    root = made_once(tmp_path_factory, "measured", measure_all)
    return {name: (results_in(root / name), root / name) for name in benchmark.names()}
