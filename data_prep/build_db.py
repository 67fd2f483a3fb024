"""Build databases from records: aligned faces for smile, gender, age, id; scenes with regions for det.

    python -m data_prep.build_db aligned --records faces/records.jsonl --out db
    python -m data_prep.build_db scenes --records scenes/records.jsonl --without-search faces/records.jsonl --out db
"""
import argparse
import contextlib
import functools
import hashlib
import multiprocessing
import os
import sys

import cv2
import h5py
import numpy as np

from allinone import align, files, record, store, tasks
from allinone.errors import InputError, command
from allinone.progress import Progress
from allinone.proposals import search_files

JPEG_QUALITY = 92
SET = "set.json"   # what data_prep.synthetic leaves beside its records
LABEL_OF = dict(smile="smile", gender="gender", age="age", id="identity")


def _image_path(records, name):
    return os.path.join(os.path.dirname(records), name)


def _origin(records):
    """Return where records come from: path, hash and, for a drawn set, its kind, count and seed."""
    drawn = os.path.join(os.path.dirname(records), SET)
    settings = files.read_json(drawn, "draw the set again") if os.path.isfile(drawn) else {}
    known = {name: settings[name] for name in ("kind", "count", "identities", "seed") if name in settings}
    return dict(records=records, sha256=files.sha256(records), **known)


def _align_one(annotation, records, size):
    """Return the aligned face of an annotation, JPEG-encoded."""
    cv2.setNumThreads(1)
    image = files.read_image(_image_path(records, annotation.image))
    face = align.warp(image, annotation.landmark_array(), size, annotation.visibility_array(), align.MARGIN)
    return cv2.imencode(".jpg", face, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes()


def build_aligned(records, out, towers, profile, workers=None, training_set="", splits=None):
    """Write one database of aligned faces per tower from the records that have its label, into <out>/<tower>.

    Faces without landmarks are left out and counted. The databases appear when all are finished. training_set: name of
    the database within the tower's folder, where a tower learns from several sets; splits: of the records, None for all.
    """
    for folder in (os.path.join(out, tower) for tower in towers if training_set):
        if os.path.isfile(os.path.join(folder, store.MANIFEST)):
            raise InputError(f"{folder}: is a database itself, so none can stand in it; remove it, or build without --set")
    annotations = list(_of_splits(records, splits))
    faces = [a for a in annotations if a.box is not None and a.landmarks is not None]
    used = {tower: [a for a in faces if getattr(a, LABEL_OF[tower]) is not None] for tower in towers}
    for tower, list_ in used.items():
        if not list_:
            raise InputError(f"{records}: no face with landmarks and the field '{LABEL_OF[tower]}', which tower {tower} learns from; "
                             "add the labels or leave the tower out with --towers")
    classes = {number: place for place, number in enumerate(sorted({a.identity for a in used.get("id", ())}))}
    size = align.stored_size(profile.input_size)
    with contextlib.ExitStack() as stack:
        partial = {tower: stack.enter_context(files.replacing_folder(os.path.join(out, tower, training_set))) for tower in towers}
        writers = {tower: store.Writer(folder) for tower, folder in partial.items()}
        progress = Progress("aligning faces", len(faces))
        work = functools.partial(_align_one, records=records, size=size)
        with multiprocessing.get_context("spawn").Pool(workers or os.cpu_count()) as pool:
            for annotation, jpeg in zip(faces, pool.imap(work, faces, chunksize=32)):
                for tower, writer in writers.items():
                    if getattr(annotation, LABEL_OF[tower]) is not None:
                        writer.add(jpeg, *_label(tower, annotation, classes))
                progress.step()
        for tower, writer in writers.items():
            values = [getattr(a, LABEL_OF[tower]) for a in used[tower]]
            extra = dict(identities=len(classes)) if tower == "id" else {}
            files.write_json(os.path.join(partial[tower], store.MANIFEST), dict(
                tower=tower, count=writer.count, hash=writer.close(), size=size, input_size=profile.input_size,
                origin=[_origin(records)], left_out=len(annotations) - len(used[tower]),
                labels=store.summary(values), **extra))


def _of_splits(records, splits):
    """Yield the annotations of a records file that belong to some splits, all for None."""
    return (annotation for annotation in record.read(records) if splits is None or annotation.split in splits)


def _label(tower, annotation, classes):
    """Return the Datum label, and for age the floats (age, sigma; 0 = not given)."""
    if tower == "id":
        return (classes[annotation.identity],)
    if tower == "age":
        return round(annotation.age), (annotation.age, annotation.age_sigma or 0)
    return (getattr(annotation, LABEL_OF[tower]),)


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
    scenes = [(_image_path(path, name), search, faces) for path, search in
              [(path, True) for path in searched] + [(path, False) for path in unsearched]
              for name, faces in record.group_by_image(_of_splits(path, splits)) if not any(face.ignore for face in faces)]
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
            origin=[_origin(path) for path in searched + unsearched],
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
        build_aligned(args.records[0], args.out, args.towers, tasks.PROFILES[args.profile], args.workers, args.set, args.split)


if __name__ == "__main__":
    sys.exit(main())
