"""`allinone serve` in a process of its own, with the shipped model: its answers, its end."""

import io
import json
import os
import signal
import socket
import subprocess
import sys

import pytest
from conftest import ROOT
from picture_files import encoded, saved
from PIL import Image
from service_calls import FORM, form, serving
from skimage import data

from allinone import FaceAnalyzer, embeddings, model
from allinone.record import FaceRecord

THRESHOLD = embeddings.plain_threshold(model.open_model())  # of the shipped model
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}
TOKEN = "correct horse battery"


@pytest.fixture(scope="module")
def photo(tmp_path_factory):
    """A photograph of a person."""
    picture = Image.fromarray(data.astronaut()[:220, 90:330])
    return saved(tmp_path_factory.mktemp("photo") / "astronaut.png", picture)


@pytest.fixture(scope="module")
def upload(photo):
    with open(photo, "rb") as stream:
        return stream.read()


@pytest.fixture(scope="module")
def ask(tmp_path_factory):
    """A service that keeps people, and that cannot write what is uploaded to it anywhere else."""
    folder = tmp_path_factory.mktemp("people")
    nowhere = {**os.environ, "TMPDIR": str(folder / "nowhere")}
    with serving("--people", folder, env=nowhere) as ask:
        ask.folder = folder
        yield ask


def test_the_answers_are_those_of_the_command(ask, command, photo, upload, tmp_path):
    done = command("allinone", "analyze", photo, "--out", tmp_path, "--descriptor", "unit")
    assert done.returncode == 0, done.stderr
    expected = [json.loads(line) for line in (tmp_path / "faces.jsonl").open()]
    path = "/analyze?answer=lines&descriptor=unit"
    sent = form(("picture", photo, upload))
    lines = ask("POST", path, sent, **FORM).body.decode().splitlines()
    assert [json.loads(line) for line in lines] == expected
    found = ask("POST", "/analyze?descriptor=unit", sent, **FORM).json()
    assert found == dict(image=photo, width=240, height=220, faces=expected)
    assert [face["image"] for face in ask("POST", "/analyze", upload).json()["faces"]] == [
        "picture"
    ]


def test_the_drawing_is_that_of_the_picture(ask, upload, tmp_path):
    answer = ask("POST", "/analyze?answer=picture", upload)
    (tmp_path / "a.jpg").write_bytes(answer.body)
    with Image.open(tmp_path / "a.jpg") as drawing:
        drawing.load()
    assert answer.headers["content-type"] == "image/jpeg"
    assert drawing.width >= 240 and drawing.height >= 220


def test_a_lower_score_brings_the_faces_that_it_brings_in_the_library(ask, tmp_path):
    photo = tmp_path / "whole.png"
    Image.fromarray(data.astronaut()).save(photo)
    usual = ask("POST", "/analyze", photo.read_bytes()).json()["faces"]
    more = ask("POST", "/analyze?score=0", photo.read_bytes()).json()["faces"]
    expected = FaceAnalyzer().analyze(photo, score=0)
    assert [face["score"] for face in more] == [round(face.score, 4) for face in expected]
    assert len(more) > len(usual)


def test_pictures_of_one_person_are_compared_as_by_the_command(
    ask, command, photo, upload, tmp_path
):
    turned = Image.open(photo).transpose(Image.FLIP_LEFT_RIGHT)
    other = saved(tmp_path / "other.png", turned)
    with open(other, "rb") as stream:
        body = form(("first", "a.png", upload), ("second", "b.png", stream.read()))
    found = ask("POST", "/verify", body, **FORM).json()
    said = command("allinone", "identify", "verify", photo, other).stdout.splitlines()[-1]
    decision = "the same person" if found["is_same"] else "different people"
    assert said.strip() == f"{found['cosine']:.3f}: {decision} (threshold {THRESHOLD:.3g})"
    assert found["first"]["face"]["number"] == 1 and found["first"]["width"] == 240


def test_a_picture_without_a_face_cannot_be_compared_or_enrolled(ask, upload):
    empty = encoded("PNG", (30, 30))
    body = form(("first", "a.png", upload), ("second", "b.png", empty))
    assert "b.png: no face found" in ask("POST", "/verify", body, **FORM).error()
    assert "no face found" in ask("POST", "/people/anna", empty).error()
    assert ask("GET", "/people").json()["people"] == []


def test_people_are_enrolled_found_listed_and_deleted(ask, upload):
    assert ask("POST", "/people/Eileen C.", upload).json() == {"name": "Eileen C.", "pictures": 1}
    found = ask("POST", "/find", upload).json()
    assert found["threshold"] == THRESHOLD
    assert [(one["nearest"], one["is_same"]) for one in found["faces"]] == [("Eileen C.", True)]
    assert ask("GET", "/people").json() == {
        "people": [{"name": "Eileen C.", "pictures": 1}],
        "is_kept": True,
    }
    (kept,) = (ask.folder / "Eileen C.").iterdir()
    assert kept.read_bytes() == upload
    assert ask("DELETE", "/people/Eileen C.").json()["people"] == []
    assert not kept.exists()


def test_an_upload_of_megabytes_is_written_nowhere(ask):
    """The folder for temporary files is not there: who tries to write into it fails."""
    noise = Image.frombytes("RGB", (1000, 1000), os.urandom(3_000_000))
    big = form(("picture", "big.png", _png(noise)))
    assert len(big) > 2e6
    assert ask("POST", "/analyze", big, **FORM).status == 200


def _png(picture):
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return stream.getvalue()


def test_health_figures_and_descriptions(ask):
    assert ask("GET", "/health").json() == {"status": "ok"}
    about = ask("GET", "/about").json()
    assert about["model"] == "small" and about["megabytes"] == 20
    assert {"field": "age", "kind": "number", "words": [], "unit": "years"} in about["answers"]
    ask("POST", "/analyze", b"no picture")
    figures = ask("GET", "/metrics")
    assert figures.headers["content-type"].startswith("text/plain")
    text = figures.body.decode()
    assert 'allinone_requests_total{method="POST",path="/analyze",status="422"}' in text
    assert "process_resident_memory_bytes" in text and "allinone_faces_total" in text


def test_the_description_names_every_path_and_the_fields_of_a_face(ask):
    described = ask("GET", "/openapi.json").json()
    paths = "/analyze /verify /find /people /people/{name} /health /about /metrics"
    assert set(described["paths"]) == set(paths.split())
    face = described["components"]["schemas"]["FaceRecord"]["properties"]
    assert set(face) == set(FaceRecord.__struct_fields__)
    page = ask("GET", "/docs").body.decode()
    assert "//cdn" not in page and "https://" not in page
    for path in (
        "/static-offline-docs/swagger-ui-bundle.js",
        "/static-offline-docs/swagger-ui.css",
    ):
        assert path in page and ask("GET", path).status == 200


@pytest.mark.parametrize("number", CODES)
def test_a_signal_ends_it_with_its_code(number):
    with serving("--engine", "opencv") as ask:
        assert ask("GET", "/health").status == 200
        ask.process.send_signal(number)
        out, err = ask.process.communicate(timeout=60)
        assert ask.process.returncode == CODES[number], err
        assert err.strip() == "interrupted: what is finished is kept" and out == ""


def test_who_is_enrolled_outlives_a_kill(ask, upload, tmp_path):
    with serving("--people", tmp_path / "people") as first:
        assert first("POST", "/people/anna", upload).status == 200
        first.process.kill()
        first.process.wait()
    with serving("--people", tmp_path / "people") as second:
        assert second("GET", "/people").json()["people"] == [{"name": "anna", "pictures": 1}]


def test_a_token_of_the_environment_or_of_a_file_is_asked_for(tmp_path):
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    right = {"authorization": f"Bearer {TOKEN}"}
    options = ["--host", "0.0.0.0", "--engine", "opencv"]
    for further, token in (([], TOKEN), (["--token-file", tmp_path / "token"], "of no account")):
        environment = {**os.environ, "ALLINONE_TOKEN": token}
        with serving(*options, *further, env=environment) as ask:
            assert ask("GET", "/people").status == 401
            assert ask("GET", "/people", **right).status == 200
            assert ask("GET", "/health").status == 200


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (["--host", "0.0.0.0"], "a token is needed"),
        (["--host", "no.such.host.example", "--token-file", "TOKEN"], "cannot listen at"),
        (["--token-file", "missing"], "missing: no such file"),
        (["--token-file", "SHORT"], "16 or more signs"),
        (["--token-file", "EMPTY"], "no token in it"),
        (["--model", "nowhere"], "nowhere"),
        (["--port", "70000"], "must be a whole number from 0 up to 65535"),
        (["--megabytes", "0"], "must be a number above 0"),
    ],
)
def test_what_cannot_be_served_is_a_sentence(expect_refusal, tmp_path, arguments, sentence):
    for name, text in (("TOKEN", TOKEN), ("SHORT", "abc"), ("EMPTY", "\n")):
        (tmp_path / name).write_text(text)
    placed = [str(tmp_path / one) if one.isupper() else one for one in arguments]
    expect_refusal("allinone", ["serve", "--engine", "opencv", *placed], sentence)


def test_a_port_that_is_taken_is_a_sentence(expect_refusal):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        expect_refusal(
            "allinone", ["serve", "--engine", "opencv", "--port", port], "cannot listen at", port
        )


def test_without_the_extra_it_says_what_to_install():
    without = (
        "import sys; sys.modules['fastapi'] = None; from allinone.cli import main; "
        "sys.exit(main(['serve']))"
    )
    done = subprocess.run([sys.executable, "-c", without], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "pip install 'allinone-face[serve]'" in done.stderr


def test_only_the_service_imports_its_packages():
    """The library and the other commands start without them."""
    look = (
        "import sys; import allinone.analyzer, allinone.gallery, allinone.commands.serve, "
        "allinone.commands.identify; "
        "print(sorted({'fastapi', 'uvicorn', 'starlette', 'prometheus_client'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", look], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr
