"""Measure a model on held-out real photographs: portraits, and photographs with faces of all sizes.

    python -m evaluate.real --data data/real --model models/small --out out/real/eval

The sets are those that data_prep.real_sets made: CelebA, UTKFace, photographs and, where it is
there, MTFL, their parts `test`; nobody there was learnt from. Two photographs of installed packages
stand beside. Every figure has its number of samples, a 95 % interval
(Wilson's for shares, else by resampling faces, or people for identity), and what a constant answer
or OpenCV's cascade of Haar features would reach. How sure the answers to yes or no are, and how
often they are right, is drawn in reliability.png. A task is measured on the sets that have labels
of it. Existing predictions are not made again.
"""

import json
import os
import sys

from allinone import arguments, device, embeddings, engines, files, folders
from allinone.errors import InputError, command
from allinone.model import open_model
from allinone.searching import usual_proposals
from data_prep import conversion
from evaluate import (
    headline,
    photographs,
    portraits,
    predictions,
    real_rows,
    reliability_picture,
    rows,
    well_known,
)

KIND = folders.Kind(
    "measurement on real faces",
    holds=("results.json", "results.md", "reliability.png"),
    proofs={"results.json": frozenset({"rows", "groups", "not_found", "threshold"})},
    is_marked=True,
)


def parse(argv):
    """Return the command's arguments."""
    parser = arguments.Parser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--data",
        default="data/real",
        help="folder of celeba, utkface, photos and perhaps mtfl, as data_prep.real_sets makes it",
    )
    parser.add_argument("--model", required=True, help="folder of the fused model")
    parser.add_argument(
        "--out", required=True, help="folder for predictions, results.json and results.md"
    )
    parser.add_argument(
        "--engine", choices=engines.ENGINES, help="default: opencv, or caffe with --gpu"
    )
    parser.add_argument("--gpu", default="", help="GPU number; empty: CPU")
    return parser.parse_args(argv)


def records_of(data):
    """Return {set: path of its records}; InputError where one is missing."""
    paths = {}
    for name in (*portraits.SETS, photographs.SET):
        paths[name] = os.path.join(data, name, conversion.RECORDS)
        if not os.path.isfile(paths[name]):
            raise InputError(f"{paths[name]}: no such file; make train-real makes it")
    for name in portraits.OTHERS:
        path = os.path.join(data, name, conversion.RECORDS)
        if os.path.isfile(path):
            paths[name] = path
    return paths


def ask(args, engine, records):
    """Return ({set: portraits.Asked}, photographs.Searched, {set: unreadable pictures})."""
    path, out = records[photographs.SET], os.path.join(args.out, photographs.SET)
    asked = {}
    for name in (one for one in records if one != photographs.SET):
        folder = os.path.join(args.out, name)
        asked[name] = portraits.ask(records[name], args.model, folder, engine, args.gpu)
    searched = photographs.search(args.model, path, out, engine, args.gpu)
    unreadable = {name: one.unreadable for name, one in asked.items()}
    unreadable[photographs.SET] = predictions.unreadable(searched.said, path, out)
    return asked, searched, unreadable


def measure(args, engine, records, model, embedding):
    """Measure a model, write results.json, results.md and reliability.png, print the tables."""
    asked, searched, unreadable = ask(args, engine, records)
    said = {name: one.pairs for name, one in asked.items()}
    found, threshold = photographs.rows(
        os.path.dirname(records[photographs.SET]),
        searched,
        model.score_of(usual_proposals(model.has)),
    )
    found += well_known.rows(args.model, engine, args.gpu)
    found += portraits.rows(said, embedding and embedding[0])
    groups, lost = portraits.group_rows(said), {name: one.not_found for name, one in asked.items()}
    diagrams = photographs.diagrams(searched)
    for name, pairs in said.items():
        diagrams.update(real_rows.diagrams_of(name, pairs))

    results = dict(
        rows=[row.plain() for row in found],
        groups=[row.plain() for row in groups],
        not_found=lost,
        unreadable=unreadable,
        threshold=threshold,
        reliability=diagrams,
    )
    if diagrams:
        reliability_picture.draw(os.path.join(args.out, "reliability.png"), diagrams)
    files.write_json(os.path.join(args.out, "results.json"), results)
    with files.replacing(os.path.join(args.out, "results.md")) as stream:
        tables = [rows.markdown(rows.table(some)) for some in (found, groups)]
        stream.write("\n".join(tables))
    print(headline.text_table(rows.table(found)))
    for name in (name for name, count in unreadable.items() if count):
        print(f"incomplete: {unreadable[name]} pictures of {name} cannot be read")
    print(json.dumps(dict(not_found=lost, score_for_that_precision=round(threshold, 4))))


@command
def main(argv=None):
    """Run the command."""
    args = parse(argv)
    engine = args.engine or ("caffe" if args.gpu else "opencv")
    if engine == "caffe":
        device.use(args.gpu)
    records, model = records_of(args.data), open_model(args.model)
    embedding = embeddings.of_model(model)
    with folders.only_one(args.out):
        folders.claim(args.out, KIND)
        measure(args, engine, records, model, embedding)


if __name__ == "__main__":
    sys.exit(main())
