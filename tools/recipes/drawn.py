"""Sets of drawn faces, and the parts of them that models are measured on."""

from __future__ import annotations

from tools.recipes.steps import Step

# The held-out sets: other people, and another seed, than any drawn training set has.
HELD_OUT = ("--identities", "60", "--first-identity", "1000", "--seed", "2")


def draw(kind: str, count: int, out: str, *more: str) -> list[str]:
    """Return the command that draws `count` portraits or scenes into a folder."""
    return ["data_prep.synthetic", "--kind", kind, "--count", str(count), "--out", out, *more]


def drawing(name: str, command: list[str], says: str = "") -> Step:
    """Return the step of a command of `draw`."""
    out = command[command.index("--out") + 1]
    return Step(name, [command], outputs=[f"{out}/records.jsonl"], says=says)


def held_out(folder: str) -> list[Step]:
    """Return the steps that draw the portraits and scenes on which models are measured."""
    return [
        drawing("test_faces", draw("portraits", 600, f"{folder}/faces", *HELD_OUT)),
        drawing("test_scenes", draw("scenes", 60, f"{folder}/scenes", *HELD_OUT)),
    ]


def measure(name: str, model: str, test: str, out: str, gpu: str, says: str = "") -> Step:
    """Return the step that measures a model on the sets of `held_out`."""
    folders = ["--faces", f"{test}/faces", "--scenes", f"{test}/scenes"]
    command = ["evaluate.synthetic", "--model", model, *folders, "--out", out, "--gpu", gpu]
    return Step(
        name,
        [command],
        inputs=[
            f"{model}/model.json",
            f"{test}/faces/records.jsonl",
            f"{test}/scenes/records.jsonl",
        ],
        outputs=[f"{out}/results.json"],
        says=says,
    )
