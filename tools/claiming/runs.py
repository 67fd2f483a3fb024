"""The trainings that make claims sets beside each other, and the figures that they end with."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed

from allinone import reading, schedules, tasks
from allinone.errors import InputError
from allinone.interrupts import INTERRUPTED
from tools.training.log import AGAIN, LOG, Entry

PROFILE = "tiny"
JOB = schedules.JOBS[PROFILE]["joint"]  # all others are as long
ITERATIONS = JOB.iterations
Chain = Mapping[str, Sequence[str]]  # {run: arguments of tools.train}, one after the other
AGE_LOSS = "age_loss"  # in claims.json: figures of AGE_LOSSES that are newer than the rest
EARLY = ("--age-switch", str(ITERATIONS // 10))  # the paper's share: 20k of our 200k iterations
AS_PRINTED = ("--age-weight", "1")
AGE_LOSSES: Mapping[str, Sequence[str]] = dict(  # {run of the age tower: arguments of its loss}
    age=(),
    age_euclidean=("--age-switch", str(ITERATIONS)),
    age_gaussian=("--age-switch", "0"),
    age_as_printed=AS_PRINTED,
    age_early=EARLY,
    age_early_as_printed=(*EARLY, *AS_PRINTED),
)
# A run may start from one before it in its chain: "--init" and its name.
CHAINS: tuple[Chain, ...] = (
    dict(pretrain=("--job", "pretrain"), joint_pretrained=("--job", "joint", "--init", "pretrain")),
    dict(joint=("--job", "joint")),
    *({tower: ("--job", tower)} for tower in tasks.TOWERS),
    *({name: ("--job", "age", *more)} for name, more in AGE_LOSSES.items() if more),
    dict(hyperface=("--job", tasks.HYPERFACE)),
)


class Trainings:
    """Chains of trainings, some at a time; they go on where they were stopped."""

    def __init__(self, databases: str, out: str) -> None:
        """Take the folder of the databases and the one for the runs."""
        self.databases, self.out = databases, out
        self.running: set[subprocess.Popen] = set()
        self.stopped = False

    def command(self, folder: str, name: str, seed: int, arguments: Sequence[str]) -> list[str]:
        """Return the command of a run in the folder of its seed."""
        command = [sys.executable, "-m", "tools.train", "--profile", PROFILE, "--resume"]
        command += ["--db", self.databases, "--out", os.path.join(folder, name)]
        command += ["--seed", str(seed)]
        for before, part in zip(("", *arguments), arguments):
            command.append(os.path.join(folder, part) if before == "--init" else part)
        return command

    def train(self, chain: Chain, seed: int) -> None:
        """Run a chain with one seed; InputError with the log's end where a training fails."""
        folder = os.path.join(self.out, f"seed{seed}")
        os.makedirs(folder, exist_ok=True)
        for name, arguments in chain.items():
            log = os.path.join(folder, f"{name}.log")
            print(f"  seed {seed}, {name}: training, see {log}", flush=True)
            with open(log, "w", encoding="utf-8") as stream:
                process = subprocess.Popen(
                    self.command(folder, name, seed, arguments),
                    stdout=stream,
                    stderr=subprocess.STDOUT,
                )
                self.running.add(process)
                if self.stopped:  # meanwhile
                    self.stop()
                code = process.wait()
                self.running.discard(process)
            if code == INTERRUPTED or self.stopped:
                return
            if code:
                with open(log, encoding="utf-8", errors="backslashreplace") as stream:
                    told = stream.read()[-500:]
                raise InputError(f"{log}: the training ended with code {code}: {told}")

    def train_all(
        self, seeds: Iterable[int], workers: int, chains: Sequence[Chain] = CHAINS
    ) -> None:
        """Run chains with all seeds, `workers` at a time."""
        with ThreadPoolExecutor(workers) as pool:
            work = [pool.submit(self.train, chain, seed) for seed in seeds for chain in chains]
            try:
                for done, future in enumerate(as_completed(work), 1):
                    future.result()
                    print(f"  {done}/{len(work)} done", flush=True)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                self.stop()
                raise

    def stop(self) -> None:
        """Tell the trainings that run to snapshot and end, as Ctrl-C does."""
        self.stopped = True
        for process in list(self.running):
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGINT)


def last_figures(run: str) -> dict[str, float]:
    """Return {task: value} of a run's last validation; InputError where it is an earlier one."""
    path, done, found = os.path.join(run, LOG), 0, {}
    for entry in reading.json_lines(path, AGAIN, Entry):
        if "validation" in entry:
            done, last = entry["iteration"], entry["validation"]
    if done != ITERATIONS:
        raise InputError(
            f"{run}: its last validation is of iteration {done}, not {ITERATIONS}; run make "
            "claims again"
        )
    for task, metrics in last.items():
        metric = tasks.BY_NAME[task].validation.metric if task in tasks.BY_NAME else None
        if metric not in metrics:
            raise InputError(f"{path}: no figure of {task} in its last validation; {AGAIN}")
        found[task] = metrics[metric]
    return found


def age_chains() -> list[Chain]:
    """Return the chains that compare the losses of the age tower."""
    return [chain for chain in CHAINS if set(chain) <= set(AGE_LOSSES)]


def beside_older(older: dict, ages: dict) -> dict:
    """Return the figures of an older page with newer ones of the age losses, never mixed.

    The age tower alone has older ones too, which stand beside the joint net's.
    """
    kept = {name: one for name, one in older.items() if name == "age" or name not in AGE_LOSSES}
    return {**kept, AGE_LOSS: ages}


def figures(
    out: str, seeds: Sequence[int], chains: Sequence[Chain] = CHAINS
) -> dict[str, dict[str, list[float]]]:
    """Return {run: {task: [value of each seed]}} of the runs of some chains."""
    found = {}
    for chain in chains:
        for name in chain:
            by_seed = [last_figures(os.path.join(out, f"seed{seed}", name)) for seed in seeds]
            found[name] = {}
            for task in by_seed[0]:
                found[name][task] = [values[task] for values in by_seed]
    return found
