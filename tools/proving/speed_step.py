"""How fast the device trains and answers, and how much of its matrix peak that is."""

from __future__ import annotations

import functools
import os
import shutil
import tempfile
from dataclasses import replace
from typing import NamedTuple

from allinone import (
    device,
    engines,
    exporting,
    model,
    model_writing,
    profiles,
    schedules,
    store,
    surgery,
)
from allinone.errors import InputError
from allinone.pycaffe import caffe, caffe_pb2
from prototxt import deploy, towers
from tools import layers
from tools.fusing.proof import write_net
from tools.proving import commands, convolution
from tools.proving.data_step import database
from tools.proving.job import PEAK, Found, Job
from tools.proving.models_step import lacking, opened_net
from tools.proving.training_step import BATCH
from tools.timing.clock import by_turns, median_seconds
from tools.timing.training import dummy_twin, solver_of

ROUNDS = 3  # blocks of iterations that are timed
BATCHES, FEW_BATCHES = (1, 4, 16, 64, 256), (1, 16)  # faces together on a GPU, on the CPU
REPEATS, FEW_REPEATS = 10, 3  # calls that are timed on a GPU, on the CPU


class Product(NamedTuple):
    """Sizes of the matrix products that find a device's peak."""

    rows: int
    side: int
    depth: int  # products in a row, so that what is copied to the card weighs little


PRODUCT, SMALL_PRODUCT = Product(16384, 4096, 2), Product(2048, 1024, 2)  # a GPU's, the CPU's
PIXELS = 4  # side of the picture that the products start from


def training(job: Job) -> Found:
    """Time joint iterations on real and on made-up data, new seeds of cuRAND, convolutions."""
    found, name = Found(), job.profile_name
    device.use(job.card)
    profile, planned = job.profile, schedules.JOBS[name]["joint"]
    factor = 1.0 if job.cards else BATCH.get(name, 1.0)
    sizes = {t: max(1, round(planned.batch_of(t, profile) * factor)) for t in planned.towers}
    planned = replace(planned, batch=sizes)
    databases = database(job, name)
    identity = os.path.join(databases, "id")
    people = store.people_of(store.manifest(identity), identity)
    net = towers.train_net(profile, planned, databases, people, validation=0)
    with tempfile.TemporaryDirectory() as folder:
        real = solver_of(net, profile, planned, folder, "real")
        made_up = solver_of(dummy_twin(net), profile, planned, folder, "dummy")
        for solver in (real, made_up):
            solver.step(2)  # the first mini-batches wait for the processes to start
        works = (
            functools.partial(real.step, 1),
            functools.partial(made_up.step, 1),
            functools.partial(step_with_a_seed, made_up),
        )
        count = max(1, job.iterations // (10 if job.cards else 25))
        times = by_turns(*works, count=count, rounds=ROUNDS)
        report_training(found, sum(sizes.values()), *times)
        convolution.measure(found, made_up.net, times[1], bool(job.card))
    return found


def step_with_a_seed(solver) -> None:
    """Do an iteration as tools.train does it: Caffe's random numbers get a new seed before it."""
    caffe.set_random_seed(1)
    solver.step(1)


def report_training(found: Found, images: int, real: float, made_up: float, seeded: float) -> None:
    """Add rows of the seconds of an iteration: on real data, on made-up data, with new seeds."""
    waiting, seeding = max(0.0, 1 - made_up / real), seeded - made_up
    found.add("training", f"{images / real:.0f} images/s", f"{images} images, {real * 1e3:.0f} ms")
    beside = f"without data layers {made_up * 1e3:.0f} ms"
    found.add("data layers wait", f"{waiting:.0%} of an iteration", beside)
    share = f"{seeding / made_up:.1%} of an iteration without data layers"
    found.add("a new seed for every iteration", f"{seeding * 1e3:.1f} ms", share)
    found.figures.update(
        images=images,
        images_a_second=images / real,
        seconds=real,
        seconds_without_data=made_up,
        share_waiting=waiting,
        seconds_of_a_seed=seeding,
    )


def inference(job: Job) -> Found:
    """Count faces a second of each engine by mini-batch, and its share of the matrix peak."""
    found, name = Found(), job.profile_name
    folder, peak_folder = job.path(name, "model"), job.path(PEAK)
    product = PRODUCT if job.cards else SMALL_PRODUCT
    write_products(peak_folder, product)
    definition = deploy.deploy_net(job.profile)
    flops = layers.total(layers.describe(definition, layers.load(definition)), "flops")
    found.figures["flops_of_a_face"] = flops
    sizes = BATCHES if job.cards else FEW_BATCHES
    products, seconds = {}, {}
    for engine in engines.ENGINES:
        why = lacking(engine, job.card)
        if why:
            found.leave_out(f"{engine} on the {job.used}", f"not run: {why}")
            continue
        try:
            (taken,) = times(job, peak_folder, engine, PIXELS, (product.rows,))
            seconds[engine] = dict(zip(sizes, times(job, folder, engine, None, sizes)))
            products[engine] = flops_of(product) / taken
        except InputError as error:  # such as a card whose memory is too small; the others go on
            found.judge(f"{engine} on the {job.used}", False, "no figure", str(error))
    shutil.rmtree(peak_folder)
    for engine, peak in peaks_of(found, products).items():
        report_engine(found, engine, peak, flops, seconds[engine])
    return found


def peaks_of(found: Found, products: dict[str, float]) -> dict[str, float]:
    """Return {engine: the device's matrix peak in its precision}, FLOP/s, and add rows of them.

    products: what each engine reaches with products alone. The best engine counts for all; fp16 has
    float32's peak where its own is lower, as on a CPU.
    """
    single = {engine: one for engine, one in products.items() if engine != engines.ONNX_FP16}
    peaks = {}
    if single:
        best = max(single, key=single.get)
        peaks = dict.fromkeys(single, single[best])
        found.add("matrix products, float32", f"{single[best] / 1e12:.3g} TFLOP/s", f"by {best}")
    half = products.get(engines.ONNX_FP16)
    if half:
        peaks[engines.ONNX_FP16] = max(half, *peaks.values()) if peaks else half
        found.add("matrix products, fp16", f"{half / 1e12:.3g} TFLOP/s", f"by {engines.ONNX_FP16}")
    found.figures["matrix_products_flops"] = products
    return peaks


def report_engine(
    found: Found, engine: str, peak: float, flops: float, seconds: dict[int, float]
) -> None:
    """Add rows of an engine, {size of a mini-batch: seconds}: faces a second, share of the peak."""
    figures = dict(peak_flops=peak, faces_a_second={}, share_of_peak={})
    for size, taken in seconds.items():
        faces, share = size / taken, flops * size / taken / peak
        found.add(f"{engine}, {size} together", f"{faces:.0f} faces/s", f"{share:.0%} of the peak")
        figures["faces_a_second"][size], figures["share_of_peak"][size] = faces, share
    found.figures[engine] = figures


def times(job: Job, folder: str, engine: str, side: int | None, sizes) -> list[float]:
    """Return the seconds of a call of an engine for each size of a mini-batch."""
    repeats = REPEATS if job.cards else FEW_REPEATS
    some = folder, engine, job.card, side, sizes, repeats
    return commands.in_process(bool(job.cards), seconds_of, *some)


def seconds_of(
    folder: str, engine: str, gpu: str, side: int | None, sizes, repeats: int
) -> list[float]:
    """Return the median seconds of a call for each size; side: of the pictures, None: the net's."""
    opened, net, blobs = opened_net(folder, engine, gpu)
    found = []
    for size in sizes:
        batch = exporting.noise(side or opened.input_size, size)
        found.append(median_seconds(functools.partial(net.run, batch, blobs), repeats))
    return found


def write_products(folder: str, product: Product) -> None:
    """Write a model of nothing but matrix products; only one number a row is read."""
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    definition = caffe_pb2.NetParameter(name="products")
    source = definition.layer.add(name="data", type="Input", top=["data"])
    source.input_param.shape.add(dim=[1, 3, PIXELS, PIXELS])
    below = "data"
    for place in range(product.depth + 2):  # the first spreads the picture, the last sums up
        layer = definition.layer.add(name=f"fc{place}", type="InnerProduct", bottom=[below])
        layer.top.append(layer.name)
        layer.inner_product_param.num_output = product.side if place <= product.depth else 1
        layer.inner_product_param.weight_filler.type = "msra"
        for kind in "wb":
            layer.param.add(name=f"{layer.name}/{kind}")
        below = layer.name
    net = caffe.Net(write_net(folder, model.FUSED[0], definition), caffe.TEST)
    surgery.save(net, os.path.join(folder, model.FUSED[1]))
    model_writing.describe(folder, profiles.PAPER.name, PIXELS, {"1": {below: below}, "2": {}})


def flops_of(product: Product) -> float:
    """Return the FLOPs of the products; a multiplication with its addition counts as two."""
    inside = 3 * PIXELS**2 * product.side + product.depth * product.side**2 + product.side
    return 2.0 * product.rows * inside
