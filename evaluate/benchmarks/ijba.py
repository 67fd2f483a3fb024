"""IJB-A, verification and identification of templates over ten splits (section IV-F, table V).

By cosine and by TPE, whose embeddings --train-tpe learns first (make tpe-ijba). The score files of
all splits are written into the folder scores.
"""

from __future__ import annotations

import collections
import contextlib
import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Optional, TypedDict

import numpy as np

from allinone import embeddings, files, reading
from allinone.errors import InputError
from allinone.progress import Progress
from allinone.record import Box
from evaluate import (
    answers,
    curves,
    ijba_tables,
    metrics,
    peers,
    people_templates,
    predictions,
    tpe,
)
from evaluate.benchmark import Benchmark, Measured
from evaluate.ijba_tables import COSINE, TPE
from evaluate.people_templates import Template
from evaluate.run import EMBEDDINGS, SCORES, Run

SPLITS = 10
FARS, FPIRS, RANKS = (0.001, 0.01, 0.1), (0.01, 0.1), (1, 5, 10)
# our choice: TPIR asks for the mate among as many first ones, as long as IJB-A's candidate lists
CANDIDATES = 20
AGAIN = "read the set again (make data-ijba)"
TEMPLATES, COMPARISONS = "templates.jsonl", "comparisons.jsonl"
VERIFY, SEARCH = "verify", "search"  # the two protocols
LEARNT = {protocol: f"{protocol}_train" for protocol in (VERIFY, SEARCH)}  # part to learn from
CURVES = {COSINE: "ours", TPE: "ours, TPE"}
FAR_AXIS = [round(float(far), 6) for far in np.geomspace(curves.FAR_FROM, 1, 31)]
Templates = Mapping[tuple[int, str], list[Template]]  # by split and part


class SplitScores(NamedTuple):
    """What the models' descriptors give for one split; None where it has no such protocol."""

    scores: Optional[np.ndarray]  # of the comparisons
    same: Optional[np.ndarray]
    probes: Optional[list]  # [(scores of others, scores of mates)]
    ranked: Optional[np.ndarray]  # scores of (probe, gallery)


def measure(run: Run) -> Measured:
    """Measure verification and identification by a model's descriptors."""
    descriptors = {(face.image, *face.box): row for face, row in run.descriptors()}
    templates = templates_of(run.folder, descriptors)
    comparisons = comparisons_of(run.folder, templates)
    splits = sorted({split for split, _ in templates})
    if len(splits) < SPLITS:
        run.note_missing(f"{SPLITS - len(splits)} splits have no protocol files")
    maps = maps_of(run, templates, splits)
    remove_scores(os.path.join(run.out, SCORES))
    figures, roc = collections.defaultdict(list), {}
    for kind in (COSINE, TPE) if maps else (COSINE,):
        points = []
        for split in splits:
            weights = dict.fromkeys(LEARNT) if kind == COSINE else of_split(maps, split)
            found = score_split(templates, comparisons.get(split), split, weights)
            write_scores(run, kind, split, templates, comparisons.get(split), found)
            for name, value in split_figures(found).items():
                figures[f"{kind}_{name}"].append(value)
            if found.scores is not None:
                points.append([metrics.tar_at_far(found.scores, found.same, x) for x in FAR_AXIS])
        if points:
            roc[CURVES[kind]] = drawn(points)
    return Measured(
        figures={name: float(np.mean(values)) for name, values in figures.items()},
        deviations={
            name: float(np.std(values, ddof=1))
            for name, values in figures.items()
            if len(values) > 1
        },
        counts=counts_of(descriptors, templates, splits),
        rules=() if maps else ("TPE was not measured: make tpe-ijba",),
        curves=roc,
    )


class Row(TypedDict):
    """A line of the templates."""

    split: int
    part: str
    template: int
    subject: int
    faces: list[tuple[str, Box, str]]  # picture, box, medium


class Compared(TypedDict):
    """A line of the comparisons."""

    split: int
    pairs: list[tuple[int, int]]  # of templates


def side_file(data: str, name: str, kind: type) -> list[Any]:
    """Return the JSON lines of a file that the reader of IJB-A wrote."""
    return list(reading.json_lines(os.path.join(data, name), AGAIN, kind))


def comparisons_of(data: str, templates: Templates) -> dict[int, list]:
    """Return {split: pairs of templates}; InputError where none of a split is of its templates."""
    found = {}
    for row in side_file(data, COMPARISONS, Compared):
        known = {template.number for template in templates.get((row["split"], VERIFY), ())}
        if row["pairs"] and known and not any(known.issuperset(pair) for pair in row["pairs"]):
            where = f"{os.path.join(data, COMPARISONS)}, split {row['split']}"
            raise InputError(f"{where}: no pair is of its templates; {AGAIN}")
        found[row["split"]] = row["pairs"]
    return found


def templates_of(data: str, descriptors: Mapping[tuple, np.ndarray]) -> Templates:
    """Return {(split, part): [Template]}."""
    found = collections.defaultdict(list)
    for row in side_file(data, TEMPLATES, Row):
        descriptor = people_templates.pooled(row["faces"], descriptors)
        template = Template(row["template"], row["subject"], descriptor)
        found[row["split"], row["part"]].append(template)
    return found


def counts_of(descriptors, templates: Templates, splits: Sequence[int]) -> dict[str, int]:
    """Return what was measured on."""
    everybody = [template for some in templates.values() for template in some]
    failed = sum(template.descriptor is None for template in everybody)
    return {
        "faces": len(descriptors),
        "templates": len(everybody),
        "templates that cannot be enrolled": failed,
        "splits": len(splits),
    }


def map_name(protocol: str, split: int) -> str:
    """Return the name of an embedding in its file."""
    return f"{protocol}_{split:02d}"


def maps_of(run: Run, templates: Templates, splits: Sequence[int]) -> dict[str, np.ndarray]:
    """Return {name: W}, learnt now or read; {} where there are none of these descriptors."""
    path = os.path.join(run.out, EMBEDDINGS)
    source = files.sha256(os.path.join(run.out, answers.FACES, predictions.DESCRIPTORS))
    if run.options.train_tpe:
        maps = learn(templates, splits)
        embeddings.save(path, maps, descriptors=source)
        return maps
    if os.path.isfile(path):
        maps, about = embeddings.load(path)
        if about.get("descriptors") == source:
            return maps
        print(f"  {path}: learnt from other descriptors, not used; make tpe-ijba learns it anew")
    return {}


def of_split(maps: Mapping[str, np.ndarray], split: int) -> dict[str, np.ndarray]:
    """Return {protocol: W} of a split; a protocol whose training part is missing has none."""
    named = {protocol: map_name(protocol, split) for protocol in LEARNT}
    return {protocol: maps[name] for protocol, name in named.items() if name in maps}


def learn(templates: Templates, splits: Sequence[int]) -> dict[str, np.ndarray]:
    """Return {name: W} of all splits and both protocols, each from its training part."""
    maps, progress = {}, Progress("embeddings", len(splits) * len(LEARNT))
    for split in splits:
        for protocol, part in LEARNT.items():
            some = [one for one in templates[split, part] if one.descriptor is not None]
            if some:
                rows = np.stack([one.descriptor for one in some])
                people = [one.subject for one in some]
                maps[map_name(protocol, split)] = tpe.train(rows, people, seed=split)
            progress.step()
    return maps


def score_split(templates: Templates, pairs, split: int, weights: Mapping) -> SplitScores:
    """Return the scores of a split; pairs: of template numbers.

    weights: {protocol: W, or None for the cosine}; a protocol that is not among them is left out.
    """
    scores = same = probes = ranked = None
    if VERIFY in weights and templates.get((split, "verify")) and pairs:
        scores, same = people_templates.verify(templates[split, "verify"], pairs, weights[VERIFY])
    gallery, probe = templates.get((split, "gallery")), templates.get((split, "probe"))
    if SEARCH in weights and gallery and probe:
        probes, ranked = people_templates.search(gallery, probe, weights[SEARCH])
    return SplitScores(scores, same, probes, ranked)


def split_figures(found: SplitScores) -> dict[str, float]:
    """Return {figure: value} of one split."""
    figures = {}
    if found.scores is not None:
        for far in FARS:
            figures[f"tar_at_far_{far:g}"] = metrics.tar_at_far(found.scores, found.same, far)
    if found.probes is not None:
        known = [metrics.mate_rank(*probe) for probe in found.probes if len(probe[1])]
        shares = metrics.cmc(known, max(RANKS))
        for rank in RANKS:
            figures[f"rank_{rank}"] = shares[rank - 1]
        for fpir in FPIRS:
            value = metrics.tpir_at_fpir(found.probes, fpir, CANDIDATES)
            figures[f"tpir_at_fpir_{fpir:g}"] = value
    return figures


def remove_scores(folder: str) -> None:
    """Remove the scores that an earlier model has left, which may have had more splits, or TPE."""
    for kind in CURVES:
        for protocol in LEARNT:
            for split in range(1, SPLITS + 1):
                with contextlib.suppress(FileNotFoundError):
                    os.remove(os.path.join(folder, kind, f"{protocol}_{split}.csv"))


def write_scores(run: Run, kind, split, templates: Templates, pairs, found: SplitScores) -> None:
    """Write a split's scores: of the comparisons, and of each probe's best candidates."""
    out = os.path.join(run.out, SCORES, kind)
    if found.scores is not None:
        with files.replacing(os.path.join(out, f"verify_{split}.csv")) as stream:
            stream.write("TEMPLATE_ID_1,TEMPLATE_ID_2,SIMILARITY\n")
            for (one, other), score in zip(pairs, found.scores):
                stream.write(f"{one},{other},{score:.6f}\n")
    if found.ranked is not None:
        gallery = templates[split, "gallery"]
        with files.replacing(os.path.join(out, f"search_{split}.csv")) as stream:
            stream.write("PROBE_TEMPLATE_ID,RANK,GALLERY_TEMPLATE_ID,SIMILARITY\n")
            for probe, row in zip(templates[split, "probe"], found.ranked):
                best = np.argsort(-row, kind="stable")[:CANDIDATES]
                for rank, place in enumerate(best, 1):
                    mate = gallery[place].number
                    stream.write(f"{probe.number},{rank},{mate},{row[place]:.6f}\n")


def drawn(points) -> dict[str, Any]:
    """Return the mean curve over splits of the TAR at each of FAR_AXIS."""
    shares = np.mean(points, axis=0).round(5)
    return dict(curves.curve(FAR_AXIS, shares, curves.ACCEPTED), log=True)


BENCHMARK = Benchmark(
    name="ijba",
    title="IJB-A: verification and identification",
    about="Verification and identification of templates on IJB-A, by cosine and by TPE.",
    section="IV-F",
    where="section IV-F, tables V and VI",
    needs="The figures by TPE need embeddings, which --train-tpe learns (make tpe-ijba).",
    figures=ijba_tables.figures(),
    rules=(
        "template: mean within each medium, then over media, length 1; similarity: cosine; TPE "
        "learnt on each split's own training part",
        "mean and sample standard deviation over splits; a template that cannot be enrolled is "
        "like nobody",
        f"TAR at the loosest threshold whose FAR is not above; TPIR: mate among the first "
        f"{CANDIDATES} and above that threshold of FPIR",
    ),
    measure=measure,
    peer_files=peers.curves_alone("roc", curves.ACCEPTED),
    peers=ijba_tables.peers(),
    peer_figures=ijba_tables.columns(),
    pipelines=ijba_tables.pipelines(),
    own_pipelines=ijba_tables.own_pipelines,
    switches={"--train-tpe": "learn the embeddings of all splits first"},
)
