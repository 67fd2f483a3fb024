"""Fine-tune a model on faces of one's own: from faces.csv to the figures before and after.

    python -m tools.recipes.custom --folder data/custom --init models/small --out out/custom

The labels decide which towers learn. Of each task only the layers of its own learn, so the other
towers keep their answers to the bit; and so do those that are no better on the validation part.
Where landmarks or boxes are not known a model finds them.
Portraits become scenes (data_prep.composites); in some of them the model itself looks for regions,
as for the shipped one (docs/training_notes.md). Called again, it does what has changed since.
"""

from __future__ import annotations

import os
import sys

from allinone import arguments, folders, model, tasks
from allinone.errors import InputError, command
from data_prep.parts import TRAIN, VAL
from tools.recipes import options, own_steps, steps


def parse(argv):
    """Return the command's arguments."""
    parser = arguments.Parser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--folder", default="data/custom", help="folder of faces.csv or faces.jsonl")
    add("--init", default=model.SHIPPED, help="model that is started from")
    add("--landmarks-from", metavar="MODEL", help="model that finds landmarks; default: --init")
    add("--out", default="out/custom", help="folder for scenes, databases, run, model and figures")
    options.add_training(parser)
    args = parser.parse_args(argv)
    args.landmarks_from = args.landmarks_from or args.init
    return args


def profile_of(args):
    """Return the profile of the model that is started from; InputError where it will not do."""
    start = model.open_model(args.init)
    for stage in (1, 2):
        start.tasks_of(stage)
    folders.refuse_inputs(args.out, [args.init, args.landmarks_from, args.folder])
    return start.profile


def tell(towers):
    """Print which towers learn and which have no data; InputError where none learns."""
    learning = towers[TRAIN]
    if not learning:
        raise InputError(
            f"no faces of part {TRAIN} with landmarks differ in a label; fill in columns of "
            f"faces.csv, or let some rows have the split {TRAIN} (docs/your_own_faces.md)"
        )
    print(f"towers that learn: {', '.join(learning)}")
    without = [tower for tower in tasks.TOWERS if tower not in learning]
    if without:
        print(f"towers with nothing to learn, which stay as they are: {', '.join(without)}")
    sys.stdout.flush()


def measure(args, name):
    """Measure a model on the validation part beside the one that was started from."""
    command = ["evaluate.measure", "custom", "--data", args.folder, "--part", VAL]
    command += ["--model", os.path.join(args.out, name), "--beside", args.init]
    return steps.call([*command, "--gpu", args.gpu, "--out", os.path.join(args.out, "validation")])


def choose(args, learnt):
    """Return the towers that are taken; prints them, and those that stay as they were."""
    taken = own_steps.better(os.path.join(args.out, "validation", "results.json"), learnt)
    left = [tower for tower in learnt if tower not in taken]
    if left:
        print(
            f"no better on part {VAL}, or without a label there, so they stay as they were: "
            f"{', '.join(left)}"
        )
    print(f"taken into {args.out}/model: {', '.join(taken) or 'none'}", flush=True)
    return taken


def finish(args, known):
    """Make the model of what is better on the validation part, and measure it there."""
    learnt = known.towers[TRAIN]
    if not set(learnt) & set(known.towers[VAL]):
        print(
            f"no face of part {VAL} has such a label: nobody knows whether {args.out}/model is "
            "better",
            flush=True,
        )
        return steps.run([own_steps.fusing_step(args, "model", learnt)], args.out)
    code = measure(args, "learnt")
    if code:
        return code
    taken = choose(args, learnt)
    if tasks.REGION_TOWER in set(learnt) - set(taken) and len(learnt) > 1:
        # Where boxes are found, by what the detection before finds: the other towers see that.
        learnt = [tower for tower in learnt if tower != tasks.REGION_TOWER]
        print(f"the others once more, with {tasks.REGION_TOWER} as it was", flush=True)
        code = steps.run([own_steps.fusing_step(args, "others", learnt)], args.out)
        code = code or measure(args, "others")
        if code:
            return code
        taken = choose(args, learnt)
    if not taken:
        own_steps.copy_start(args)
        print(f"{args.out}/model is {args.init}; more faces may help")
        return 0
    code = steps.run([own_steps.fusing_step(args, "model", taken)], args.out)
    if code:
        return code
    print(f"part {VAL}: {args.out}/model, and before it {args.init}", flush=True)
    return measure(args, "model")


def fine_tune(args, profile):
    """Do the steps, and print the figures of the validation part before and after."""
    own_steps.read_again_where_faces_were_dropped(args)
    code = steps.run([own_steps.reading_step(args)], args.out)
    if not code:
        code = steps.run([own_steps.finding_step(args)], args.out)
    if code:
        return code
    known = own_steps.look(args)
    tell(known.towers)
    some = own_steps.database_steps(args, known, profile)
    some += own_steps.training_steps(args, known, profile)
    return steps.run(some, args.out) or finish(args, known)


@command
def main(argv=None):
    """Run the command."""
    args = parse(argv)
    profile = profile_of(args)
    options.use_blas_threads(profile)
    with folders.only_one(args.out):
        return fine_tune(args, profile)


if __name__ == "__main__":
    sys.exit(main())
