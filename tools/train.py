"""Train a net in Caffe: pre-training, the joint net, a tower alone, fine-tuning, the baseline; with exact resume.

    python -m tools.train --profile tiny --job joint --db out/demo/db --out out/demo/run --resume

The run's folder gets train.prototxt, solver.prototxt, plan.json, log.jsonl (a line an iteration and one a validation),
data.json, curves.png, tensorboard/ and snapshots/. With databases for validation under <db>/val, every task's figure on them is
measured as the run goes on.
"""

import argparse
import contextlib
import dataclasses
import json
import os
import signal
import sys
import time

import numpy as np
from tensorboardX import SummaryWriter

from allinone import device, files, profiles, schedules, snapshots, surgery, tasks, widen
from allinone.errors import InputError, command
from allinone.pycaffe import caffe
from evaluate import validation
from prototxt import towers
from tools import multi_cpu, multi_gpu, plan, plot_log, processes

SHOW_EVERY, DRAW_EVERY = (
    4.0,
    60.0,
)  # seconds between lines of progress, and between drawings of the curves
EVENTS_EVERY = 10  # iterations between TensorBoard's points
SMOOTH = 0.95  # of the losses that are printed
FIRST, DIVERGED, SATURATED = (
    20,
    20,
    80.0,
)  # our choice: a run diverges when a smoothed loss is DIVERGED times the mean of
#                                             its FIRST iterations, or a softmax loss SATURATED: Caffe's ends at 87
UNTRAINED = dict(
    softmax=0.7, euclidean=0.1, age=1.0
)  # about what untrained nets lose (age: by eq. 6's bell): a trained one may begin
#                                             with next to nothing, or with a mini-batch that has no label


def losses_of(net):
    """Return {task: unweighted loss} of the latest pass."""
    return {
        name.split("/loss_")[1]: blob.data.item()
        for name, blob in net.blobs.items()
        if "/loss_" in name
    }


@contextlib.contextmanager
def ctrl_c_waits():
    """Give a function that tells whether Ctrl-C was pressed: an iteration that is cut in two could not be resumed exactly."""
    pressed = []
    before = signal.signal(signal.SIGINT, lambda *_: pressed.append(True))
    try:
        yield lambda: bool(pressed)
    finally:
        signal.signal(signal.SIGINT, before)


class Diverged(InputError):
    """Say whose loss is lost."""


class Log:
    """log.jsonl and TensorBoard's events of a run, without what was written after the iteration that it resumes at."""

    def __init__(self, out, start):
        self.path, lines = os.path.join(out, "log.jsonl"), []
        if os.path.isfile(self.path):
            with open(self.path, encoding="utf-8") as stream:
                lines = [
                    line
                    for line in stream
                    if line.endswith("\n") and json.loads(line)["iteration"] <= start
                ]
        with files.replacing(self.path) as stream:
            stream.writelines(lines)
        self.first = [entry["loss"] for entry in map(json.loads, lines) if "loss" in entry][:FIRST]
        self.stream = open(self.path, "a", encoding="utf-8")
        self.events = SummaryWriter(os.path.join(out, "tensorboard"), purge_step=start + 1)

    def losses(self, iteration, losses):
        """Write the losses of an iteration."""
        self.first += [losses] * (len(self.first) < FIRST)
        self._line(
            iteration=iteration, loss={name: round(value, 6) for name, value in losses.items()}
        )
        if iteration % EVENTS_EVERY == 0:
            for name, value in losses.items():
                self.events.add_scalar(f"loss/{name}", value, iteration)

    def figures(self, iteration, figures):
        """Write the figures of a validation."""
        self._line(iteration=iteration, validation=figures)
        for task, metrics in figures.items():
            for metric, value in metrics.items():
                self.events.add_scalar(f"validation/{task}_{metric}", value, iteration)

    def _line(self, **entry):
        self.stream.write(json.dumps(entry) + "\n")

    def flush(self):
        """Bring all to the disk: before a snapshot, which the log must not lag behind."""
        self.stream.flush()
        self.events.flush()

    def close(self):
        """End both."""
        self.stream.close()
        self.events.close()


def check_losses(losses, smooth, first, run, iteration):
    """Stop a run whose loss is no number or diverges, naming the task and the last good snapshot."""
    for name, loss in losses.items():
        start = np.mean([entry[name] for entry in first])
        kind = tasks.BY_NAME[name].loss
        limit = min(
            DIVERGED * max(start, UNTRAINED[kind]), SATURATED if kind == "softmax" else np.inf
        )
        what = (
            "is no number"
            if not np.isfinite(loss)
            else f"diverges (from {start:.3g} to {smooth[name]:.3g})"
            if smooth[name] > limit
            else ""
        )
        if what:
            raise Diverged(
                f"the loss of '{name}' {what} at iteration {iteration}; lower base_lr in allinone/schedules.py. "
                f"{snapshots.last_good(run)}"
            )


class Validation:
    """The net in its test phase, with the weights of the one that is trained, and what it says of held-out faces."""

    def __init__(self, solver, profile, job, databases, out):
        self.solver, self.path, self.net = solver, os.path.join(out, snapshots.NET), None
        self.owners = {task.name: tower for tower in job.towers for task in tasks.tasks_of(tower)}
        self.rows = plan.validation_rows(profile, job, databases)
        self.batches = plan.validation_batches(profile, job, self.rows)

    def figures(self):
        """Return {task: {metric: value}}; {} where there is nothing to validate on."""
        if not self.rows:
            return {}
        if self.net is None:
            self.net = caffe.Net(self.path, caffe.TEST)
            self.net.share_with(self.solver.net)
        return validation.measure(self.net, self.owners, self.batches, self.rows)


def run(solver, out, iterations, every, validate, validation_every):
    """Step until `iterations`; log every one, validate and snapshot now and then, snapshot at the end and at Ctrl-C."""
    smooth, start = {}, solver.iter
    log = Log(out, start)
    begun = shown = drawn = time.monotonic()
    with contextlib.closing(log), ctrl_c_waits() as stopped:
        while solver.iter < iterations:
            solver.step(1)
            losses, last = losses_of(solver.net), solver.iter == iterations
            smooth = {
                name: SMOOTH * smooth.get(name, loss) + (1 - SMOOTH) * loss
                for name, loss in losses.items()
            }
            check_losses(losses, smooth, log.first or [losses], out, solver.iter)
            log.losses(solver.iter, losses)
            if solver.iter % validation_every == 0 or last:
                figures = validate()
                if figures:
                    log.figures(solver.iter, figures)
                    print(
                        f"  {solver.iter}/{iterations}, held out | "
                        + _words(
                            {
                                f"{task} {metric}": value
                                for task, metrics in figures.items()
                                for metric, value in metrics.items()
                            }
                        ),
                        flush=True,
                    )
            now = time.monotonic()
            if now - shown > SHOW_EVERY or last:
                shown, rate = now, (solver.iter - start) / (now - begun)
                print(
                    f"  {solver.iter}/{iterations}, {rate:.2f}/s, {(iterations - solver.iter) / rate:.0f} s left | {_words(smooth)}",
                    flush=True,
                )
            if stopped() or solver.iter % every == 0 or last:
                log.flush()
                snapshots.save(solver, out)
            if now - drawn > DRAW_EVERY or last:
                log.flush()
                plot_log.plot(log.path, os.path.join(out, "curves.png"))
                drawn = time.monotonic()
            if stopped() and not last:
                print(f"stopped at iteration {solver.iter}, with a snapshot")
                raise KeyboardInterrupt


def _words(values):
    return " ".join(f"{name} {value:.3g}" for name, value in values.items())


def start_from(solver, job, net_path, source, narrow=False):
    """Write the weights of another run or model into a solver's net, and say which; pre-trained ones lack the new layers. narrow: it is to be widened."""
    weights = snapshots.weights_of(source)
    parameters = snapshots.parameters(weights)
    definition = surgery.read_net(net_path)
    fc8 = solver.net.params.get("id/fc8")
    if fc8 is not None and "fc8/w" in parameters and fc8[0].data.shape != parameters["fc8/w"].shape:
        print(
            f"  fc8 starts anew: {weights} knows other people ({len(parameters['fc8/w'])}, here {len(fc8[0].data)})"
        )
        parameters = {
            name: array for name, array in parameters.items() if not name.startswith("fc8/")
        }
    if narrow:
        parameters = widen.widened(parameters, solver.net, definition, weights)
    report = surgery.transplant(
        solver.net, definition, parameters, weights, partial=job.init != "joint"
    )
    layers = lambda names: ", ".join(sorted({name.rsplit("/", 1)[0] for name in names})) or "none"
    print(
        f"  taken over: {layers(report.matched)}\n  start anew: {layers(report.missing)}\n"
        f"  left: {layers(report.unused)}",
        flush=True,
    )


def dropout_seed(seed, iteration, rank):
    """Return the seed of an iteration's dropout: a snapshot does not hold Caffe's random state, and processes must not drop the same units."""
    return int(np.random.default_rng([seed, 17, iteration, rank]).integers(2**31))


def work(args, state, rank=0, meeting=None):
    """Train the run whose files stand in args.out, from the solverstate `state` on, or from the start where it is None.

    Several GPUs, or CPU cores, have a process each, of number `rank`: they average their gradients through `meeting`, every one
    reads its own share of the mini-batches, the first writes.
    """
    profile, job, iterations, _ = settings(args)
    gpus = device.parse_gpus(args.gpu)
    if gpus:
        caffe.set_device(gpus[rank])
        caffe.set_mode_gpu()
    if meeting:
        processes.join(processes_of(args), rank)
    solver = caffe.get_solver(os.path.join(args.out, "solver.prototxt"))
    if state:
        snapshots.restore(solver, args.out, state, rank)
    elif args.init and not rank:  # the first tells the others
        start_from(solver, job, os.path.join(args.out, snapshots.NET), args.init, args.widen)
    solver.add_callback(
        lambda: caffe.set_random_seed(dropout_seed(args.seed, solver.iter, rank)), lambda: None
    )
    link = meeting.connect(solver, rank) if meeting else None  # noqa: F841  (must live as long as the solver)
    if rank:
        processes.follow(solver, iterations)
    else:
        rule = schedules.RULES[profile.name]
        try:
            run(
                solver,
                args.out,
                iterations,
                args.snapshot or rule.snapshot,
                Validation(solver, profile, job, args.db, args.out).figures,
                rule.validate,
            )
        except Diverged as error:
            print(f"error: {error}", file=sys.stderr, flush=True)
            os._exit(
                2
            )  # at once: where Caffe's max pooling met NaN it has written outside its arrays, and would abort on the way out


def processes_of(args):
    """Return how many processes train: one for each GPU, or for each of --cores."""
    return max(len(device.parse_gpus(args.gpu)), args.cores)


def settings(args):
    """Return (profile, job, iterations, caffemodel to start from or None) of the command's arguments."""
    profile = profiles.PROFILES[args.profile]
    job = schedules.JOBS[args.profile][args.job]
    iterations = args.iterations or job.iterations
    switch = (
        round(job.age_switch * iterations / job.iterations)
        if args.age_switch is None
        else args.age_switch
    )
    batch = (
        {tower: -(-size // args.cores) for tower, size in dict(profile.batch, **job.batch).items()}
        if args.cores > 1
        else job.batch
    )
    job = dataclasses.replace(
        job,
        age_switch=switch,
        age_ramp=args.age_ramp,
        base_lr=args.base_lr or job.base_lr,
        batch=batch,
        without_dropout=tuple(args.without_dropout),
    )
    return profile, job, iterations, snapshots.weights_of(args.init) if args.init else None


def parse(argv):
    """Return the command's arguments."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--profile", choices=profiles.PROFILES, required=True)
    parser.add_argument(
        "--job",
        choices=schedules.JOBS["paper"],
        default="joint",
        help="what is trained (allinone/schedules.py)",
    )
    parser.add_argument(
        "--db",
        required=True,
        help="folder with a database for each of the job's towers, and val/ with more for validation",
    )
    parser.add_argument("--out", required=True, help="folder for snapshots, log and curves")
    parser.add_argument("--init", help="run or model to start from; default: random weights")
    parser.add_argument(
        "--widen",
        action="store_true",
        help="the net of --init is narrower: repeat its maps and units, so that this one starts with its answers",
    )
    parser.add_argument(
        "--iterations",
        type=int,
        help="default: the job's; the age loss then switches at the same share of them",
    )
    parser.add_argument("--base-lr", type=float, help="default: the job's")
    parser.add_argument(
        "--age-switch",
        type=int,
        help="iteration at which the age loss turns Gaussian; default: the job's",
    )
    parser.add_argument(
        "--age-ramp",
        type=int,
        default=0,
        help="iterations over which it does so; default: at once, as in the paper",
    )
    parser.add_argument(
        "--without-dropout",
        nargs="+",
        choices=tasks.TOWERS,
        default=(),
        metavar="TOWER",
        help="towers that do without the profile's dropout, such as det and age in a last run: numbers are drawn towards their mean under it",
    )
    parser.add_argument(
        "--iter-size",
        type=int,
        default=1,
        help="mini-batches of an iteration, for a GPU that is too small for larger ones",
    )
    parser.add_argument(
        "--snapshot", type=int, help="iterations between snapshots, default: the profile's"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--resume", action="store_true", help="go on from the newest snapshot, if there is one"
    )
    parser.add_argument(
        "--gpu",
        default="",
        help="GPU numbers, 0 or 0,1, each with mini-batches of its own; empty: CPU",
    )
    parser.add_argument(
        "--cores",
        type=int,
        default=1,
        help="processes without a GPU, which share out each mini-batch",
    )
    args = parser.parse_args(argv)
    if args.cores < 1 or args.cores > 1 and args.gpu:
        parser.error("--cores must be 1 or more, and goes without --gpu")
    if args.widen and not args.init:
        parser.error("--widen needs --init, the narrower net")
    return args


@command
def main(argv=None):
    args = parse(argv)
    multi_gpu.refuse_without_nccl(args.gpu)
    profile, job, iterations, init = settings(args)
    with files.only_one(args.out):
        resumable = plan.prepare(
            args.out,
            *plan.make(
                profile, job, args.db, args.out, args.seed, iterations, args.iter_size, init
            ),
            resume=args.resume,
        )
        state = snapshots.newest_whole(args.out) if resumable else None
        done = snapshots.iteration_of(state) if state else 0
        print(
            f"resuming at iteration {done}"
            if state
            else f"starting from {args.init or 'random weights'}",
            flush=True,
        )
        if done == iterations:
            plot_log.plot(os.path.join(args.out, "log.jsonl"), os.path.join(args.out, "curves.png"))
        elif processes_of(args) > 1:
            print(
                f"training on GPUs {', '.join(map(str, device.check(args.gpu)))}, a process each"
                if args.gpu
                else f"training in {args.cores} processes",
                flush=True,
            )
            processes.supervise(
                work,
                args,
                state,
                multi_gpu.Meeting() if args.gpu else multi_cpu.Meeting(args.cores),
                processes_of(args),
            )
        else:
            device.use(args.gpu)
            work(args, state)
    print(
        f"trained: {args.out}/snapshots/iter_{iterations:07d}.caffemodel, curves in {args.out}/curves.png"
    )


if __name__ == "__main__":
    sys.exit(main())
