"""The steps of a proof, in their order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Optional

from tools.proving.job import DRAWN, NO_GPU, Job

MACHINE = "tools.proving.machine_step"
LAYERS = "tools.proving.layers_step"
DATA = "tools.proving.data_step"
TRAINING = "tools.proving.training_step"
MODELS = "tools.proving.models_step"
SPEED = "tools.proving.speed_step"


@dataclass(frozen=True)
class Step:
    """A function that returns a Found; it runs in a process of its own."""

    name: str
    title: str  # for people
    module: str
    function: str = "step"
    needs: Sequence[str] = ()  # steps that must have passed
    leaves: str = ""  # folder that other steps need, in the proof's folder
    profile: str = ""
    left_out: Optional[Callable[[Job], str]] = None  # returns why it is not run, "" to run it
    on_device: bool = True  # what it finds depends on the device


def lacks_two_gpus(job: Job) -> str:
    """Return why nothing runs on two GPUs, "" where it does."""
    if len(job.cards) < 2:
        return "not run: one GPU; give two with GPU=0,1" if job.cards else NO_GPU
    return ""


def of_profile(name: str, is_first: bool) -> list[Step]:
    """Return the steps of a profile; the first has a run that is resumed as well."""
    train, fuse, engines = f"train-{name}", f"fuse-{name}", f"engines-{name}"

    def step(kind, title, module, function, needs, leaves=""):
        title = f"{title}, profile {name}"
        return Step(f"{kind}-{name}", title, module, function, needs, leaves, name)

    found = [
        step("train", "joint training", TRAINING, "step", ("machine", "data"), f"{name}/run"),
        step("fuse", "the fused model", MODELS, "fuse", (train,), f"{name}/model"),
        step("engines", "engines", MODELS, "fused", (fuse,)),
        step("training-speed", "speed of training", SPEED, "training", (train,)),
        step("inference-speed", "speed of answers", SPEED, "inference", (engines,)),
    ]
    if is_first:
        found.insert(1, step("resume", "a run that is resumed", TRAINING, "resume", (train,)))
    return found


def all_steps(profiles: Sequence[str]) -> list[Step]:
    """Return the steps of a proof with some profiles, the smallest first."""
    first = profiles[0]
    found = [
        Step("machine", "the machine", MACHINE),
        Step("layers", "layers, forward and backward", LAYERS, needs=("machine",)),
        Step("data", "drawn data", DATA, leaves=DRAWN, on_device=False),
        Step("engines-shipped", "engines, the kit's model", MODELS, "shipped", ("data",)),
    ]
    for name in profiles:
        found += of_profile(name, name == first)
    title = f"two processes over NCCL, profile {first}"
    needs = ("machine", "data")
    found.append(Step("two-gpus", title, TRAINING, "two_gpus", needs, "", first, lacks_two_gpus))
    return found
