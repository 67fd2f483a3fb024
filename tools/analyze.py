"""Find and describe the faces of pictures with a fused model: JSON lines and drawn pictures.

    python -m tools.analyze photo.jpg folder --model out/demo/model --out out/analyze

One line of <out>/faces.jsonl is one face: box, score, landmarks, visibility, pose, smile, gender (probability of female),
age. A picture that cannot be read is a line with `error`, does not stop the others, and makes the exit code 2.
"""
import argparse
import json
import os
import sys

from allinone import device, draw, files
from allinone.analyzer import SCORE, FaceAnalyzer
from allinone.errors import InputError, command

EXTENSIONS = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff")   # looked for in folders
LINES = "faces.jsonl"


def expand(inputs):
    """Return picture paths: files as they are, folders as the pictures in them, sorted."""
    paths = []
    for item in inputs:
        if os.path.isdir(item):
            found = sorted(name for name in os.listdir(item) if name.lower().endswith(EXTENSIONS))
            if not found:
                raise InputError(f"{item}: no picture in this folder (looked for {', '.join(EXTENSIONS)})")
            paths += [os.path.join(item, name) for name in found]
        else:
            paths.append(item)
    return paths


def drawn_name(path, taken):
    """Return the file name of the drawn picture, different from all taken ones, which it joins."""
    stem, number = os.path.splitext(os.path.basename(path))[0], 1
    name = f"{stem}.png"
    while name in taken:
        number += 1
        name = f"{stem}-{number}.png"
    taken.add(name)
    return name


def analyze_files(analyzer, paths, out, score, with_descriptor):
    """Write faces.jsonl and the drawn pictures; return how many pictures could not be read. Ctrl-C keeps what is done."""
    taken, errors, stopped = set(), 0, False
    with files.replacing(os.path.join(out, LINES)) as lines:
        for number, path in enumerate(paths, 1):
            try:
                image = files.read_image(path)
                faces = analyzer.analyze(image, score=score)
            except InputError as error:
                errors += 1
                print(f"  [{number}/{len(paths)}] error: {error}", file=sys.stderr, flush=True)
                lines.write(json.dumps(dict(image=path, error=str(error))) + "\n")
                continue
            except KeyboardInterrupt:
                stopped = True
                break
            drawn = os.path.join(out, drawn_name(path, taken))
            files.write_image(drawn, draw.results(image, faces))
            lines.writelines(json.dumps(dict(image=path, **face.to_dict(with_descriptor))) + "\n" for face in faces)
            print(f"  [{number}/{len(paths)}] {path}: {len(faces)} face(s), drawn in {drawn}", flush=True)
    if stopped:
        raise KeyboardInterrupt
    return errors


@command
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("inputs", nargs="+", help="pictures and folders of pictures")
    parser.add_argument("--model", required=True, help="folder of the fused model")
    parser.add_argument("--out", required=True, help=f"folder for {LINES} and the drawn pictures")
    parser.add_argument("--score", type=float, default=SCORE, help="least detection score of a face that is reported")
    parser.add_argument("--descriptor", action="store_true", help="write the 512-d identity descriptor too")
    parser.add_argument("--gpu", default="", help="GPU number; empty: CPU")
    args = parser.parse_args(argv)
    paths = expand(args.inputs)
    device.use(args.gpu)
    errors = analyze_files(FaceAnalyzer(args.model), paths, args.out, args.score, args.descriptor)
    print(f"{len(paths) - errors} picture(s) analyzed, {errors} could not be read; {os.path.join(args.out, LINES)}")
    return 2 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
