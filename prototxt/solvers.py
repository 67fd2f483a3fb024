"""Solver files: every setting with the reason for it."""

import os

from allinone import schedules, tasks
from allinone.tasks import HYPERFACE

TEST_ITER = 50  # our choice: mini-batches of a validation by plain Caffe


def solver_text(
    profile, job, net, snapshot_prefix, seed=1, iterations=None, iter_size=1, by_caffe=True
):
    """Return a solver prototxt for a job; paths as given.

    by_caffe: for the plain `caffe train`, which snapshots and tests by itself; tools.train does
    both in its own way.
    """
    rule = schedules.RULES[profile.name]
    iterations = iterations or job.iterations
    start = f"the weights of {job.init}" if job.init else "random weights"
    if job.towers == (HYPERFACE,):
        start = "AlexNet's weights where --init gives them, else from random ones"
    if job.branches:
        start += f"; only the layers of {', '.join(job.branches)} learn, all others stay"
    lines = [
        (f"net: {quoted(net)}", f"towers: {', '.join(job.towers)}; starts from {start}"),
        (f"base_lr: {job.base_lr}", job.why),
        *_rule_lines(rule, iterations, iter_size),
        (f"max_iter: {iterations}", "see base_lr"),
    ]
    if iter_size > 1:
        why = "mini-batches whose gradients are added up for one iteration"
        lines.append((f"iter_size: {iter_size}", why))
    lines += _lines_for_caffe(rule) if by_caffe else _lines_for_train()
    lines += [
        (f"snapshot_prefix: {quoted(snapshot_prefix)}", "where snapshots go"),
        (f"random_seed: {seed}", "the same start every time"),
    ]
    text = "".join(f"{line:<40}  # {reason}\n" for line, reason in lines)
    return dropout_line(profile, job) + text


def quoted(path):
    """Return a path as Caffe's text format has it: what is not plain ASCII as octal numbers."""
    plain = set(range(32, 127)) - set(b'"\\')
    parts = [chr(byte) if byte in plain else f"\\{byte:03o}" for byte in os.fsencode(path)]
    return f'"{"".join(parts)}"'


def dropout_line(profile, job):
    """Return a comment that says which sub-networks of a job drop units; "" for a net without."""
    towers = [name for name in job.towers if name not in tasks.WINDOW_NETS]  # these never have any
    if not profile.dropout or not towers:
        return ""
    having = [name for name in towers if job.dropout_of(name, profile)]
    without = [name for name in towers if name not in having]
    parts = [f"dropout of {profile.dropout} in {', '.join(having)}"] if having else []
    if without:
        parts.append(f"no dropout in {', '.join(without)}: it draws numbers towards their mean")
    return f"# {'; '.join(parts)}\n"


def _rule_lines(rule, iterations, iter_size):
    """Return (line, reason) of the settings that all jobs of a profile share.

    Caffe clips the sum of the gradients of an iteration's mini-batches, before it takes their mean.
    """
    settings = dict(rule.settings)
    if "clip_gradients" in settings:
        settings["clip_gradients"] *= iter_size
    if rule.steps:
        settings["stepsize"] = -(-iterations // (rule.steps + 1))
    lines = []
    for name, value in settings.items():
        text = f'"{value}"' if isinstance(value, str) else value
        lines.append((f"{name}: {text}", schedules.WHY.get(value) or schedules.WHY[name]))
    return lines


def _lines_for_caffe(rule):
    return [
        ("display: 100", "iterations between lines of the log"),
        (f"test_iter: {TEST_ITER}", "mini-batches of one validation"),
        (f"test_interval: {rule.validate}", "iterations between validations"),
        ("test_initialization: false", "what random weights say is of no use"),
        (f"snapshot: {rule.snapshot}", "iterations between snapshots"),
    ]


def _lines_for_train():
    return [
        ("display: 0", "tools.train prints and logs by itself"),
        ("snapshot: 0", "tools.train does it by itself, under a temporary name first"),
        ("layer_wise_reduce: false", "several GPUs: Caffe cannot do it where layers share weights"),
    ]
