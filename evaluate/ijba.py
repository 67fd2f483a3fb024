"""IJB-A, verification and identification of templates over ten splits (section IV-F, table V), by cosine and by TPE.

    python -m evaluate.ijba --data data/ijba --model out/paper/model           # --train-tpe (make tpe-ijba) learns the embeddings first

A template's descriptor is the mean over its media of the means within each, at length 1. A template none of whose faces has a descriptor cannot be
enrolled: it is counted, and scores LOWEST with everybody. The score files of all splits are written into the folder scores.
"""

import collections
import itertools
import json
import os
import sys

import numpy as np

from allinone import files
from allinone.errors import InputError, command
from allinone.progress import Progress
from evaluate import benchmark, metrics, predictions, tpe

SPLITS = 10
FARS, FPIRS, RANKS = (0.001, 0.01, 0.1), (0.01, 0.1), (1, 5, 10)
CANDIDATES = 20  # our choice: TPIR asks for the mate among as many first ones, as long as IJB-A's candidate lists
LOWEST = -1.0  # of a template that cannot be enrolled; a cosine is no lower
TEMPLATES, COMPARISONS, EMBEDDINGS = "templates.jsonl", "comparisons.jsonl", "tpe.h5"
LEARNT = dict(
    verify="verify_train", search="search_train"
)  # the part that an embedding learns from
Template = collections.namedtuple("Template", "number subject descriptor")
RULES = (
    "template: mean within each medium, then over media, length 1; similarity: cosine; TPE learnt on each split's own training part",
    "mean and sample standard deviation over splits; a template that cannot be enrolled is like nobody",
    f"TAR at the loosest threshold whose FAR is not above; TPIR: mate among the first {CANDIDATES} and above that threshold of FPIR",
)


def read_lines(path):
    """Return the JSON lines of a file that the reader of IJB-A wrote."""
    if not os.path.isfile(path):
        raise InputError(f"{path}: no such file; read the set again (make data-ijba)")
    with open(path, encoding="utf-8") as stream:
        return [json.loads(line) for line in stream]


def pooled(faces, descriptors):
    """Return the descriptor (d,) of a template's faces, [[image, box, medium]], or None where none has one; descriptors: {(image, box): (d,)}."""
    media = collections.defaultdict(list)
    for image, box, medium in faces:
        found = descriptors.get((image, *box))
        if found is not None:
            media[medium].append(found)
    return (
        metrics.unit_length(np.mean([np.mean(some, axis=0) for some in media.values()], axis=0))
        if media
        else None
    )


def templates_of(data, descriptors):
    """Return {(split, part): [Template]}."""
    found = collections.defaultdict(list)
    for row in read_lines(os.path.join(data, TEMPLATES)):
        found[row["split"], row["part"]].append(
            Template(row["template"], row["subject"], pooled(row["faces"], descriptors))
        )
    return found


def similarities(first, second, weights=None):
    """Return the cosines (n, m) of templates, through an embedding where weights are given; LOWEST where one cannot be enrolled."""
    width = next(
        (len(one.descriptor) for one in (*first, *second) if one.descriptor is not None), 1
    )
    known = [np.array([one.descriptor is not None for one in some]) for some in (first, second)]
    rows = [
        np.stack([np.zeros(width) if one.descriptor is None else one.descriptor for one in some])
        for some in (first, second)
    ]
    mapped = [
        metrics.unit_length(some) if weights is None else tpe.apply(weights, some) for some in rows
    ]
    return np.where(known[0][:, None] & known[1], mapped[0] @ mapped[1].T, LOWEST)


def verify(templates, pairs, weights=None):
    """Return (scores (n,), same (n,)) of pairs of template numbers."""
    place = {one.number: index for index, one in enumerate(templates)}
    first, second = np.array(
        [
            [place[number] for number in pair]
            for pair in pairs
            if all(number in place for number in pair)
        ]
    ).T
    subjects = np.array([one.subject for one in templates])
    return similarities(templates, templates, weights)[first, second], subjects[first] == subjects[
        second
    ]


def search(gallery, probes, weights=None):
    """Return [(scores of others, scores of mates)] of probes and the scores (n, m) themselves."""
    scores, subjects = (
        similarities(probes, gallery, weights),
        np.array([one.subject for one in gallery]),
    )
    return [
        (row[subjects != probe.subject], row[subjects == probe.subject])
        for row, probe in zip(scores, probes)
    ], scores


def split_figures(scores, same, probes):
    """Return {figure: value} of one split; scores or probes may be None."""
    figures = {}
    if scores is not None:
        figures.update(
            {f"tar_at_far_{far:g}": metrics.tar_at_far(scores, same, far) for far in FARS}
        )
    if probes is not None:
        ranks = metrics.cmc(
            [metrics.mate_rank(*probe) for probe in probes if len(probe[1])], max(RANKS)
        )
        figures.update({f"rank_{rank}": ranks[rank - 1] for rank in RANKS})
        figures.update(
            {
                f"tpir_at_fpir_{fpir:g}": metrics.tpir_at_fpir(probes, fpir, CANDIDATES)
                for fpir in FPIRS
            }
        )
    return figures


def learn(templates, splits, progress):
    """Return {name: W} of all splits and both protocols, each from its training part."""
    maps = {}
    for split, (protocol, part) in itertools.product(splits, LEARNT.items()):
        some = [one for one in templates[split, part] if one.descriptor is not None]
        if some:
            maps[f"{protocol}_{split:02d}"] = tpe.train(
                np.stack([one.descriptor for one in some]),
                [one.subject for one in some],
                seed=split,
            )
        progress.step()
    return maps


def write_scores(out, split, pairs, scores, gallery, probes, ranked):
    """Write a split's similarities as tables: template, template, score of the comparisons; probe, gallery template, score of the search."""
    if scores is not None:
        with files.replacing(os.path.join(out, f"verify_{split}.csv")) as stream:
            stream.write("TEMPLATE_ID_1,TEMPLATE_ID_2,SIMILARITY\n")
            stream.writelines(
                f"{one},{other},{score:.6f}\n" for (one, other), score in zip(pairs, scores)
            )
    if ranked is not None:
        with files.replacing(os.path.join(out, f"search_{split}.csv")) as stream:
            stream.write("PROBE_TEMPLATE_ID,RANK,GALLERY_TEMPLATE_ID,SIMILARITY\n")
            for probe, row in zip(probes, ranked):
                best = np.argsort(-row, kind="stable")[:CANDIDATES]
                stream.writelines(
                    f"{probe.number},{rank},{gallery[place].number},{row[place]:.6f}\n"
                    for rank, place in enumerate(best, 1)
                )


def measure(templates, comparisons, maps, out):
    """Return ({figure: mean}, {figure: deviation}, {curve}) over splits, of cosine and, where there are maps, of TPE; writes the score files."""
    found, points = collections.defaultdict(list), collections.defaultdict(list)
    for split in sorted({split for split, _ in templates}):
        gallery, probes = templates.get((split, "gallery")), templates.get((split, "probe"))
        for kind in ("cosine", "tpe") if maps else ("cosine",):
            weights = {
                protocol: maps.get(f"{protocol}_{split:02d}") if kind == "tpe" else None
                for protocol in LEARNT
            }
            scores = same = ranked = rows = None
            if templates.get((split, "verify")) and comparisons.get(split):
                scores, same = verify(
                    templates[split, "verify"], comparisons[split], weights["verify"]
                )
                points[kind].append(tar_points(scores, same))
            if gallery and probes:
                rows, ranked = search(gallery, probes, weights["search"])
            for name, value in split_figures(scores, same, rows).items():
                found[f"{kind}_{name}"].append(value)
            write_scores(
                os.path.join(out, "scores", kind),
                split,
                comparisons.get(split),
                scores,
                gallery,
                probes,
                ranked,
            )
    curves = {
        {"cosine": "ours", "tpe": "ours, TPE"}[kind]: dict(
            x=FAR_AXIS,
            y=np.mean(some, axis=0).round(5).tolist(),
            xlabel="false accept rate",
            ylabel="true accept rate",
            log=True,
        )
        for kind, some in points.items()
    }
    return (
        {name: float(np.mean(values)) for name, values in found.items()},
        {name: float(np.std(values, ddof=1)) for name, values in found.items() if len(values) > 1},
        curves,
    )


FAR_AXIS = [round(float(far), 6) for far in np.geomspace(1e-3, 1, 31)]


def tar_points(scores, same):
    """Return the TAR at each of FAR_AXIS, for the drawn curve."""
    return [metrics.tar_at_far(scores, same, far) for far in FAR_AXIS]


def embeddings(run, templates, splits, train):
    """Return {name: W}: learnt now, or, where they were learnt from these very descriptors, read; {} where there are none."""
    path, source = (
        os.path.join(run.out, EMBEDDINGS),
        files.sha256(os.path.join(run.out, "faces", predictions.DESCRIPTORS)),
    )
    if train:
        maps = learn(templates, splits, Progress("embeddings", len(splits) * len(LEARNT)))
        tpe.save(path, maps, descriptors=source)
        return maps
    if os.path.isfile(path):
        maps, about = tpe.load(path)
        if about.get("descriptors") == source:
            return maps
        print(f"  {path}: learnt from other descriptors, not used; make tpe-ijba learns it anew")
    return {}


@command
def main(argv=None):
    parser = benchmark.parser_of("ijba", __doc__.splitlines()[0])
    parser.add_argument(
        "--train-tpe", action="store_true", help="learn the embeddings of all splits first"
    )
    args = parser.parse_args(argv)
    run = benchmark.start("ijba", args)
    lines = benchmark.predict(run, "faces", 2, descriptors=True)
    faces = [
        face
        for (_, some), line in zip(run.pictures, lines)
        for face, found in zip(some, line["faces"])
        if found is not None
    ]
    descriptors = {
        (face.image, *face.box): row
        for face, row in zip(faces, predictions.read_descriptors(os.path.join(run.out, "faces")))
    }
    templates = templates_of(args.data, descriptors)
    comparisons = {
        row["split"]: row["pairs"] for row in read_lines(os.path.join(args.data, COMPARISONS))
    }
    splits = sorted({split for split, _ in templates})
    if len(splits) < SPLITS:
        run.missing.append(f"{SPLITS - len(splits)} splits have no protocol files")
    failed = sum(one.descriptor is None for some in templates.values() for one in some)
    maps = embeddings(run, templates, splits, args.train_tpe)
    figures, deviations, curves = measure(templates, comparisons, maps, run.out)
    counts = {
        "faces": len(faces),
        "templates": sum(map(len, templates.values())),
        "templates that cannot be enrolled": failed,
        "splits": len(splits),
    }
    benchmark.finish(
        run,
        figures,
        counts,
        RULES + (() if maps else ("TPE was not measured: make tpe-ijba",)),
        curves,
        deviations=deviations,
    )


if __name__ == "__main__":
    sys.exit(main())
