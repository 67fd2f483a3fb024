"""The whole chain on drawn faces: draw, build databases, train, fuse, measure, write a page.

    python -m tools.recipes.demo --out out/demo

Called again, it does what has changed since, and goes on where it was stopped.
"""

from __future__ import annotations

import sys

from allinone import arguments, reading, schedules
from allinone.errors import command
from allinone.tasks import PROPOSAL
from tools.recipes import drawn, options
from tools.recipes.steps import Step

PROFILE, JOB = "tiny", "joint"
LEARNT = ("--identities", "1000", "--seed", "1")  # the people and the seed of what is learnt from


def drawing_steps(out):
    """Return the steps that draw what is learnt from and what is measured on."""
    says = "[1/7] drawing the labelled face set (the CPU draws, whatever GPU is)"
    faces = drawn.draw("portraits", 3000, f"{out}/train/faces", *LEARNT)
    scenes = drawn.draw("scenes", 200, f"{out}/train/scenes", *LEARNT)
    return [
        drawn.drawing("faces", faces, says),
        drawn.drawing("scenes", scenes),
        *drawn.held_out(f"{out}/test"),
    ]


def database_steps(out):
    """Return the steps that build the databases to learn from, and those to validate on."""
    db, val = ["--out", f"{out}/db"], ["--out", f"{out}/db/val"]
    faces, scenes = f"{out}/train/faces/records.jsonl", f"{out}/train/scenes/records.jsonl"
    test_faces, test_scenes = f"{out}/test/faces/records.jsonl", f"{out}/test/scenes/records.jsonl"
    regions, aligned = ["data_prep.build_db", "scenes"], ["data_prep.build_db", "aligned"]
    return [
        Step(
            "regions",
            [[*regions, "--records", scenes, "--without-search", faces, *db]],
            inputs=[faces, scenes],
            outputs=[f"{out}/db/det/manifest.json"],
            says="[2/7] building the databases",
        ),
        Step(
            "aligned",
            [[*aligned, "--records", faces, *db]],
            inputs=[faces],
            outputs=[f"{out}/db/id/manifest.json"],
        ),
        Step(
            "validation",
            [
                [*regions, "--records", test_scenes, *val],
                [*aligned, "--records", test_faces, *val],
            ],
            inputs=[test_faces, test_scenes],
            outputs=[f"{out}/db/val/id/manifest.json"],
        ),
    ]


def training_steps(out, args):
    """Return the steps that write the nets, train the joint one and fuse its towers."""
    last = schedules.JOBS[PROFILE][JOB].iterations
    snapshot = f"{out}/run/snapshots/iter_{last:07d}.caffemodel"
    last = schedules.JOBS[PROFILE][PROPOSAL].iterations
    windows = f"{out}/proposal/snapshots/iter_{last:07d}.caffemodel"
    fuse = ["tools.fuse", "--profile", PROFILE, "--run", f"{out}/run", "--out", f"{out}/model"]
    search = options.train(args, PROFILE, f"{out}/db", f"{out}/proposal", "--job", PROPOSAL)
    return [
        Step(
            "nets",
            [["prototxt.generate"]],
            outputs=[f"prototxt/paper/{JOB}.prototxt"],
            says="[3/7] generating the nets",
        ),
        Step(
            "train",
            [options.train(args, PROFILE, f"{out}/db", f"{out}/run")],
            inputs=[f"{out}/db/**/manifest.json"],
            outputs=[snapshot, f"{out}/run/curves.png"],
            says="[4/7] training the five sub-networks jointly in Caffe",
        ),
        Step(
            "proposal",
            [search],
            inputs=[f"{out}/db/det/manifest.json"],
            outputs=[windows, f"{out}/proposal/curves.png"],
        ),
        Step(
            "fuse",
            [[*fuse, "--proposal", f"{out}/proposal", "--gpu", args.gpu]],
            inputs=[snapshot, windows],
            outputs=[f"{out}/model/model.json"],
            says="[5/7] fusing the towers into one deploy model",
        ),
    ]


def showing_steps(out, gpu):
    """Return the steps that measure the model and write the page."""
    says = "[6/7] measuring it on held-out faces and scenes"
    return [
        drawn.measure("measure", f"{out}/model", f"{out}/test", f"{out}/eval", gpu, says),
        Step(
            "page",
            [["tools.demo_page", "--demo", out, "--gpu", gpu]],
            inputs=[f"{out}/eval/*.json", f"{out}/model/model.json", "tools/templates/*"],
            outputs=[f"{out}/index.html", f"{out}/table.txt"],
            says="[7/7] analyzing pictures, writing the page",
        ),
    ]


def parse(argv):
    """Return the command's arguments."""
    parser = arguments.Parser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", default="out/demo", help="folder for all that it makes")
    options.add_device(parser)
    options.add_steps(parser)
    return parser.parse_args(argv)


@command
def main(argv=None):
    """Do the steps, and print the table of results."""
    args = parse(argv)
    options.use_blas_threads(PROFILE)
    out = args.out.rstrip("/")
    steps = [*drawing_steps(out), *database_steps(out), *training_steps(out, args)]
    steps += showing_steps(out, args.gpu)
    code = options.run(args, steps, out)
    if not (code or args.until or args.dry_run):
        print(reading.read_text(f"{out}/table.txt", "run make demo again"), end="")
    return code


if __name__ == "__main__":
    sys.exit(main())
