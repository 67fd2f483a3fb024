"""Build databases from records: aligned faces for smile, gender, age, id; scenes with regions for det.

    python -m data_prep.build_db aligned --records faces/records.jsonl --out db
    python -m data_prep.build_db scenes --records scenes/records.jsonl --without-search faces/records.jsonl --out db
"""
import argparse
import hashlib
import os
import sys

import cv2
import h5py
import numpy as np

from allinone import files, record, store, tasks
from allinone.errors import InputError, command
from allinone.progress import Progress
from allinone.proposals import search_files
from data_prep.aligned_db import JPEG_QUALITY, build_aligned
from data_prep.sources import image_path, of_splits, origin_of


def _jpeg(path):
    """Return the picture as JPEG: the file's own bytes where it is one, since encoding again would blur."""
    image = files.read_image(path)               # refuses what cannot be decoded
    if path.lower().endswith((".jpg", ".jpeg")):
        with open(path, "rb") as stream:
            return stream.read()
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes()


def build_scenes(searched, unsearched, out, workers=None, splits=None):
    """Write the detection database: pictures, faces, and the proposals of the `searched` records.

    A picture with a face that is to be ignored is left out: it would teach that there is none. splits: as for `build_aligned`.
    """
    scenes = [(image_path(path, name), search, faces) for path, search in
              [(path, True) for path in searched] + [(path, False) for path in unsearched]
              for name, faces in record.group_by_image(of_splits(path, splits)) if not any(face.ignore for face in faces)]
    if not any(faces for _, _, faces in scenes):
        raise InputError(f"{', '.join(searched + unsearched)}: no record has a 'box'; detection cannot learn from 0 faces")
    with files.replacing_folder(os.path.join(out, "det")) as partial:
        writer, proposals = store.Writer(partial), []
        progress = Progress("searching regions", sum(search for _, search, _ in scenes))
        searches = search_files([path for path, search, _ in scenes if search], workers)
        for path, search, _ in scenes:
            proposals.append(next(searches) if search else np.zeros((0, 4), np.float32))
            writer.add(_jpeg(path), 0)
            progress.step(int(search))
        faces = [face for _, _, found in scenes for face in found]
        regions = _write_regions(os.path.join(partial, store.REGIONS), [found for _, _, found in scenes], faces, proposals)
        files.write_json(os.path.join(partial, store.MANIFEST), dict(
            tower="det", count=writer.count, hash=f"{writer.close()}-{regions}", faces=len(faces), proposals=int(sum(map(len, proposals))),
            origin=[origin_of(path) for path in searched + unsearched],
            labels=dict(faces_per_image=store.summary([len(found) for _, _, found in scenes]),
                        box_height=store.summary([face.box[3] - face.box[1] for face in faces]),
                        yaw=store.summary([face.pose[2] for face in faces if face.pose]))))


def _write_regions(path, by_scene, faces, proposals):
    """Write faces and proposals of all pictures one after the other, with where each picture's begin; return their hash."""
    unknown_pose = [np.nan] * 3
    arrays = dict(
        face_start=np.cumsum([0] + [len(found) for found in by_scene]),
        box=np.float32([face.box for face in faces]),
        landmarks=np.float32([face.landmark_array() for face in faces]),
        visibility=np.float32([face.visibility_array() for face in faces]),
        pose=np.float32([face.pose or unknown_pose for face in faces]),
        gender=np.int8([-1 if face.gender is None else face.gender for face in faces]),
        proposal_start=np.cumsum([0] + [len(boxes) for boxes in proposals]),
        proposal=np.concatenate(proposals))
    digest = hashlib.sha256()
    with h5py.File(path, "w") as data:
        for name, values in arrays.items():
            data[name] = values
            digest.update(values.tobytes())
    return digest.hexdigest()


@command
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kind", choices=("aligned", "scenes"))
    parser.add_argument("--records", nargs="+", default=[], help="records.jsonl; for scenes: pictures to search for regions")
    parser.add_argument("--without-search", nargs="+", default=[], help="scenes: records whose pictures are not searched")
    parser.add_argument("--towers", nargs="+", choices=tasks.ALIGNED_TOWERS, default=tasks.ALIGNED_TOWERS)
    parser.add_argument("--profile", choices=tasks.PROFILES, default="mini", help="gives the size of aligned faces")
    parser.add_argument("--set", default="", help="aligned: name of this training set, where a tower learns from several; <out>/<tower>/<set>")
    parser.add_argument("--landmarks-from", metavar="MODEL", help="aligned: folder of a fused model that finds the landmarks of faces without any")
    parser.add_argument("--split", nargs="+", help="parts of the records to take (train, val, fold_03, ...), default all")
    parser.add_argument("--workers", type=int, help="processes, default one a core")
    parser.add_argument("--out", required=True, help="folder for the databases")
    args = parser.parse_args(argv)
    if args.kind == "scenes":
        if not args.records + args.without_search:
            raise InputError("build_db scenes: name at least one records file (--records or --without-search)")
        build_scenes(args.records, args.without_search, args.out, args.workers, args.split)
    else:
        if len(args.records) != 1:
            raise InputError("build_db aligned: name one records file with --records")
        build_aligned(args.records[0], args.out, args.towers, tasks.PROFILES[args.profile], args.workers, args.set, args.split, args.landmarks_from)


if __name__ == "__main__":
    sys.exit(main())
