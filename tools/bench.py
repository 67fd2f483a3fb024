"""Time what must be fast, and print a table: training with real data beside made-up data, reading faces, the full network.

    python -m tools.bench --db out/demo/db --records out/demo/train/faces/records.jsonl

Blocks of iterations are timed by turns, so that a change of the machine's load meets both sides alike; figures are medians.
"""

import argparse
import collections
import contextlib
import dataclasses
import functools
import io
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time

import cv2
import numpy as np

from allinone import align, device, files, record, schedules, store, surgery, tasks
from allinone.blob import MEAN, SCALE
from allinone.errors import InputError, command
from allinone.parallel import in_order
from allinone.pycaffe import caffe
from data_prep import aligned_db
from data_prep.align_faces import JPEG_QUALITY
from data_prep.sources import image_path
from prototxt import solvers, towers
from python_layers.face_data import FaceSampler
from python_layers.prefetch import AHEAD
from python_layers.region_data import RegionSampler

ROUNDS, STEPS = 9, 10  # blocks of each side, iterations of each
FACES, ROWS = 2000, 50  # faces that each data layer reads, and in a mini-batch
BUILDS, REPEATS = 5, 5  # databases built, and how often each takes all records
CASIA_SIDE = 250  # pixels
SHORT, LONG = 20, 120  # iterations of two runs, whose difference is free of start and end


def dummy_twin(net):
    """Return a training net whose data layers are Caffe's DummyData of the same shapes: it waits for nothing."""
    twin = type(net)(name=net.name)
    for layer in net.layer:
        made = twin.layer.add()
        made.CopyFrom(layer)
        if layer.name.endswith("/data"):
            settings = json.loads(layer.python_param.param_str)
            rows, side = settings["batch"], settings["size"]
            sampler = RegionSampler if layer.python_param.layer == "RegionData" else FaceSampler
            made.ClearField("param")
            made.ClearField("python_param")
            made.type = "DummyData"
            for shape in sampler.shapes(rows, side)[: len(layer.top)]:
                made.dummy_data_param.shape.add(dim=shape)
                made.dummy_data_param.data_filler.add(type="constant", value=1)
    return twin


def solver_of(net, profile, job, folder, name):
    """Return a solver for a net, its files in a folder."""
    paths = [os.path.join(folder, f"{name}_{kind}.prototxt") for kind in ("net", "solver")]
    for path, text in zip(
        paths,
        (
            str(net),
            solvers.solver_text(profile, job, paths[0], os.path.join(folder, name), by_caffe=False),
        ),
    ):
        with files.replacing(path) as stream:
            stream.write(text)
    return caffe.get_solver(paths[1])


def seconds(work, count):
    """Return the seconds that one of `count` calls takes."""
    start = time.perf_counter()
    for _ in range(count):
        work()
    return (time.perf_counter() - start) / count


def by_turns(*works, count):
    """Return the median seconds of one call of each work."""
    return [
        statistics.median(column)
        for column in zip(*[[seconds(work, count) for work in works] for _ in range(ROUNDS)])
    ]


def training(databases):
    """Return rows of the table and {name: figure}: an iteration of the joint tiny net on real data and on DummyData."""
    profile, job = profiles.TINY, schedules.JOBS["tiny"]["joint"]
    identities = store.manifest(os.path.join(databases, "id"))["identities"]
    real = towers.train_net(profile, job, databases, identities, validation=0)
    with tempfile.TemporaryDirectory() as folder:
        nets = [
            solver_of(net, profile, job, folder, name)
            for name, net in (("real", real), ("dummy", dummy_twin(real)))
        ]
        for net in nets:
            net.step(STEPS)  # the first mini-batches wait for the processes to start
        on_real, on_dummy = by_turns(*(functools.partial(net.step, 1) for net in nets), count=STEPS)
    return (
        [
            ("joint tiny iteration, DummyData", f"{on_dummy * 1000:.0f} ms", ""),
            (
                "joint tiny iteration, real data",
                f"{on_real * 1000:.0f} ms",
                f"{on_real / on_dummy:.2f} times DummyData's",
            ),
        ],
        dict(train_iteration_ratio=on_real / on_dummy),
    )


def sharing(databases):
    """Return rows of the table and {name: figure}: an iteration of tools.train for the joint tiny net in one process, and shared out to two."""

    def run(cores, iterations):
        with tempfile.TemporaryDirectory() as out:
            subprocess.run(
                [
                    sys.executable,
                    "-m",
                    "tools.train",
                    "--profile",
                    "tiny",
                    "--db",
                    databases,
                    "--out",
                    out,
                    "--iterations",
                    str(iterations),
                    "--snapshot",
                    str(iterations),
                    "--cores",
                    str(cores),
                ],
                stdout=subprocess.DEVNULL,
                check=True,
            )

    one, two = [
        (seconds(lambda: run(cores, LONG), 1) - seconds(lambda: run(cores, SHORT), 1))
        / (LONG - SHORT)
        for cores in (1, 2)
    ]
    return (
        [
            ("joint tiny training, an iteration, one process", f"{one * 1000:.0f} ms", ""),
            (
                "joint tiny training, an iteration, two processes",
                f"{two * 1000:.0f} ms",
                f"{one / two:.2f} times as fast",
            ),
        ],
        dict(two_processes_speedup=one / two),
    )


DATA_LAYER = """layer { name: "data" type: "Data" top: "data" top: "label"
  data_param { source: "%s" backend: LMDB batch_size: %d prefetch: %d }
  transform_param { mirror: true crop_size: %d scale: %r mean_value: %d mean_value: %d mean_value: %d } }"""
FACE_LAYER = """layer { name: "data" type: "Python" top: "data" top: "label" param { lr_mult: 0 decay_mult: 0 }
  python_param { module: "python_layers.face_data" layer: "FaceData" param_str: '%s' } }"""


def reading(databases):
    """Return rows of the table and {name: figure}: faces a second of the kit's FaceData and of Caffe's own Data layer, on the same database."""
    folder, side, nets = os.path.join(databases, "smile"), profiles.TINY.input_size, []
    for text in (
        FACE_LAYER % json.dumps(dict(source=folder, batch=ROWS, size=side, seed=1)),
        DATA_LAYER % (os.path.join(folder, store.LMDB), ROWS, AHEAD, side, SCALE, *MEAN),
    ):
        with tempfile.NamedTemporaryFile("w", suffix=".prototxt") as stream:
            stream.write(text)
            stream.flush()
            nets.append(caffe.Net(stream.name, caffe.TRAIN))
            seconds(nets[-1].forward, AHEAD)
    ours, theirs = [
        ROWS / time_ for time_ in by_turns(*(net.forward for net in nets), count=FACES // ROWS)
    ]
    return (
        [
            ("aligned faces, Caffe's Data layer", f"{theirs:.0f}/s", ""),
            ("aligned faces, FaceData", f"{ours:.0f}/s", f"{ours / theirs:.2f} times Data's"),
        ],
        dict(face_data_ratio=ours / theirs),
    )


def bare_loop(some):
    """Decode, warp and encode pictures, [(path, matrix)], as building does, and nothing else."""
    size = align.stored_size(profiles.TINY.input_size)
    for path, matrix in some:
        face = cv2.warpAffine(
            cv2.imread(path), matrix, (size, size), borderMode=cv2.BORDER_REPLICATE
        )
        cv2.imencode(".jpg", face, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return some


def enlarged(records, folder):
    """Write the faces of a records file at the size of CASIA-WebFace's pictures into a folder, its lines REPEATS times; return the new file.

    That is the largest set. The lines are repeated so that starting the processes weighs as little as it does there.
    """
    faces = list(record.read(records))
    for face in faces:
        image = files.read_image(image_path(records, face.image))
        scale = CASIA_SIDE / len(image)
        files.write_image(
            os.path.join(folder, face.image),
            cv2.resize(image, (CASIA_SIDE, CASIA_SIDE), interpolation=cv2.INTER_CUBIC),
        )
        face.box, face.landmarks = (
            (np.float64(face.box) * scale).tolist(),
            (np.float64(face.landmarks) * scale).round(2).tolist(),
        )
    path = os.path.join(folder, "records.jsonl")
    with files.replacing(path) as stream:
        stream.write("".join(map(record.to_line, faces)) * REPEATS)
    return path


def building(records):
    """Return rows of the table and {name: figure}: aligned faces a second of `build_db aligned`, beside the bare loop, both on all cores."""
    size = align.stored_size(profiles.TINY.input_size)
    with tempfile.TemporaryDirectory() as out:
        records = enlarged(records, out)
        work = [
            (
                image_path(records, face.image),
                align.in_pixels(
                    align.similarity(face.landmark_array(), face.visibility_array()),
                    size,
                    align.MARGIN,
                ),
            )
            for face in record.read(records)
        ]

        def ours():
            with contextlib.redirect_stdout(io.StringIO()):
                aligned_db.build_aligned(records, out, ("gender",), profiles.TINY)

        bare = lambda: collections.deque(
            in_order(bare_loop, work, chunk=aligned_db.CHUNK), maxlen=0
        )
        times = zip(*[[seconds(one, 1) for one in (ours, bare)] for _ in range(BUILDS)])
        ours_, bare_ = [len(work) / statistics.median(column) for column in times]
    return (
        [
            ("aligned crops, decode + warp + encode alone", f"{bare_:.0f}/s", ""),
            (
                "aligned crops, build_db",
                f"{ours_:.0f}/s",
                f"{ours_ / bare_:.2f} times the bare loop's",
            ),
        ],
        dict(align_ratio=ours_ / bare_),
    )


def full_network():
    """Return rows of the table and {name: figure}: a joint iteration of profile paper, one image a tower, and the most memory that it takes.

    In a process of its own, since a process's peak of memory never falls.
    """
    done = subprocess.run(
        [sys.executable, "-m", "tools.bench", "--full-network"],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    figures = json.loads(done.stdout)
    return (
        [
            (
                "joint paper iteration, one image a tower",
                f"{figures['seconds']:.1f} s",
                f"{figures['parameters']:,} parameters",
            ),
            (
                "its peak of memory",
                f"{figures['bytes'] / 1e9:.1f} GB",
                "weights, gradients, momentum, activations",
            ),
        ],
        dict(paper_iteration=figures),
    )


def analysis(model):
    """Print the rows of tools.bench_analysis, on all cores and in a process of its own, and return its figures."""
    with subprocess.Popen(
        [sys.executable, "-m", "tools.bench_analysis", "--model", model],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "OPENBLAS_NUM_THREADS": str(os.cpu_count())},
    ) as running:
        for line in running.stdout:
            if line.startswith("{"):
                return json.loads(line)
            print(line, end="", flush=True)
    raise InputError(f"tools.bench_analysis ended with code {running.returncode}")


def measure_full_network():
    """Print the figures of `full_network` as JSON."""
    profile, job = profiles.PAPER, schedules.JOBS["paper"]["joint"]
    job = dataclasses.replace(job, batch=dict.fromkeys(tasks.TOWERS, 1))
    net = towers.train_net(profile, job, "", profile.identities, validation=0)
    with tempfile.TemporaryDirectory() as folder:
        solver = solver_of(dummy_twin(net), profile, job, folder, "paper")
        solver.step(1)
        time_ = statistics.median(
            seconds(functools.partial(solver.step, 1), 1) for _ in range(ROUNDS)
        )
        names = surgery.parameter_names(dummy_twin(net))
        sizes = {
            name: blob.count
            for layer, found in names.items()
            for name, blob in zip(found, solver.net.params[layer])
            if not name.endswith(surgery.COUNTER)
        }
    print(
        json.dumps(
            dict(
                seconds=time_,
                parameters=sum(sizes.values()),
                bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            )
        )
    )


@command
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--db", help="folder of the databases of profile tiny")
    parser.add_argument("--records", help="records.jsonl of faces, to build a database of")
    parser.add_argument("--model", help="folder of a fused model of profile tiny")
    parser.add_argument("--out", help="file for the figures as JSON")
    parser.add_argument(
        "--full-network",
        action="store_true",
        help="only print the figures of profile paper as JSON",
    )
    args = parser.parse_args(argv)
    if args.full_network:
        return measure_full_network()
    if not (args.db and args.records and args.model and args.out):
        raise InputError(
            "bench: needs --db, --records, --model and --out; `make bench` makes all of them"
        )
    about = f"{device.machine()}, OPENBLAS_NUM_THREADS={os.environ.get('OPENBLAS_NUM_THREADS', 'not set')}"
    print(about, flush=True)
    everything = dict(machine=about)
    for part in (
        functools.partial(training, args.db),
        functools.partial(sharing, args.db),
        functools.partial(reading, args.db),
        functools.partial(building, args.records),
        full_network,
    ):
        rows, figures = part()
        everything.update(figures)
        for what, figure, remark in rows:
            print(f"  {what:<50} {figure:>12}  {remark}", flush=True)
    print(f"on all {os.cpu_count()} cores:", flush=True)
    everything.update(analysis(args.model))
    files.write_json(args.out, everything)
    print(f"written: {args.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
