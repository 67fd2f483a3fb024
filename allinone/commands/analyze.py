"""Find and describe faces in pictures, folders, videos or a camera's picture, with a fused model.

    allinone analyze photo.jpg folder "album/*.png" --out out/analyze
    allinone analyze film.mp4 --every 5 --out out/film
    allinone analyze 0 --out out/camera                           # the first camera, until Ctrl-C

<out>/faces.jsonl has a line for each face (docs/records.md): image, number, for a video also frame
and time, box, score, landmarks, visibility, pose, smile, gender (probability of female), age. In a
video the number is that of the person, and smile, gender and age are medians. A picture without a
face is a line without a box; one that cannot be read a line with `error`: it does not stop the
others, and makes the exit code 2. Called again after it was stopped, the command goes on where it
was.
"""

import os

from allinone import arguments, engines, model, searching
from allinone.analysis import inputs, run
from allinone.errors import InputError, command
from allinone.face import RAW, UNIT

LONGEST = 1e9  # our choice: seconds of a video
OF_SEARCH = ("score", "proposals", "smallest")  # options that mean nothing with --boxes


def parse(argv):
    """Return the command's arguments."""
    parser = arguments.Parser(prog="allinone analyze", description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("inputs", nargs="+", help="pictures, folders of pictures, patterns, videos, camera numbers")
    add(
        "--model",
        type=arguments.name,
        help=f"folder of the fused model; default: that of {model.VARIABLE}, else {model.SHIPPED}",
    )
    add(
        "--stage1",
        type=arguments.name,
        help="folder of the model that finds faces and landmarks, where it is another",
    )
    add(
        "--out",
        type=arguments.name,
        required=True,
        help=f"folder for {run.LINES} and the drawn pictures",
    )
    add("--score", type=arguments.SHARE, help="least detection score; default: the model's own")
    add(
        "--proposals",
        choices=searching.PROPOSALS,
        help="where faces are looked for: by the proposal net over an image pyramid (fast), by "
        "the net itself (dense), or by selective search; default: the first that the model has",
    )
    add(
        "--boxes",
        type=arguments.name,
        metavar="FILE",
        help="search for no face, describe those in these boxes: JSON lines with image and box, "
        "or a CSV with image, x1, y1, x2, y2",
    )
    add(
        "--smallest",
        type=arguments.Real(above=0),
        help="fast, dense: least height in pixels of a face that is looked for; default: 20, or a "
        "100th of the longer side; dense: 24, or a 40th",
    )
    add("--engine", choices=engines.ENGINES, help="default: the fastest that is installed")
    add("--gpu", default="", help="GPU number; empty: CPU")
    add("--batch", type=arguments.Whole(1), default=4, help="pictures that share calls of the net")
    arguments.add_workers(parser, "one a core; with --gpu this one alone")
    add("--every", type=arguments.Whole(1), default=1, help="videos: look at every n-th frame")
    add(
        "--search-every",
        type=arguments.Whole(1, inputs.MOST_FOLLOWED),
        default=1,
        metavar="N",
        help="videos: search for faces in every n-th frame that is looked at, and follow them in "
        "those between; default: search in all",
    )
    seconds = arguments.Real(0, LONGEST)
    add("--start", type=seconds, default=0.0, help="videos: seconds, default from 0 on")
    add("--end", type=seconds, help="videos: seconds, default to the end")
    add(
        "--descriptor",
        nargs="?",
        const=RAW,
        default="",
        choices=(RAW, UNIT),
        help="write the 512-d identity descriptor too: as the net gives it, or at length 1",
    )
    add("--csv", action="store_true", help=f"write {run.TABLE} too")
    add("--without-pictures", action="store_true", help="draw nothing")
    args = parser.parse_args(argv)
    args.inputs = arguments.several(args.inputs, inputs.is_there)
    unused = [name for name in OF_SEARCH if args.boxes and getattr(args, name) is not None]
    if unused:
        raise InputError(
            f"--{unused[0]}: no face is searched for with --boxes; leave one of them out"
        )
    if args.boxes and args.search_every > 1:
        raise InputError("--search-every: no face is searched for with --boxes; leave it out")
    if args.end is not None and args.end <= args.start:
        raise InputError(f"--end {args.end:g}: must be above --start {args.start:g}")
    if args.smallest is not None and args.proposals not in (None, *searching.NEEDED):
        raise InputError(f"--smallest: --proposals {args.proposals} does not take it; leave it out")
    return args


@command
def main(argv=None):
    """Run the command."""
    settings = run.Settings(**vars(parse(argv)))
    count, errors = run.run(settings)
    lines = os.path.join(settings.out, run.LINES)
    print(f"{count - errors} analyzed, {errors} could not be read; {lines}")
    return 2 if errors else 0
