"""The part of tools.bench that looks at pictures: engines, the two ways to propose regions, what refinement gains, how time grows.

    python -m tools.bench_analysis --model out/demo/model        # prints rows, and the figures as JSON in the last line

Scenes of 640x480 with faces from 80 pixels are drawn for it, of people and with a seed that nothing was trained on. The full-width net has
random weights: its time does not depend on them, and how many crops a picture takes is counted on the trained one.
"""

import argparse
import collections
import functools
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

from allinone import boxes, dense, files, refine, surgery, tasks
from allinone.analyzer import SCORE, FaceAnalyzer
from allinone.backend import Backend
from allinone.engines import ENGINES
from allinone.errors import command
from allinone.proposals import selective_search
from allinone.pycaffe import caffe
from allinone.model import DENSE, FUSED
from data_prep import drawing, scene
from evaluate import metrics
from prototxt import deploy
from tools import describe_nets, export_onnx
from tools.fusing import fuse, proof

SCENES, GAINS, WIDTH, HEIGHT, SIZES, SEED = (
    150,
    60,
    640,
    480,
    (80, 300),
    7,
)  # GAINS: scenes on which refinement is measured
BATCH, REPEATS, PRODUCT = (
    16,
    5,
    2048,
)  # crops together, measurements, rows and columns of the matrices
ENGINE, FLOOR = (
    "opencv",
    0.05,
)  # for the pictures; least score of a detection that the average precision looks at
PICTURES, LESS = 80, 8  # for the growth


def median_seconds(work):
    """Return the median time of several calls, after one that does not count."""
    work()
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def full_width(folder):
    """Write the fused net of profile paper with random weights, in all forms, into a folder."""
    definition = deploy.deploy_net(profiles.PAPER)
    net = caffe.Net(proof.write_net(folder, FUSED[0], definition), caffe.TEST)
    weights = os.path.join(folder, FUSED[1])
    net.save(weights)
    parameters = surgery.one_of_each(
        surgery.by_name(definition, surgery.read_weights(weights), weights), weights
    )
    fuse.make_dense(profiles.PAPER, parameters, folder)
    for names, free in ((FUSED, False), (DENSE, True)):
        export_onnx.export(folder, names, free)


def engines(folder):
    """Return (rows, figures): time of a crop through the full-width net on every engine, beside the machine's matrix products."""
    definition = deploy.deploy_net(profiles.PAPER)
    flops = sum(
        row["flops"] for row in describe_nets.describe(definition, describe_nets.load(definition))
    )
    matrix = np.random.default_rng(0).random((PRODUCT, PRODUCT), np.float32)
    gflops = 2 * PRODUCT**3 / median_seconds(lambda: matrix @ matrix) / 1e9
    limit = flops / gflops / 1e6
    crops = np.random.default_rng(0).integers(0, 255, (BATCH, 227, 227, 3)).astype(np.uint8)
    crop_ms, stages = {}, {}
    for engine in ENGINES:
        backend = Backend(folder, engine, batch=BATCH)
        blob, outputs = (
            crops.transpose(0, 3, 1, 2).astype(np.float32),
            [blob for stage in (1, 2) for blob in backend.outputs[stage].values()],
        )
        crop_ms[engine] = median_seconds(lambda: backend.net.run(blob, outputs)) / BATCH * 1000
        stages[engine] = {
            stage: median_seconds(lambda: backend(crops, stage)) / BATCH for stage in (1, 2)
        }
    rows = [
        (
            "matrix product of the machine",
            f"{gflops:.0f} GFLOP/s",
            f"limit of a crop ({flops / 1e9:.2f} GFLOP): {limit:.1f} ms",
        )
    ]
    rows += [
        (f"crop, full width, {engine}", f"{value:.1f} ms", f"{value / limit:.2f} times the limit")
        for engine, value in crop_ms.items()
    ]
    return rows, dict(sgemm_gflops=gflops, crop_limit_ms=limit, crop_ms=crop_ms), stages


def drawn_scenes():
    """Return [(picture, [FaceRecord fields])] of scenes that nothing has learnt from."""
    found = []
    for number in range(SCENES):
        rng = np.random.default_rng([SEED, number])
        found.append(
            scene.scene(
                rng,
                lambda: drawing.person(SEED, int(rng.integers(60))),
                WIDTH,
                HEIGHT,
                sizes=SIZES,
            )
        )
    return found


def plain(found):
    """Return what stage 1 says of regions after plain non-maximum suppression of the regions themselves."""
    keep = [
        best
        for best in boxes.nms(found["boxes"], found["score"], refine.OVERLAP)
        if found["score"][best] >= FLOOR
    ]
    return {name: values[keep] for name, values in found.items()}


def measured(found, scenes):
    """Return (average precision, NME of the faces that were found) of what stage 1 says of each scene."""
    true, scores, total, errors = [], [], 0, []
    for one, (_, faces) in zip(found, scenes):
        known = [face["box"] for face in faces]
        total += len(known)
        true += metrics.match_detections(one["boxes"], one["score"], known).tolist()
        scores += one["score"].tolist()
        overlaps = boxes.iou(known, one["boxes"])
        for face, row in zip(faces, overlaps):
            if len(row) and row.max() > 0.5:
                seen, size = np.array(face["visibility"]) > 0, np.sqrt(boxes.area(face["box"]))
                errors.append(
                    (
                        np.linalg.norm(
                            one["landmarks"][row.argmax()] - np.array(face["landmarks"]), axis=1
                        )[seen]
                        / size
                    ).mean()
                )
    return metrics.average_precision(np.array(true), np.array(scores), total), float(
        np.mean(errors)
    )


def pictures(model, folder, stages):
    """Return (rows, figures): time and average precision of both ways to propose regions, and what each refinement gains."""
    scenes, analyzer = drawn_scenes(), FaceAnalyzer(model, ENGINE, "cpu", smallest=SIZES[0])
    full = Backend(folder, ENGINE)
    counted = collections.Counter()
    look = lambda image, owners, regions: (
        counted.update(crops=len(regions)),
        analyzer.look(image, regions),
    )[1]
    ways = dict(
        dense=lambda image: dense.proposals(analyzer.backend, image, SIZES[0]),
        selective=selective_search,
    )
    found, proposed_by = collections.defaultdict(list), collections.defaultdict(list)
    full_s = median_seconds(lambda: dense.windows(full, scenes[0][0], SIZES[0]))
    rows, figures = [], dict(image_s={}, detection_ap={}, image_full_width_s={})
    for way, propose in ways.items():
        counted.clear()
        spent = collections.Counter()
        for image, _ in scenes:
            start = time.perf_counter()
            regions = propose(image)
            proposed = time.perf_counter()
            _, seen = refine.iterative_region_proposals(
                functools.partial(look, image),
                np.zeros(len(regions), int),
                regions,
                [(WIDTH, HEIGHT)],
            )
            result = refine.landmarks_nms(seen, FLOOR)
            scored = time.perf_counter()
            faces = analyzer.describe(
                image, {name: values[result["score"] >= SCORE] for name, values in result.items()}
            )
            spent.update(
                propose=proposed - start,
                stage1=scored - proposed,
                stage2=time.perf_counter() - scored,
                faces=len(faces),
            )
            found[way].append(result)
            proposed_by[way].append(regions)
        per = {name: value / SCENES for name, value in spent.items()}
        ap, _ = measured(found[way], scenes)
        total = per["propose"] + per["stage1"] + per["stage2"]
        full_total = (
            (full_s if way == "dense" else per["propose"])
            + counted["crops"] / SCENES * stages[ENGINE][1]
            + per["faces"] * 2 * stages[ENGINE][2]
        )
        (
            figures["image_s"][way],
            figures["detection_ap"][way],
            figures["image_full_width_s"][way],
        ) = total, ap, full_total
        rows.append(
            (
                f"picture 640x480, tiny, {way}",
                f"{total:.2f} s",
                f"proposals {per['propose']:.2f}, stage 1 {per['stage1']:.2f}, stage 2 {per['stage2']:.2f}; "
                f"{counted['crops'] / SCENES:.0f} crops; AP {ap:.1%}",
            )
        )
    rows.append(
        (
            "dense beside selective search",
            f"{figures['image_s']['selective'] / figures['image_s']['dense']:.0f} times",
            "as fast, tiny",
        )
    )
    rows += [
        (
            f"picture 640x480, full width, {way}",
            f"{value:.1f} s",
            "by its parts: proposals, the same crops, faces",
        )
        for way, value in figures["image_full_width_s"].items()
    ]
    figures["stage2_s_per_face"] = 2 * stages[ENGINE][2]
    rows.append(
        (
            "stage 2, full width, a face and its mirror",
            f"{figures['stage2_s_per_face'] * 1000:.0f} ms",
            f"{ENGINE}",
        )
    )
    gains, both = {}, lambda seen: refine.landmarks_nms(seen, FLOOR)
    for name, rounds, suppress in (
        ("plain NMS", 0, plain),
        ("Iterative Region Proposals, plain NMS", refine.ROUNDS, plain),
        ("Landmarks-based NMS alone", 0, both),
        ("both", refine.ROUNDS, both),
        ("both, a round more", refine.ROUNDS + 1, both),
    ):
        results = []
        for (image, _), regions in zip(scenes[:GAINS], proposed_by["selective"]):
            _, seen = refine.iterative_region_proposals(
                functools.partial(look, image),
                np.zeros(len(regions), int),
                regions,
                [(WIDTH, HEIGHT)],
                rounds,
            )
            results.append(suppress(seen))
        gains[name] = measured(results, scenes[:GAINS])
        rows.append(
            (
                f"selective search, {name}",
                f"{gains[name][0]:.1%}",
                f"AP; NME of the faces found {gains[name][1]:.1%}",
            )
        )
    figures["refinement"] = {name: dict(ap=ap, nme=nme) for name, (ap, nme) in gains.items()}
    return rows, figures


def growth(model):
    """Return (rows, figures): time and memory of ten times as many pictures, through the command itself."""
    spent, memory = [], []
    with tempfile.TemporaryDirectory() as folder:
        scenes = drawn_scenes()
        for count in (LESS, PICTURES):
            place = os.path.join(folder, str(count))
            for number in range(count):
                files.write_image(
                    os.path.join(place, f"{number:04d}.jpg"), scenes[number % LESS][0]
                )
            # A process each: it says what its work took, without the start of Python, and its peak of memory, which never falls.
            done = subprocess.run(
                [sys.executable, "-m", "tools.bench_analysis", "--model", model, "--folder", place],
                check=True,
                stdout=subprocess.PIPE,
                text=True,
            )
            one = json.loads(done.stdout.splitlines()[-1])
            spent.append(one["seconds"])
            memory.append(one["bytes"])
            shutil.rmtree(place)
    return (
        [
            (
                f"{PICTURES} pictures beside {LESS}",
                f"{spent[1] / spent[0]:.2f} times",
                f"the time; memory {memory[0] / 1e6:.0f} and {memory[1] / 1e6:.0f} MB",
            )
        ],
        dict(scaling_ratio=spent[1] / spent[0], scaling_memory_ratio=memory[1] / memory[0]),
    )


def one_folder(model, folder):
    """Print what tools.analyze takes for a folder of pictures, as JSON: seconds, and bytes at most."""
    from tools import analyze

    with tempfile.TemporaryDirectory() as out:
        args = analyze.parse(
            [
                folder,
                "--model",
                model,
                "--engine",
                ENGINE,
                "--smallest",
                str(SIZES[0]),
                "--out",
                out,
                "--without-pictures",
            ]
        )
        find, paths = analyze.finder(args), analyze.expand([folder])[0]
        with open(os.path.join(out, "lines"), "a", encoding="utf-8") as stream:
            seconds = median_seconds(
                lambda: analyze.analyze_pictures(find, paths, set(), stream, args)
            )
    print(
        json.dumps(
            dict(seconds=seconds, bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
        )
    )


@command
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, help="folder of a fused model of profile tiny")
    parser.add_argument("--folder", help="only analyze this folder, and print what that took")
    args = parser.parse_args(argv)
    if args.folder:
        one_folder(args.model, args.folder)
        return
    everything = {}
    with tempfile.TemporaryDirectory() as folder:
        full_width(folder)
        rows, figures, stages = engines(folder)
        parts = [
            lambda: (rows, figures),
            lambda: pictures(args.model, folder, stages),
            lambda: growth(args.model),
        ]
        for part in parts:
            rows, figures = part()
            everything.update(figures)
            for what, figure, remark in rows:
                print(f"  {what:<50} {figure:>12}  {remark}", flush=True)
    print(json.dumps(everything))


if __name__ == "__main__":
    sys.exit(main())
