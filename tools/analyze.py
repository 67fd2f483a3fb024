"""Find and describe faces in pictures, folders, videos or a camera's picture, with a fused model.

    python -m tools.analyze photo.jpg folder "album/*.png" --out out/analyze
    python -m tools.analyze film.mp4 --every 5 --out out/film
    python -m tools.analyze 0 --out out/camera                    # the first camera, until Ctrl-C

<out>/faces.jsonl has a line for each face: image (for a video also frame and time), box, score, landmarks, visibility, pose,
smile, gender (probability of female), age. A picture without a face is a line with "faces": 0; one that cannot be read a line with `error`: it
does not stop the others, and makes the exit code 2. Called again after it was stopped, the command goes on where it was.
"""

import argparse
import csv
import glob
import itertools
import json
import os
import sys

import cv2

from allinone import analyzer as analysis
from allinone import draw, engines, files, landmarks, record
from allinone.errors import InputError, command
from allinone.progress import Progress

PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff")  # looked for in folders
VIDEOS = (".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v")
LINES, TABLE, SETTINGS = "faces.jsonl", "faces.csv", "settings.json"


def expand(inputs):
    """Return (pictures, videos): files as they are, folders and patterns as what is in them, sorted; a number is a camera."""
    pictures, videos = [], []
    for item in inputs:
        if os.path.isdir(item):
            found = sorted(
                os.path.join(item, name)
                for name in os.listdir(item)
                if name.lower().endswith(PICTURES)
            )
            if not found:
                raise InputError(
                    f"{item}: no picture in this folder (looked for {', '.join(PICTURES)})"
                )
        else:
            found = (
                [item]
                if os.path.exists(item) or not glob.has_magic(item)
                else sorted(glob.glob(item))
            )
            if not found:
                raise InputError(f"{item}: no file fits this pattern")
        for path in found:
            (videos if path.lower().endswith(VIDEOS) or path.isdigit() else pictures).append(path)
    return pictures, videos


def drawn_name(path, taken):
    """Return the file name of the drawn picture, different from all taken ones, which it joins."""
    stem, number = os.path.splitext(os.path.basename(path))[0], 1
    name = f"{stem}.png"
    while name in taken:
        number += 1
        name = f"{stem}-{number}.png"
    taken.add(name)
    return name


def lines_of(where, faces, descriptor):
    """Return the lines of a picture's faces; where: the fields that say which picture it is; descriptor: as for `Face.to_dict`."""
    found = [dict(where, **face.to_dict(descriptor)) for face in faces] or [dict(where, faces=0)]
    return "".join(json.dumps(one) + "\n" for one in found)


def done_before(path):
    """Return the pictures that a stopped run has finished, and cut its file behind them: the last one may lack lines."""
    if not os.path.isfile(path):
        return []
    done, end, start, last = [], 0, 0, None
    with open(path, "r+b") as stream:
        for line in stream:
            if not line.endswith(b"\n"):
                break
            image = json.loads(line)["image"]
            if image != last:
                done.append(image)
                last, start = image, end
            end += len(line)
        stream.truncate(start)
    return done[:-1]


def analyze_pictures(find, paths, done, stream, args):
    """Write the lines of pictures that are not done to a stream, and the drawn pictures."""
    taken = set()
    names = {
        path: drawn_name(path, taken) for path in paths
    }  # the same names whatever was done before
    left = iter([path for path in paths if path not in done])
    progress = Progress("pictures", sum(path not in done for path in paths))
    for some in iter(lambda: list(itertools.islice(left, args.batch)), []):
        images, refused = {}, {}
        for path in some:
            try:
                images[path] = files.read_image(path)
            except InputError as error:
                refused[path] = str(error)
        found = dict(zip(images, find(list(images), list(images.values())))) if images else {}
        for path in some:
            if path in refused:
                print(f"  error: {refused[path]}", file=sys.stderr, flush=True)
                stream.write(json.dumps(dict(image=path, error=refused[path])) + "\n")
                continue
            stream.write(lines_of(dict(image=path), found[path], args.descriptor))
            if not args.without_pictures:
                files.write_image(
                    os.path.join(args.out, names[path]), draw.results(images[path], found[path])
                )
        stream.flush()
        progress.step(len(some))


def opened(source):
    """Return (video, its frames a second, how many or None where nobody knows) of a video file or, for digits, a camera."""
    video = cv2.VideoCapture(int(source) if source.isdigit() else source)
    if not video.isOpened():
        raise InputError(
            f"{source}: {'no such camera' if source.isdigit() else 'no video that OpenCV can read'}"
        )
    count = int(video.get(cv2.CAP_PROP_FRAME_COUNT))
    return video, video.get(cv2.CAP_PROP_FPS) or 25.0, count if count > 0 else None


def frames(video, rate, source, every):
    """Yield (number, seconds, frame) of every n-th frame of a video."""
    try:
        for number in itertools.count():
            if not video.grab():
                if number == 0:
                    raise InputError(f"{source}: not a single picture in it; get the file again")
                return
            if number % every == 0:
                yield number, number / rate, video.retrieve()[1]
    finally:
        video.release()


def analyze_video(find, source, stream, args):
    """Write the lines of a video's frames to a stream, and the drawn video; Ctrl-C ends a camera's."""
    stem = f"camera{source}" if source.isdigit() else os.path.splitext(os.path.basename(source))[0]
    path, writer, (video, rate, count) = os.path.join(args.out, f"{stem}.mp4"), None, opened(source)
    progress = Progress(f"frames of {source}", count and -(-count // args.every))
    try:
        for number, seconds, image in frames(video, rate, source, args.every):
            (faces,) = find([source], [image])
            stream.write(
                lines_of(
                    dict(image=source, frame=number, time=round(seconds, 3)), faces, args.descriptor
                )
            )
            stream.flush()
            if not args.without_pictures:
                writer = writer or cv2.VideoWriter(
                    path, cv2.VideoWriter_fourcc(*"mp4v"), rate / args.every, image.shape[1::-1]
                )
                writer.write(draw.results(image, faces))
            progress.step()
    except KeyboardInterrupt:
        if not source.isdigit():
            raise
    finally:
        if writer:
            writer.release()


def flat(line):
    """Return a line of faces.jsonl as one row: lists and landmarks spread over columns."""
    row = {
        name: line.get(name, "")
        for name in ("image", "frame", "time", "score", "smile", "gender", "age", "error")
    }
    row.update(zip(("x1", "y1", "x2", "y2"), line.get("box", [""] * 4)))
    row.update({angle: line.get("pose", {}).get(angle, "") for angle in ("roll", "pitch", "yaw")})
    for number, name in enumerate(landmarks.NAMES):
        row[f"{name}_x"], row[f"{name}_y"] = (
            line["landmarks"][name] if "landmarks" in line else ("", "")
        )
        row[f"{name}_visibility"] = line["visibility"][number] if "visibility" in line else ""
    return row


def write_table(lines, table):
    """Write a file of JSON lines as CSV."""
    with open(lines, encoding="utf-8") as source, files.replacing(table) as target:
        writer = csv.DictWriter(target, list(flat({})), lineterminator="\n")
        writer.writeheader()
        writer.writerows(flat(json.loads(line)) for line in source)


def boxes_of(path):
    """Return {absolute path of a picture: [boxes]} of a file of JSON lines with image (relative to the file) and box."""
    found = {}
    for one in record.read(path):
        found.setdefault(
            os.path.abspath(os.path.join(os.path.dirname(path), one.image)), []
        ).extend([one.box] if one.box else [])
    return found


def finder(args):
    """Return a function(paths, images) that gives the `Face`s of each picture."""
    analyzer = analysis.FaceAnalyzer(
        args.model, args.engine, args.gpu or "cpu", args.proposals, args.smallest
    )
    print(
        f"model {analyzer.backend.folder}, engine {args.engine} on {'GPU ' + args.gpu if args.gpu else 'the CPU'}",
        flush=True,
    )
    if not args.boxes:
        return lambda paths, images: analyzer.analyze_many(images, args.score)
    given = boxes_of(args.boxes)
    return lambda paths, images: [
        analyzer.analyze(image, boxes=given.get(os.path.abspath(path), []))
        for path, image in zip(paths, images)
    ]


def prepare(args):
    """Return the path of the unfinished lines; those of a run with other settings are removed."""
    os.makedirs(args.out, exist_ok=True)
    partial, settings = (os.path.join(args.out, name) for name in (f"{LINES}.partial", SETTINGS))
    wanted = {name: value for name, value in vars(args).items() if name not in ("batch", "csv")}
    if os.path.isfile(partial) and (
        not os.path.isfile(settings) or files.read_json(settings, "delete it") != wanted
    ):
        os.remove(partial)
    files.write_json(settings, wanted)
    return partial


def parse(argv):
    """Return the command's arguments."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "inputs",
        nargs="+",
        help="pictures, folders of pictures, patterns, videos, numbers of cameras",
    )
    parser.add_argument(
        "--model",
        help=f"folder of the fused model; default: {analysis.SHIPPED}, which comes with the kit",
    )
    parser.add_argument("--out", required=True, help=f"folder for {LINES} and the drawn pictures")
    parser.add_argument(
        "--score",
        type=float,
        help="least detection score of a face that is reported; default: the model's own",
    )
    parser.add_argument(
        "--proposals",
        choices=analysis.PROPOSALS,
        default="dense",
        help="where faces are looked for: by the net itself over an image pyramid, or by selective search",
    )
    parser.add_argument(
        "--boxes",
        metavar="FILE",
        help="look for none, describe the faces in these boxes: JSON lines of image and box",
    )
    parser.add_argument(
        "--smallest",
        type=float,
        help="dense: least height in pixels of a face that is looked for; default: 24, or a 40th of the longer side",
    )
    parser.add_argument("--engine", choices=engines.ENGINES, default="caffe")
    parser.add_argument("--gpu", default="", help="GPU number; empty: CPU")
    parser.add_argument("--batch", type=int, default=4, help="pictures that share calls of the net")
    parser.add_argument("--every", type=int, default=1, help="videos: look at every n-th frame")
    parser.add_argument(
        "--descriptor",
        nargs="?",
        const="raw",
        default="",
        choices=("raw", "unit"),
        help="write the 512-d identity descriptor too: as the net gives it, or at length 1",
    )
    parser.add_argument("--csv", action="store_true", help=f"write {TABLE} too")
    parser.add_argument("--without-pictures", action="store_true", help="draw nothing")
    args = parser.parse_args(argv)
    if args.batch < 1 or args.every < 1:
        raise InputError("--batch and --every must be at least 1")
    return args


@command
def main(argv=None):
    args = parse(argv)
    pictures, videos = expand(args.inputs)
    find, partial = finder(args), prepare(args)
    done = set(done_before(partial))
    with open(partial, "a", encoding="utf-8") as stream:
        analyze_pictures(find, pictures, done, stream, args)
        for source in videos:
            if source not in done:
                analyze_video(find, source, stream, args)
    lines = os.path.join(args.out, LINES)
    os.replace(partial, lines)
    with open(lines, encoding="utf-8") as stream:
        errors = sum("error" in json.loads(line) for line in stream)
    if args.csv:
        write_table(lines, os.path.join(args.out, TABLE))
    print(f"{len(pictures) + len(videos) - errors} analyzed, {errors} could not be read; {lines}")
    return 2 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
