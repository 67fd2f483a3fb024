"""Test the paper's claims in small: one net for all tasks against a net for each, the age loss, identity pre-training.

    python -m tools.claims --db out/demo/db --out out/claims --seeds 1 2 3 --page docs/claims.md

Every run is a `tools.train` of profile tiny with its usual settings, as many at a time as there are cores. Stopped, it goes on
where it was. Figures are those of the last validation, on faces that no run has seen.
"""

import argparse
import functools
import json
import os
import statistics
import subprocess
import sys
from multiprocessing.pool import ThreadPool

from allinone import device, files, schedules, store, tasks
from allinone.errors import InputError, command
from evaluate.validation import FIGURES

PROFILE = "tiny"
ITERATIONS = schedules.JOBS[PROFILE]["joint"].iterations
# Chains of runs: {name: arguments of tools.train}; a run may start from one before it in its chain ("--init").
CHAINS = (
    dict(pretrain=("--job", "pretrain"), joint_pretrained=("--job", "joint", "--init", "pretrain")),
    dict(joint=("--job", "joint")),
    *({tower: ("--job", tower)} for tower in tasks.TOWERS),
    dict(age_euclidean=("--job", "age", "--age-switch", str(ITERATIONS))),
    dict(age_gaussian=("--job", "age", "--age-switch", "0")),
    dict(hyperface=("--job", "hyperface")),
)
UNITS = dict(
    accuracy=("%", 100, 1),
    auc=("%", 100, 1),
    nme=("% of the region", 100, 2),
    yaw_mae=("°", 1, 2),
    mae=("years", 1, 2),
)


def train_chain(chain, seed, databases, out):
    """Run a chain of trainings of one seed, one after the other; InputError with the log's end where one fails."""
    folder = os.path.join(out, f"seed{seed}")
    os.makedirs(folder, exist_ok=True)
    for name, arguments in chain.items():
        run, log = os.path.join(folder, name), os.path.join(folder, f"{name}.log")
        arguments = [
            os.path.join(folder, part) if before == "--init" else part
            for before, part in zip(("", *arguments), arguments)
        ]
        print(f"  seed {seed}, {name}: training, see {log}", flush=True)
        with open(log, "w", encoding="utf-8") as stream:
            code = subprocess.run(
                [
                    sys.executable,
                    "-m",
                    "tools.train",
                    "--profile",
                    PROFILE,
                    "--db",
                    databases,
                    "--out",
                    run,
                    "--seed",
                    str(seed),
                    "--resume",
                    *arguments,
                ],
                stdout=stream,
                stderr=subprocess.STDOUT,
                check=False,
            ).returncode
        if code == 130:  # Ctrl-C, which this process gets as well
            return
        if code:
            with open(log, encoding="utf-8") as stream:
                raise InputError(
                    f"{log}: the training ended with code {code}: {stream.read()[-500:]}"
                )


def train_all(seeds, databases, out, workers):
    """Run all chains of all seeds."""
    work = [
        functools.partial(train_chain, chain, seed, databases, out)
        for seed in seeds
        for chain in CHAINS
    ]
    with ThreadPool(workers) as pool:
        for done, _ in enumerate(pool.imap_unordered(lambda task: task(), work), 1):
            print(f"  {done}/{len(work)} done", flush=True)


def last_figures(run):
    """Return {task: value} of a run's last validation, which must be that of its last iteration."""
    with open(os.path.join(run, "log.jsonl"), encoding="utf-8") as lines:
        entry = [json.loads(line) for line in lines if '"validation"' in line][-1]
    if entry["iteration"] != ITERATIONS:
        raise InputError(
            f"{run}: its last validation is of iteration {entry['iteration']}, not {ITERATIONS}; run make claims again"
        )
    return {
        task: value for task, metrics in entry["validation"].items() for value in metrics.values()
    }


def figures(out, seeds):
    """Return {run: {task: [value of each seed]}}."""
    found = {}
    for name in (name for chain in CHAINS for name in chain):
        by_seed = [last_figures(os.path.join(out, f"seed{seed}", name)) for seed in seeds]
        found[name] = {task: [values[task] for values in by_seed] for task in by_seed[0]}
    return found


def shown(task, values):
    """Return the mean and the standard deviation over the seeds, as the page writes them."""
    unit, scale, digits = UNITS[FIGURES[task][0]]
    spread = f" ± {statistics.stdev(values) * scale:.{digits}f}" if len(values) > 1 else ""
    return f"{statistics.mean(values) * scale:.{digits}f}{spread}{'' if unit == '°' else ' '}{unit}"


def verdict(task, claimed, other):
    """Say of how many seeds the side that the paper favours is better, and whether that is all or none of them."""
    more = FIGURES[task][1]
    wins = sum(a > b if more else a < b for a, b in zip(claimed, other))
    return f"{wins} of {len(claimed)}: " + (
        "holds" if wins == len(claimed) else "contradicts" if wins == 0 else "undecided"
    )


def row(task, found, claimed, other):
    """Return the table's row that sets two runs beside each other."""
    a, b = found[claimed][task], found[other][task]
    return f"| {task} | {FIGURES[task][0]} | {shown(task, a)} | {shown(task, b)} | {verdict(task, a, b)} |"


HEAD = "| task | figure | {} | {} | the first is better in |\n|---|---|---|---|---|"
PAGE = """# The paper's claims in small

Generated by `make claims`; the figures of every run stand in `claims.json`. Seeds {seeds}; {machine}.

Everything here is profile `tiny` on drawn faces: {faces} portraits of {people} people and {scenes} scenes to learn from; measured on
{held_out} portraits of other people and {held_out_scenes} other scenes, by the running validation (`evaluate/validation.py`: faces aligned by
their true landmarks, regions drawn as for training), at the last of {iterations} iterations. Each figure is the mean over the seeds ±
their standard deviation. "Holds" means better with every seed, "contradicts" worse with every seed; a difference within the
deviations says little. The paper's experiments are of other data and a far larger net: this page can neither confirm nor refute them.

## One net for all tasks, or a net for each

Joint training of the five towers against five trainings of one tower each, all from random weights: every task has the same
mini-batches, iterations and learning rates in both, and the five together cost what the joint one costs.

{multitask}

The paper's claim (abstract, section I): learning the tasks together makes the shared weights better for each of them; HyperFace says
so of its five.

## The age loss

Eq. 6 as the paper has it (Euclidean until iteration {switch}, then Gaussian) against either alone, the age tower trained by itself.

{age}

Far from the true age the Gaussian's gradient is next to nothing, so that it cannot begin alone; eq. 6 therefore begins with the Euclidean
loss. That the Gaussian then betters it is the other half of the claim (section III-C4). Here sigma is 3 years for every face.

## Identity pre-training

The joint net from the weights of an identity net (`pretrain`: {iterations} iterations of 48 faces, which is extra work) against the
joint net from random weights.

{pretraining}

The paper starts all from an identity network trained on CASIA-WebFace and gives no figure without.

## The HyperFace baseline

HyperFace's net at the same reduced width (profile `tiny` of job `hyperface`), which learns five tasks from regions alone, beside the joint net.
It sees the same number of regions; gender it learns from regions and is measured on them, which is harder than on aligned faces.

{hyperface}
"""


def page(found, seeds, databases):
    """Return the page's text."""

    def table(first, second, pairs):
        return "\n".join(
            [
                HEAD.format(first, second),
                *(row(task, found, claimed, other) for task, claimed, other in pairs),
            ]
        )

    manifest = lambda *parts: store.manifest(os.path.join(databases, *parts))
    names = [task.name for task in tasks.TASKS]
    drawn = lambda *parts: next(
        origin["count"] for origin in manifest(*parts)["origin"] if origin["kind"] == "scenes"
    )
    return PAGE.format(
        seeds=", ".join(map(str, seeds)),
        machine=device.machine(),
        iterations=ITERATIONS,
        switch=schedules.JOBS[PROFILE]["joint"].age_switch,
        faces=manifest("id")["count"],
        people=manifest("id")["identities"],
        scenes=drawn("det"),
        held_out=manifest("val", "id")["count"],
        held_out_scenes=drawn("val", "det"),
        multitask=table(
            "joint", "each alone", [(task, "joint", tasks.BY_NAME[task].tower) for task in names]
        ),
        age="\n".join(
            [
                table("switched", "Euclidean alone", [("age", "age", "age_euclidean")]),
                "",
                table("switched", "Gaussian alone", [("age", "age", "age_gaussian")]),
            ]
        ),
        pretraining=table(
            "pre-trained", "random", [(task, "joint_pretrained", "joint") for task in names]
        ),
        hyperface=table(
            "joint", "HyperFace", [(task, "joint", "hyperface") for task in tasks.HYPERFACE_TASKS]
        ),
    )


@command
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--db", required=True, help="folder of the databases, with val/")
    parser.add_argument("--out", required=True, help="folder for the runs")
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
    parser.add_argument("--page", required=True, help="where the page goes; claims.json beside it")
    parser.add_argument(
        "--workers",
        type=int,
        default=os.cpu_count(),
        help="trainings at a time, default one a core",
    )
    args = parser.parse_args(argv)
    train_all(args.seeds, args.db, args.out, args.workers)
    found = figures(args.out, args.seeds)
    files.write_json(os.path.join(os.path.dirname(args.page), "claims.json"), found)
    with files.replacing(args.page) as stream:
        stream.write(page(found, args.seeds, args.db))
    print(f"written: {args.page}")


if __name__ == "__main__":
    sys.exit(main())
