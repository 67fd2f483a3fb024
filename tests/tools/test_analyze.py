import csv
import json
import shutil

import cv2
import numpy as np
import pytest
from PIL import Image
from skimage import data

from allinone import FaceAnalyzer, files, landmarks, record, verify
from allinone.errors import InputError
from tools import analyze


@pytest.fixture(scope="module")
def astronaut(tmp_path_factory):
    path = tmp_path_factory.mktemp("photo") / "astronaut.png"
    cv2.imwrite(
        str(path), cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2BGR)[:220, 90:330]
    )  # head and shoulders: quicker
    return path


def test_a_real_photograph_runs_through(chain, tmp_path, astronaut):
    out = tmp_path / "out"
    assert (
        analyze.main(
            [str(astronaut), "--model", str(chain / "model"), "--out", str(out), "--score", "0"]
        )
        == 0
    )
    assert cv2.imread(str(out / "astronaut.png")).shape == (220, 240, 3)
    with open(out / "faces.jsonl", encoding="utf-8") as lines:
        faces = [json.loads(line) for line in lines]
    for face in faces:
        assert face["image"] == str(astronaut) and set(face["landmarks"]) == set(landmarks.NAMES)
        assert 0 <= face["score"] <= 1 and 0 <= face["smile"] <= 1 and 0 <= face["gender"] <= 1


def test_one_bad_picture_does_not_stop_the_others(chain, tmp_path, astronaut, capsys):
    folder = tmp_path / "pictures"
    folder.mkdir()
    shutil.copy(astronaut, folder / "b.png")
    (folder / "a.jpg").write_text("no picture")
    (folder / "notes.txt").write_text("not looked at")
    assert (
        analyze.main([str(folder), "--model", str(chain / "model"), "--out", str(tmp_path / "out")])
        == 2
    )
    with open(tmp_path / "out" / "faces.jsonl", encoding="utf-8") as lines:
        first = json.loads(lines.readline())
    assert first["image"].endswith("a.jpg") and "no picture" in first["error"]
    assert (tmp_path / "out" / "b.png").exists()
    assert "1 analyzed, 1 could not be read" in capsys.readouterr().out


def test_pictures_of_the_same_name_do_not_overwrite_each_other():
    taken = set()
    assert [analyze.drawn_name(path, taken) for path in ("a/x.jpg", "b/x.png", "b/y.png")] == [
        "x.png",
        "x-2.png",
        "y.png",
    ]


def test_what_is_missing_is_named(chain, tmp_path, astronaut, expect_refusal):
    base = [astronaut, "--out", tmp_path / "out", "--model"]
    expect_refusal(analyze.main, [*base, tmp_path / "none"], tmp_path / "none" / "deploy.prototxt")
    broken = tmp_path / "broken"
    shutil.copytree(chain / "model", broken)
    (broken / "allinone.caffemodel").write_bytes(b"\x0a\xff")
    expect_refusal(analyze.main, [*base, broken], "allinone.caffemodel", "sha256 differs")
    (broken / "provenance.json").unlink()  # without it nothing is known of what the file should be
    expect_refusal(analyze.main, [*base, broken], "allinone.caffemodel", "cut off")
    shutil.copy("prototxt/paper/deploy.prototxt", broken)
    shutil.copy(chain / "model" / "allinone.caffemodel", broken)
    expect_refusal(analyze.main, [*base, broken], "allinone.caffemodel", "another net or profile")
    empty = tmp_path / "empty"
    empty.mkdir()
    expect_refusal(
        analyze.main,
        [empty, "--model", chain / "model", "--out", tmp_path / "out"],
        empty,
        "no picture",
    )
    expect_refusal(
        analyze.main,
        [astronaut, "--model", chain / "model", "--out", tmp_path / "out", "--gpu", "99"],
        "GPU=99",
    )


def test_given_boxes_give_one_face_each_in_their_order(chain, rng):
    image = rng.integers(0, 255, (90, 120, 3)).astype(np.uint8)
    boxes = [[10, 10, 60, 60], [50, 20, 110, 80]]
    faces = FaceAnalyzer(str(chain / "model")).analyze(image, boxes=boxes)
    assert [face.box.tolist() for face in faces] == boxes
    assert faces[0].landmarks.shape == (21, 2) and faces[0].descriptor.shape == (512,)
    swapped = FaceAnalyzer(str(chain / "model")).analyze(image, boxes=boxes[::-1])
    np.testing.assert_allclose(swapped[1].descriptor, faces[0].descriptor, atol=1e-4)


def test_what_is_no_image_and_no_box_is_refused(chain):
    analyzer = FaceAnalyzer(str(chain / "model"))
    with pytest.raises(InputError, match="BGR uint8"):
        analyzer.analyze(np.zeros((50, 50)))
    with pytest.raises(InputError, match="x1 < x2"):
        analyzer.analyze(np.zeros((50, 50, 3), np.uint8), boxes=[[20, 0, 10, 30]])
    assert analyzer.analyze(np.zeros((50, 50, 3), np.uint8), boxes=[]) == []


def test_a_picture_and_its_mirror_give_the_same_attributes(chain, rng):
    """Stage 2 looks at the face and its mirror: mirrored input with mirrored landmarks changes nothing."""
    image = cv2.resize(rng.integers(0, 255, (9, 9, 3)).astype(np.uint8), (120, 120))
    analyzer = FaceAnalyzer(str(chain / "model"))
    found = analyzer.look(image, np.float32([[20, 20, 100, 100]]))
    other = dict(
        found,
        landmarks=landmarks.mirror(found["landmarks"], 120),
        visibility=found["visibility"][:, landmarks.MIRROR],
    )
    one, two = (
        analyzer.describe(image, found)[0],
        analyzer.describe(np.ascontiguousarray(image[:, ::-1]), other)[0],
    )
    np.testing.assert_allclose(two.descriptor, one.descriptor, atol=0.02)
    assert two.age == pytest.approx(one.age, abs=0.1)


def lines_of(folder):
    with open(folder / "faces.jsonl", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def album(chain, tmp_path_factory):
    """A folder of four drawn scenes; with a least score of 0.3 something is found in some of them."""
    folder = tmp_path_factory.mktemp("album")
    for number in range(4):
        shutil.copy(chain / "scenes" / "images" / f"{number:06d}.jpg", folder)
    return folder


def test_pictures_together_are_as_pictures_alone(chain, album, tmp_path):
    outs = []
    for batch in ("1", "4"):
        outs.append(tmp_path / batch)
        assert (
            analyze.main(
                [
                    str(album / "*.jpg"),
                    "--model",
                    str(chain / "model"),
                    "--out",
                    str(outs[-1]),
                    "--score",
                    "0.3",
                    "--batch",
                    batch,
                    "--descriptor",
                    "--csv",
                ]
            )
            == 0
        )
    one, many = map(lines_of, outs)
    assert len(one) == len(many) and {line["image"] for line in one} == {
        str(path) for path in album.iterdir()
    }
    assert any("box" in line for line in one)
    for first, second in zip(one, many):
        assert first["image"] == second["image"] and ("box" in first) == ("box" in second)
        if "box" in first:
            np.testing.assert_allclose(second["box"], first["box"], atol=0.1)
            np.testing.assert_allclose(second["descriptor"], first["descriptor"], atol=0.01)
    with open(outs[0] / "faces.csv", newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == len(one)
    for row, line in zip(rows, one):
        if "box" in line:
            assert [float(row[name]) for name in ("x1", "y1", "x2", "y2")] == line["box"] and float(
                row["yaw"]
            ) == line["pose"]["yaw"]
            assert [float(row["NoseCenter_x"]), float(row["NoseCenter_y"])] == line["landmarks"][
                "NoseCenter"
            ]


def test_a_run_that_was_stopped_goes_on_where_it_was(chain, album, tmp_path, monkeypatch):
    command = [
        str(album),
        "--model",
        str(chain / "model"),
        "--out",
        str(tmp_path / "out"),
        "--score",
        "0.3",
        "--batch",
        "1",
    ]
    assert analyze.main([*command[:-4], "--score", "0.3", "--out", str(tmp_path / "whole")]) == 0
    read, seen = files.read_image, []

    def interrupted(path):
        if len(seen) == 2:
            raise KeyboardInterrupt
        seen.append(path)
        return read(path)

    monkeypatch.setattr(files, "read_image", interrupted)
    assert analyze.main(command) == 130 and not (tmp_path / "out" / "faces.jsonl").exists()
    with open(tmp_path / "out" / "faces.jsonl.partial", "a", encoding="utf-8") as stream:
        stream.write('{"image": "torn')  # as if it had been killed while it wrote
    monkeypatch.setattr(files, "read_image", lambda path: seen.append(path) or read(path))
    assert analyze.main(command) == 0
    assert len(seen) == 2 + 3  # the last one again: lines of it may lack
    whole, resumed = lines_of(tmp_path / "whole"), lines_of(tmp_path / "out")
    assert [line["image"] for line in resumed] == [line["image"] for line in whole]


def test_given_boxes_are_described_in_their_pictures(chain, album, tmp_path):
    name = sorted(path.name for path in album.iterdir())[1]
    (album / "boxes.jsonl").write_text(
        "".join(
            json.dumps(dict(image=name, box=box)) + "\n"
            for box in ([10, 10, 60, 70], [50, 40, 90, 90])
        )
    )
    assert (
        analyze.main(
            [
                str(album),
                "--model",
                str(chain / "model"),
                "--out",
                str(tmp_path),
                "--boxes",
                str(album / "boxes.jsonl"),
            ]
        )
        == 0
    )
    (album / "boxes.jsonl").unlink()
    assert [line["box"] for line in lines_of(tmp_path) if "box" in line] == [
        [10, 10, 60, 70],
        [50, 40, 90, 90],
    ]
    assert all(line["image"].endswith(name) for line in lines_of(tmp_path) if "box" in line)


def test_a_video_is_analyzed_frame_by_frame(chain, album, tmp_path, expect_refusal):
    frames = [cv2.imread(str(path)) for path in sorted(album.glob("*.jpg"))]
    writer = cv2.VideoWriter(
        str(tmp_path / "film.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 10, (240, 200)
    )
    for frame in frames:
        writer.write(cv2.resize(frame, (240, 200)))
    writer.release()
    assert (
        analyze.main(
            [
                str(tmp_path / "film.avi"),
                "--model",
                str(chain / "model"),
                "--out",
                str(tmp_path / "out"),
                "--every",
                "2",
            ]
        )
        == 0
    )
    lines = lines_of(tmp_path / "out")
    assert {line["frame"] for line in lines} == {0, 2}
    assert {line["time"] for line in lines} == {0.0, 0.2}
    drawn = cv2.VideoCapture(str(tmp_path / "out" / "film.mp4"))
    assert drawn.get(cv2.CAP_PROP_FRAME_COUNT) == 2 and drawn.get(cv2.CAP_PROP_FRAME_WIDTH) == 240
    (tmp_path / "torn.mp4").write_bytes(b"no video")
    expect_refusal(
        analyze.main,
        [tmp_path / "torn.mp4", "--model", chain / "model", "--out", tmp_path / "o2"],
        "torn.mp4",
        "no video",
    )


@pytest.mark.parametrize(
    "kind", ["grey", "deep", "alpha", "cmyk", "turned", "palette", "animated", "tiny"]
)
def test_every_kind_of_picture_is_read_or_refused(chain, tmp_path, kind):
    """Grey, 16-bit, with alpha, CMYK, turned by EXIF, with a palette, animated, of one pixel."""
    image = data.astronaut()[:120, 100:260]
    path, expected = tmp_path / f"{kind}.png", (120, 160, 3)
    if kind == "deep":
        cv2.imwrite(str(path), image[..., ::-1].astype(np.uint16) * 257)
    elif kind in ("cmyk", "turned"):
        path = tmp_path / f"{kind}.jpg"
        exif = Image.Exif()
        exif[0x0112] = 6  # the camera was turned: shown a quarter clockwise
        Image.fromarray(image).convert("CMYK" if kind == "cmyk" else "RGB").save(
            path, quality=95, **(dict(exif=exif) if kind == "turned" else {})
        )
        expected = (160, 120, 3) if kind == "turned" else expected
    elif kind == "animated":
        path = tmp_path / "animated.webp"
        Image.fromarray(image).save(
            path, save_all=True, append_images=[Image.fromarray(255 - image)], lossless=True
        )
    elif kind == "tiny":
        Image.fromarray(image[:1, :1]).save(path)
        expected = (1, 1, 3)
    else:
        picture = Image.fromarray(image)
        picture = dict(
            grey=picture.convert("L"), alpha=picture.convert("RGBA"), palette=picture.convert("P")
        )[kind]
        picture.save(path)
    read = files.read_image(str(path))
    assert read.shape == expected and read.dtype == np.uint8
    if kind in ("deep", "alpha", "animated", "cmyk"):
        assert np.abs(read.astype(int) - image[..., ::-1]).mean() < 12
    if kind == "turned":
        assert np.abs(read.astype(int) - np.rot90(image, -1)[..., ::-1]).mean() < 12
    assert isinstance(FaceAnalyzer(str(chain / "model")).analyze(str(path)), list)


def test_many_pictures_share_calls_of_the_net_and_answers_stay_apart(chain, album):
    images = [cv2.imread(str(path)) for path in sorted(album.glob("*.jpg"))]
    analyzer = FaceAnalyzer(str(chain / "model"))
    together, alone = (
        analyzer.analyze_many(images, score=0.3),
        [analyzer.analyze(image, score=0.3) for image in images],
    )
    assert [len(faces) for faces in together] == [len(faces) for faces in alone] and sum(
        map(len, alone)
    ) > 0
    for some, others in zip(together, alone):
        for one, other in zip(some, others):
            np.testing.assert_allclose(one.landmarks, other.landmarks, atol=0.05)
            assert one.age == pytest.approx(other.age, abs=0.05)
    assert analyzer.analyze_many([]) == []


def test_verify_is_the_cosine_of_the_descriptors():
    face = lambda *numbers: record.Face(*[None] * 8, descriptor=np.float64(numbers))
    assert verify(face(3, 0, 4), face(6, 0, 8)) == pytest.approx(1) and verify(
        face(1, 0), face(0, 2)
    ) == pytest.approx(0)
    assert verify(face(0, 0), face(1, 1)) == 0
    np.testing.assert_allclose(face(3, 4).unit_descriptor(), [0.6, 0.8])


def test_attributes_over_regions_are_means_over_those_that_overlap(chain, rng):
    """Against what is said of each of the two regions that count, as a face of its own; the third one's IoU is below a half."""
    image = cv2.resize(rng.integers(0, 255, (9, 9, 3)).astype(np.uint8), (120, 120))
    analyzer, regions = (
        FaceAnalyzer(str(chain / "model")),
        np.float32([[20, 20, 80, 80], [25, 20, 85, 85], [60, 60, 110, 110]]),
    )
    smile, gender = analyzer.attributes_over_regions(image, [20, 20, 80, 80], regions)
    one, other = analyzer.analyze(image, boxes=regions[:2])
    assert smile == pytest.approx(
        (one.smile + other.smile) / 2, abs=1e-5
    ) and gender == pytest.approx((one.gender + other.gender) / 2, abs=1e-5)
    with pytest.raises(InputError, match="no region"):
        analyzer.attributes_over_regions(image, [0, 0, 5, 5], regions)


def test_descriptors_come_as_they_are_or_at_length_one(chain, album, tmp_path):
    path, norms = sorted(album.glob("*.jpg"))[1], {}
    (tmp_path / "boxes.jsonl").write_text(
        json.dumps(dict(image=str(path), box=[10, 10, 60, 70])) + "\n"
    )
    for form in ("raw", "unit"):
        assert (
            analyze.main(
                [
                    str(path),
                    "--model",
                    str(chain / "model"),
                    "--out",
                    str(tmp_path / form),
                    "--boxes",
                    str(tmp_path / "boxes.jsonl"),
                    "--descriptor",
                    form,
                ]
            )
            == 0
        )
        norms[form] = np.linalg.norm(lines_of(tmp_path / form)[0]["descriptor"])
    assert norms["unit"] == pytest.approx(1, abs=1e-4) and abs(norms["raw"] - 1) > 0.01
