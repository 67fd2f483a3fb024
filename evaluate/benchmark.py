"""What a benchmark is, and the registry that finds the benchmarks.

A benchmark is a module of the package evaluate/benchmarks, named like the benchmark, with
BENCHMARK, a `Benchmark`. Nothing else lists them: the command evaluate.measure, the make targets
and the report ask this registry.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, Optional

from allinone.errors import InputError

if TYPE_CHECKING:
    from evaluate.run import Run

PACKAGE = "evaluate.benchmarks"
NOTHING: Mapping[str, float] = MappingProxyType({})
NOT_IN_PAPER = "~"  # behind all sections


@dataclass(frozen=True)
class Figure:
    """One figure of a benchmark's results."""

    name: str  # key in results.json
    means: str  # for people
    unit: str  # "%" (values are in percent), "years", "°"; "" for a share from 0 to 1
    higher: bool  # True where more is better
    paper: Optional[float] = None  # the value that arXiv 1611.00851 states, in the same unit
    paper_deviation: Optional[float] = None  # its deviation there (table V)

    @property
    def better(self) -> str:
        """Return which way is better, as a word."""
        return "higher" if self.higher else "lower"

    def show(self, value: Optional[float], deviation: Optional[float] = None) -> str:
        """Return a value as text, with its deviation if there is one; None and NaN as a dash."""
        if value is None or value != value:
            return "–"
        beside = "" if deviation is None else f" ± {deviation:.3f}"
        if not self.unit:
            return f"{value:.3f}{beside}"
        return f"{value:.2f}{' ' if self.unit.isalpha() else ''}{self.unit}{beside}"

    def show_paper(self) -> str:
        """Return the paper's value as text."""
        return self.show(self.paper, self.paper_deviation)


class Peer(NamedTuple):
    """What another method reached."""

    method: str
    figures: Mapping[str, float]  # {name of a figure: value}
    source: str  # table of the paper, or how the figures came about
    deviations: Mapping[str, float] = NOTHING  # {name of a figure: its deviation}


def peers_of(
    table: str, names: Sequence[str], rows: Mapping[str, Sequence[Optional[float]]]
) -> tuple[Peer, ...]:
    """Return the rows of one of the paper's tables, {method: values of the figures `names`}.

    A value of None is one that the table leaves out.
    """
    peers = []
    for method, values in rows.items():
        if len(values) != len(names):
            raise ValueError(f"{table}, {method}: {len(values)} values of {len(names)} figures")
        figures = {name: value for name, value in zip(names, values) if value is not None}
        peers.append(Peer(method, figures, table))
    return tuple(peers)


class Pipeline(NamedTuple):
    """What an end-to-end system of several parts reached (table VI)."""

    detection: str
    alignment: str
    descriptor: str
    metric: str  # by which descriptors are compared
    figures: Mapping[str, float]  # {name of a figure: value}
    deviations: Mapping[str, float]


@dataclass
class Measured:
    """What a benchmark's function finds."""

    figures: Mapping[str, float]  # {name of a figure: value}; NaN where nothing in the set gives it
    counts: Mapping[str, int]  # {what: how many}, as "faces"
    rules: Sequence[str] = ()  # those of this run, beside the benchmark's own
    curves: Mapping[str, Any] = field(default_factory=dict)  # {name: evaluate.curves}
    failures: Sequence[Mapping[str, Any]] = ()  # the worst results, of evaluate.run.worst
    deviations: Mapping[str, float] = field(default_factory=dict)  # {figure: its deviation}
    # {figure: its 95 % interval (low, high), None where there is none, and number of samples}
    intervals: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    others: Sequence[Peer] = ()  # what stands beside, measured on the same faces


OtherCurves = list[tuple[str, dict[str, Any]]]  # [(method, of evaluate.curves)]
# What stands in data/<set>/peers: other methods' figures and curves, of the set's folder.
PeerFiles = Callable[[str], tuple[list[Peer], OtherCurves]]


def no_peer_files(data: str) -> tuple[list[Peer], OtherCurves]:
    """Return nothing: no files of other methods are read for this benchmark."""
    return [], []


def no_pipelines(found: Mapping[str, Any]) -> list[Pipeline]:
    """Return nothing: the paper compares no end-to-end systems on this benchmark."""
    return []


@dataclass(frozen=True)
class Benchmark:
    """One benchmark: what is measured, what the paper reached, and the function that measures.

    `measure(run)` takes an `evaluate.run.Run`: the set's pictures with their records, the models,
    the options. It asks the run for predictions and returns a `Measured`.
    """

    name: str  # the module's name: what stands in commands, and the folder of its results
    title: str  # for people: "AFW: detection, landmarks, pose"
    about: str  # one sentence for --help
    figures: tuple[Figure, ...]  # in the order of tables
    rules: tuple[str, ...]  # how it counts, for people: what decides a figure
    measure: Callable[[Run], Measured]
    section: str = NOT_IN_PAPER  # of the paper; benchmarks are listed in this order,
    order: int = 0  # and in this one within a section
    where: str = ""  # sections, figures and tables of the paper; "": it is not in the paper
    dataset: str = ""  # set that it is measured on, a reader of data_prep; "": the name
    splits: Optional[tuple[str, ...]] = None  # parts of the set that are measured; None: all
    parts: tuple[str, ...] = ()  # parts of which the option --part chooses one, the default first
    beside: str = ""  # default of its option --beside, the model that stands beside; "": none
    needs: str = ""  # what it needs beside its set and a model, for people
    # Folder in out/<profile> of what is fine-tuned for it (tools.recipes.finetune); "": the name.
    tuned: str = ""
    # The model that is measured where none is named, if it is there; else the shipped one.
    own_model: str = ""
    peers: tuple[Peer, ...] = ()  # figures of other methods that the paper prints
    peer_figures: tuple[Figure, ...] = ()  # what peers' figures are, if not of `figures`
    pipelines: tuple[Pipeline, ...] = ()  # end-to-end systems that the paper compares
    # Those that a results.json of ours is about.
    own_pipelines: Callable[[Mapping[str, Any]], list[Pipeline]] = no_pipelines
    peer_files: PeerFiles = no_peer_files
    score: str = ""  # default of its option --score, of evaluate.answers.SCORES; "": it has none
    score_of: str = ""  # what --score is about, for people
    switches: Mapping[str, str] = field(default_factory=dict)  # {"--train-tpe": its help}

    def __post_init__(self) -> None:
        """Fill in what follows from the name."""
        object.__setattr__(self, "dataset", self.dataset or self.name)
        object.__setattr__(self, "tuned", self.tuned or self.name)
        object.__setattr__(self, "peer_figures", self.peer_figures or self.figures)

    @property
    def label(self) -> str:
        """Return what the title says before its colon."""
        return self.title.split(":")[0]


@functools.cache
def benchmarks() -> tuple[Benchmark, ...]:
    """Return all benchmarks in the order of the paper, those that are not in it last."""
    package = importlib.import_module(PACKAGE)
    found = []
    for module in pkgutil.iter_modules(package.__path__):
        one = importlib.import_module(f"{PACKAGE}.{module.name}").BENCHMARK
        if one.name != module.name:
            raise ValueError(f"{PACKAGE}.{module.name}: BENCHMARK.name is '{one.name}'")
        found.append(one)
    return tuple(sorted(found, key=lambda one: (one.section, one.order, one.name)))


def names() -> list[str]:
    """Return the names of all benchmarks, in their order."""
    return [one.name for one in benchmarks()]


def load(name: str) -> Benchmark:
    """Return a benchmark; InputError where there is none of that name."""
    for one in benchmarks():
        if one.name == name:
            return one
    raise InputError(f"no benchmark '{name}'; there are {', '.join(names())}")
