"""tools.analyze on videos."""

import cv2
from analysis_runs import COMMAND, faces_in, with_model
from conftest import run, run_well


def film(path, album):
    code = cv2.VideoWriter_fourcc(*"MJPG")
    writer = cv2.VideoWriter(str(path), code, 10, (240, 200))
    for picture in sorted(album.glob("*.jpg")):
        writer.write(cv2.resize(cv2.imread(str(picture)), (240, 200)))
    writer.release()


def test_a_video_is_analyzed_frame_by_frame(chain, album, tmp_path):
    film(tmp_path / "film.avi", album)
    run_well(COMMAND, tmp_path / "film.avi", *with_model(chain, tmp_path / "out", "--every", "2"))
    lines = faces_in(tmp_path / "out")
    assert {line.frame for line in lines} == {0, 2}
    assert {line.time for line in lines} == {0.0, 0.2}
    drawn = cv2.VideoCapture(str(tmp_path / "out" / "film.mp4"))
    assert drawn.get(cv2.CAP_PROP_FRAME_COUNT) == 2 and drawn.get(cv2.CAP_PROP_FRAME_WIDTH) == 240


def test_a_torn_video_does_not_stop_the_others(chain, album, tmp_path):
    film(tmp_path / "film.avi", album)
    (tmp_path / "a_torn.mp4").write_bytes(b"no video")
    given = [tmp_path / "a_torn.mp4", tmp_path / "film.avi", "--every", "4"]
    done = run(COMMAND, *given, *with_model(chain, tmp_path / "out"))
    assert done.returncode == 2 and "Traceback" not in done.stderr
    torn, *others = faces_in(tmp_path / "out")
    assert "no video" in torn.error and {face.frame for face in others} == {0}


def test_no_drawing_takes_the_place_of_an_input(chain, album, tmp_path):
    """Results beside the pictures: a PNG and a video keep their bytes, two of a name both stay."""
    picture, video = tmp_path / "one.png", tmp_path / "film.mp4"
    cv2.imwrite(str(picture), cv2.imread(str(next(album.glob("*.jpg")))))
    film(tmp_path / "film.avi", album)
    (tmp_path / "film.avi").rename(video)
    before = picture.read_bytes(), video.read_bytes()
    run_well(COMMAND, picture, video, "--every", "4", *with_model(chain, tmp_path))
    assert (picture.read_bytes(), video.read_bytes()) == before
    assert (tmp_path / "one-2.png").is_file() and (tmp_path / "film-2.mp4").is_file()
