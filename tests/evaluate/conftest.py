"""Sets drawn in the layout of every benchmark, and all benchmarks measured on them, once."""

import pytest
from conftest import run_well
from drawn_benchmarks import COUNTS, options, results_in

from data_prep import drawing, layouts
from evaluate import benchmark


@pytest.fixture(scope="session")
def sets(tmp_path_factory):
    """A folder with every benchmark's set, drawn, and the drawn folders that they were made of."""
    root = tmp_path_factory.mktemp("benchmarks")
    for number, (name, count) in enumerate(COUNTS.items(), 20):
        drawn = root / "drawn" / name
        people = max(4, count // 5)
        drawing.draw_set(str(drawn), layouts.kind_of(name), count, people, seed=number)
        layouts.write(name, str(drawn), str(root / "data" / name))
    return root


@pytest.fixture(scope="session")
def measured(sets, chain):
    """{benchmark: (its results.json, the folder of its results)} of all of them."""
    found = {}
    for name in benchmark.names():
        out = sets / "eval" / name
        run_well("evaluate.measure", *options(sets, chain, name, out))
        found[name] = results_in(out), out
    return found
