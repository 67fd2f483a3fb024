"""FaceAnalyzer: given boxes, mirrored faces, many pictures, all kinds of pictures, bad input."""

import shutil

import cv2
import numpy as np
import pytest
from PIL import Image
from skimage import data

from allinone import Face, FaceAnalyzer, InputError, draw, landmarks, record, verify
from allinone.pictures import read_image


@pytest.fixture(scope="module")
def analyzer(chain):
    return FaceAnalyzer(str(chain / "model"), "caffe")


@pytest.fixture(scope="module")
def pictures(chain):
    """Four drawn scenes; with a least score of 0.3 something is found in some of them."""
    folder = chain / "scenes" / "images"
    return [cv2.imread(str(folder / f"{number:06d}.jpg")) for number in range(4)]


def noise(rng):
    return cv2.resize(rng.integers(0, 255, (9, 9, 3)).astype(np.uint8), (120, 120))


def test_given_boxes_give_one_face_each_in_their_order(analyzer, rng):
    image = rng.integers(0, 255, (90, 120, 3)).astype(np.uint8)
    boxes = [[10, 10, 60, 60], [50, 20, 110, 80]]
    faces = analyzer.analyze(image, boxes=boxes)
    assert [face.box.tolist() for face in faces] == boxes
    assert faces[0].landmarks.shape == (21, 2) and faces[0].descriptor.shape == (512,)
    assert {type(faces[0].age), type(faces[0].gender), type(faces[0].score)} == {float}
    swapped = analyzer.analyze(image, boxes=boxes[::-1])
    np.testing.assert_allclose(swapped[1].descriptor, faces[0].descriptor, atol=1e-4)


def test_what_is_no_image_and_no_box_is_refused(analyzer):
    with pytest.raises(InputError, match="BGR uint8"):
        analyzer.analyze(np.zeros((50, 50)))
    with pytest.raises(InputError, match="image: dict"):
        analyzer.analyze({})
    with pytest.raises(InputError, match="x1 < x2"):
        analyzer.analyze(np.zeros((50, 50, 3), np.uint8), boxes=[[20, 0, 10, 30]])
    assert analyzer.analyze(np.zeros((50, 50, 3), np.uint8), boxes=[]) == []


def test_a_picture_and_its_mirror_give_the_same_attributes(analyzer, rng):
    """Stage 2 looks at the face and its mirror: a mirrored face changes nothing."""
    image = noise(rng)
    found = analyzer.look(image, np.float32([[20, 20, 100, 100]]))
    mirrored = dict(
        found,
        landmarks=landmarks.mirror(found["landmarks"], 120),
        visibility=found["visibility"][:, landmarks.MIRROR],
    )
    (one,) = analyzer.describe(image, found)
    (two,) = analyzer.describe(np.ascontiguousarray(image[:, ::-1]), mirrored)
    np.testing.assert_allclose(two.descriptor, one.descriptor, atol=0.02)
    assert two.age == pytest.approx(one.age, abs=0.1)


def test_many_pictures_share_calls_of_the_net_and_answers_stay_apart(analyzer, pictures):
    together = analyzer.analyze_many(pictures, score=0.3)
    alone = [analyzer.analyze(image, score=0.3) for image in pictures]
    assert [len(faces) for faces in together] == [len(faces) for faces in alone]
    assert any(alone)
    for some, others in zip(together, alone):
        for one, other in zip(some, others):
            np.testing.assert_allclose(one.landmarks, other.landmarks, atol=0.05)
            assert one.age == pytest.approx(other.age, abs=0.05)
    assert analyzer.analyze_many([]) == []


def face_of(*numbers):
    return Face(box=np.zeros(4), descriptor=np.float64(numbers))


def test_verify_is_the_cosine_of_the_descriptors():
    assert verify(face_of(3, 0, 4), face_of(6, 0, 8)) == pytest.approx(1)
    assert verify(face_of(1, 0), face_of(0, 2)) == pytest.approx(0)
    assert verify(face_of(0, 0), face_of(1, 1)) == 0
    np.testing.assert_allclose(face_of(3, 4).unit_descriptor(), [0.6, 0.8])


def test_attributes_over_regions_are_means_over_those_that_overlap(analyzer, rng):
    """Against what is said of each of the two regions that count; the third one's IoU is < 0.5."""
    image = noise(rng)
    regions = np.float32([[20, 20, 80, 80], [25, 20, 85, 85], [60, 60, 110, 110]])
    means = analyzer.attributes_over_regions(image, [20, 20, 80, 80], regions)
    one, other = analyzer.analyze(image, boxes=regions[:2])
    assert set(means) == {"smile", "gender"}
    assert means["smile"] == pytest.approx((one.smile + other.smile) / 2, abs=1e-5)
    assert means["gender"] == pytest.approx((one.gender + other.gender) / 2, abs=1e-5)
    with pytest.raises(InputError, match="no region"):
        analyzer.attributes_over_regions(image, [0, 0, 5, 5], regions)


def save_turned(image, path, **how):
    """Save a picture that the camera has turned: it is shown a quarter clockwise."""
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(image).save(path, exif=exif, **how)


def save_kind(image, kind, folder):
    """Save a picture in one of many kinds; return its path."""
    path = folder / f"{kind}.png"
    if kind == "deep":
        cv2.imwrite(str(path), image[..., ::-1].astype(np.uint16) * 257)
    elif kind == "turned":
        path = folder / "turned.jpg"
        save_turned(image, path, quality=95)
    elif kind == "cmyk":
        path = folder / "cmyk.jpg"
        Image.fromarray(image).convert("CMYK").save(path, quality=95)
    elif kind == "animated":
        path = folder / "animated.webp"
        frames = [Image.fromarray(255 - image)]
        Image.fromarray(image).save(path, save_all=True, append_images=frames, lossless=True)
    elif kind == "tiny":
        Image.fromarray(image[:1, :1]).save(path)
    else:
        mode = {"grey": "L", "alpha": "RGBA", "palette": "P"}[kind]
        Image.fromarray(image).convert(mode).save(path)
    return str(path)


KINDS = ["grey", "deep", "alpha", "cmyk", "turned", "palette", "animated", "tiny"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_picture_is_read(analyzer, tmp_path, kind):
    """Grey, 16-bit, with alpha, CMYK, turned by EXIF, with a palette, animated, of one pixel."""
    image = data.astronaut()[:120, 100:260]
    path = save_kind(image, kind, tmp_path)
    shapes = {"turned": (160, 120, 3), "tiny": (1, 1, 3)}
    read = read_image(path)
    assert read.shape == shapes.get(kind, (120, 160, 3)) and read.dtype == np.uint8
    if kind in ("deep", "alpha", "animated", "cmyk"):
        assert np.abs(read.astype(int) - image[..., ::-1]).mean() < 12
    if kind == "turned":
        assert np.abs(read.astype(int) - np.rot90(image, -1)[..., ::-1]).mean() < 12
    assert isinstance(analyzer.analyze(path), list)


def test_a_model_that_is_older_than_a_task_answers_the_others(chain, tmp_path):
    """Its model.json lists fewer outputs; without stage 2's descriptor it is no fused model."""
    from allinone import model, model_writing

    folder = tmp_path / "model"
    shutil.copytree(chain / "model", folder)
    about = model.read_about(str(folder))
    del about.stages["2"]["age"]
    model_writing.write_about(str(folder), about)
    image, boxes = np.zeros((60, 60, 3), np.uint8), [[5, 5, 50, 50]]
    (face,) = FaceAnalyzer(str(folder), "caffe").analyze(image, boxes=boxes)
    assert face.age is None and face.gender is not None
    assert '"age"' not in record.to_line(face.to_record("a.jpg"))
    assert "years" not in " ".join(draw.answer_words(face))
    del about.stages["2"]
    model_writing.write_about(str(folder), about)
    half = FaceAnalyzer(str(folder), "caffe")
    assert len(half.look(image, np.float32(boxes))["score"]) == 1
    with pytest.raises(InputError, match="no output '.*', which stage 2 needs"):
        half.analyze(image, boxes=boxes)
