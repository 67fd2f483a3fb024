"""Make a model's probabilities mean something: as sure as it is right on faces held out.

    python -m evaluate.calibrate --model out/paper/model --run out/paper/joint
    python -m evaluate.calibrate --model models/small --db data/real/db/val --out out/calibrated

Of smile and gender the log odds are multiplied by one number (temperature scaling), of detections a
second one is added (Platt scaling), such that the labels of faces held out are likeliest. Both go
into the last layers' weights, so that every engine has them; landmarks, ages and descriptors stay
as they were, and so do the answers to yes or no of smile and gender. The faces are those of the
databases that a run is validated on, or of a folder with such databases; a task without any, or
with too few wrong answers, stays as it is. The detection score is turned into what it is now:
choose it anew with evaluate.operating_point, as `make fuse` does.
"""

import os
import sys

from allinone import arguments, device, folders, model
from allinone.errors import InputError, command

ENGINE = "opencv"  # on a CPU


def parse(argv):
    """Return the command's arguments."""
    parser = arguments.Parser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, help="folder of the fused model")
    parser.add_argument(
        "--run",
        action="append",
        help="a run that the model was fused from: what it is validated on; may be repeated",
    )
    parser.add_argument("--db", help="folder of databases that the model has not learnt from")
    parser.add_argument("--out", help="folder for the model; default: that of --model")
    parser.add_argument("--gpu", default="", help="GPU number; empty: CPU")
    args = parser.parse_args(argv)
    args.run = arguments.several(args.run or [])
    if bool(args.run) == bool(args.db):
        raise InputError("give either --run or --db")
    if args.db and not os.path.isdir(args.db):
        raise InputError(f"{args.db}: no such folder; name that of databases for validation")
    args.out = args.out or args.model
    return args


def database_of(args, tower):
    """Return the folder of databases of a tower, None where there is none."""
    from evaluate import validation

    if args.run:
        return validation.database_of(args.run, tower)
    folder = os.path.join(args.db, tower)
    return folder if os.path.isdir(folder) else None


def scales(args):
    """Return {task: Calibration} of the tasks with enough data; prints what stays as it is."""
    from evaluate import calibrating

    engine, found = "caffe" if args.gpu else ENGINE, {}
    known = calibrating.tasks_of(args.model)
    databases = {task.tower: database_of(args, task.tower) for task in known}
    if args.db and not any(databases.values()):
        names = " or ".join(databases)
        raise InputError(f"{args.db}: has no folder {names}; name that of databases for validation")
    for task in known:
        database = databases[task.tower]
        if not database:
            print(f"{task.name} stays as it is: there is no validation data of it")
            continue
        held = calibrating.held_out(args.model, task, database, engine, args.gpu)
        scale = calibrating.scale_of(task, held, database=database)
        if scale is None:
            print(
                f"{task.name} stays as it is: of {len(held.truth)} answers in {database} too few "
                "are wrong to tell how sure they may be"
            )
            continue
        found[task.name] = scale
        print(f"{task.name}: {in_words(scale)}")
    return found


def in_words(scale):
    """Return a Calibration in words."""
    by, shift = scale.found_by, f" and {scale.shift:+.3f}" if scale.shift else ""
    return (
        f"log odds times {scale.factor:.3f}{shift}; expected calibration error "
        f"{by['error_before']:.1%} before, {by['error']:.1%} now, of {by['answers']} answers"
    )


@command
def main(argv=None):
    """Run the command."""
    args = parse(argv)
    folders.refuse_foreign(os.path.realpath(args.out), model.KIND)  # before minutes of measuring
    if args.gpu:
        device.use(args.gpu)
    found = scales(args)
    if not found:
        print(f"{args.model} stays as it is; nothing was written")
        return
    from evaluate import folding

    difference = folding.fold(args.model, args.out, found)
    print(f"{args.out}: calibrated; largest difference from what it has to be {difference:.1e}")


if __name__ == "__main__":
    sys.exit(main())
