"""Answer over HTTP what is in pictures, with a page for people at the address that is printed.

    allinone serve                                           # http://127.0.0.1:8000
    allinone serve --people out/people                       # keeps who is enrolled
    ALLINONE_TOKEN=... allinone serve --host 0.0.0.0         # for other machines, with a token

What is asked and answered, and the limits: docs/service.md. It needs the extra `serve`.
"""

import os

import cv2

from allinone import arguments, comparing, gallery, reading
from allinone.analyzer import FaceAnalyzer
from allinone.errors import InputError, command
from allinone.service.settings import LOCAL, VARIABLE, Limits, Settings, refuse_open

LONGEST = 4096  # bytes of a file with a token


def parse(argv):
    """Return the command's arguments."""
    parser = arguments.Parser(prog="allinone serve", description=__doc__.splitlines()[0])
    add, usual = parser.add_argument, Limits()
    add("--host", default=LOCAL, help=f"address that it listens at; default: {LOCAL}, this machine")
    add("--port", type=arguments.Whole(0, 65535), default=8000, help="default: 8000; 0: a free one")
    add(
        "--token-file",
        type=arguments.name,
        metavar="FILE",
        help=f"whoever asks must know the token in it; default: that of {VARIABLE}",
    )
    add(
        "--people",
        type=arguments.name,
        metavar="FOLDER",
        help="keep who is enrolled there; default: they are forgotten",
    )
    comparing.add_options(add)
    real = arguments.Real(above=0, most=1e6)
    add("--megabytes", type=real, default=usual.megabytes, help="most of a request")
    add("--megapixels", type=real, default=usual.megapixels, help="most of a picture")
    add("--seconds", type=real, default=usual.seconds, help="most of a request")
    add(
        "--requests",
        type=arguments.Whole(1, 10000),
        default=usual.requests,
        help="most that are under way at once, with those that wait",
    )
    add(
        "--workers",
        type=arguments.WORKERS,
        default=os.cpu_count() or 1,
        help="pictures that are worked on at once; default: one a core",
    )
    return parser.parse_args(argv)


def token_of(path):
    """Return the token of a file or, without one, of the environment; "" where there is none."""
    if path is None:
        return os.environ.get(VARIABLE, "").strip()
    with reading.opened(path, "give a file with a token") as stream:
        token = stream.read(LONGEST).decode("latin-1").strip()
    if not token:
        raise InputError(f"{path}: no token in it; write one line of letters and digits")
    return token


def settings_of(args):
    """Return what the service is started with; InputError where a token is needed and missing."""
    token = token_of(args.token_file)
    refuse_open(args.host, token)
    limits = Limits(args.megabytes, args.megapixels, args.seconds, args.requests)
    return Settings(args.host, args.port, token, args.people, limits, args.workers)


@command
def main(argv=None):
    """Run the command."""
    args = parse(argv)
    settings = settings_of(args)
    try:
        from allinone.service import server  # here: only this command needs its packages
    except ImportError as error:
        raise InputError(f"serve: {error}; pip install 'allinone-face[serve]'") from None
    if args.workers > 1:
        cv2.setNumThreads(1)  # each picture has a thread of its own
    analyzer = FaceAnalyzer(args.model, args.engine, args.gpu or "cpu")
    print(analyzer, flush=True)
    likeness = gallery.likeness_of(analyzer, args.tpe)
    threshold = likeness.threshold if args.threshold is None else args.threshold
    server.run(analyzer, likeness, threshold, settings)
