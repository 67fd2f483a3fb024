"""Find the landmarks of faces that a dataset gives none of, with a trained net: the paper does so with HyperFace (section III-C).

    python -m data_prep.locate --records data/morph/records.jsonl --model out/paper/hyperface/model

Beside the records appears located_<weights>_<records>.jsonl, the same lines with landmarks and visibility; the name has the hashes of
both, so that what was found once is used again. A run that was stopped goes on where it was.
"""

import argparse
import dataclasses
import itertools
import os
import sys

from allinone import device, files, landmarks, record, snapshots
from allinone.analyzer import FaceAnalyzer
from allinone.errors import InputError, command
from allinone.progress import Progress
from allinone.proposals import selective_search
from data_prep.sources import image_path

BATCH = 64  # faces that the net looks at together


def path_of(records, model):
    """Return the path of the records with the landmarks that a model finds."""
    weights, lines = (files.sha256(path)[:12] for path in (snapshots.weights_of(model), records))
    return os.path.join(os.path.dirname(records), f"located_{weights}_{lines}.jsonl")


def region_of(analyzer, image, face):
    """Return the region of a face: its box, or, where it has none, the best face that is found in the picture; None for none."""
    if face.box is not None:
        return face.box
    found = analyzer.detect(image, selective_search(image))
    return found["boxes"][0] if len(found["boxes"]) else None


def located(analyzer, faces, records):
    """Return records with their landmarks; one whose picture cannot be read, or holds no face, comes back as it is."""
    wanted = []
    for place, face in enumerate(faces):
        if face.lacks_landmarks():
            try:
                image = files.read_image(image_path(records, face.image))
            except InputError:  # whoever builds a database names it
                continue
            region = region_of(analyzer, image, face)
            if region is not None:
                wanted.append((place, image, region))
    if not wanted:
        return faces
    places, images, regions = zip(*wanted)
    found = analyzer.look_closer(images, regions)
    result = list(faces)
    for place, points, seen, box in zip(
        places,
        found["landmarks"],
        found["visibility"],
        landmarks.face_rectangle(found["landmarks"]),
    ):
        face = faces[place]
        result[place] = dataclasses.replace(
            face,
            landmarks=points.round(2).tolist(),
            visibility=(seen >= 0.5).astype(int).tolist(),
            box=face.box or box.round(2).tolist(),
        )
    return result


def locate(records, model):
    """Return the path of the records with the landmarks of a model's folder, which are found where they are not there yet."""
    path = path_of(records, model)
    with files.only_one(path):
        if os.path.isfile(path):
            return path
        total = sum(face.lacks_landmarks() for face in record.read(records))
        faces, partial = record.read(records), f"{path}.partial"
        progress = Progress("finding landmarks", total)
        progress.step(
            sum(
                face.lacks_landmarks()
                for face in itertools.islice(faces, files.whole_lines(partial))
            )
        )
        analyzer = FaceAnalyzer(model)
        with open(partial, "a", encoding="utf-8") as stream:
            for some in iter(lambda: list(itertools.islice(faces, BATCH)), []):
                stream.writelines(map(record.to_line, located(analyzer, some, records)))
                stream.flush()
                progress.step(sum(face.lacks_landmarks() for face in some))
        os.replace(partial, path)
    return path


@command
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", required=True, help="records.jsonl")
    parser.add_argument(
        "--model",
        required=True,
        help="folder of a fused model, or of a tower that tools.fuse --tower took out",
    )
    parser.add_argument("--gpu", default="", help="GPU number; empty: CPU")
    args = parser.parse_args(argv)
    device.use(args.gpu)
    path = locate(args.records, args.model)
    faces = [face.landmarks is not None for face in record.read(path)]
    print(f"{path}: {sum(faces)} of {len(faces)} records have landmarks")


if __name__ == "__main__":
    sys.exit(main())
