"""Hostile uploads: whatever comes in, what is answered is a sentence, and never a fault."""

import io

import damage
import numpy as np
import pytest
from picture_files import encoded, png_claiming
from PIL import Image
from service_calls import BOUNDARY, FORM, ask_here, form

KINDS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "PPM", "JPEG2000", "GIF", "ICO")
TRIES = 5  # of each damage, of each kind
ODD_NAMES = ("../../etc/passwd", "a\0b.jpg", "\udcff.jpg", "x" * 5000, "<img src=x>", "%00", "")


def sentence_of(answer):
    """Return why something was refused, "" where it was not; nothing else may come."""
    assert answer.status in (200, 400, 422), (answer.status, answer.body[:300])
    return "" if answer.status == 200 else answer.error()


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_pictures(make_app, rng, kind):
    app, whole = make_app(), encoded(kind)
    for harm in damage.BINARY:
        for _ in range(TRIES):
            data = harm(whole, rng)
            said = sentence_of(ask_here(app, "POST", "/analyze", [data]))
            assert "picture" in said or said == ""
    assert app.state.service.batches.is_at_work()


def test_pictures_that_claim_what_they_are_not(make_app):
    app = make_app()
    still, stream = Image.new("RGB", (9, 9)), io.BytesIO()
    still.save(stream, "GIF", save_all=True, append_images=[still] * 3)
    bombs = [png_claiming(*size) for size in ((2**31 - 1, 2**31 - 1), (60_000, 60_000), (0, 0))]
    for data in (*bombs, stream.getvalue(), b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"\0"):
        assert sentence_of(ask_here(app, "POST", "/analyze", [data]))
    assert app.state.service.analyzer.calls == []


@pytest.mark.parametrize("harm", damage.TEXT)
def test_damaged_forms(make_app, jpeg, rng, harm):
    """Of two pictures, so that a form may lose one of them."""
    app, whole = make_app(), form(("first", "a.jpg", jpeg[:90]), ("second", "b.jpg", jpeg))
    for _ in range(TRIES):
        body = harm(whole[:600], rng) + whole[600:]
        sentence_of(ask_here(app, "POST", "/verify", [body], **told()))


def told(content_type=FORM["content-type"]):
    return {"content_type": content_type}


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        f"multipart/form-data; boundary={'x' * 500}",
        'multipart/form-data; boundary="',
        f"multipart/form-data; charset=utf-7; boundary={BOUNDARY}",
        f"multipart/form-data; charset=undefined; boundary={BOUNDARY}",
        f"multipart/form-data; charset=unicode_escape; boundary={BOUNDARY}",
        "multipart/mixed",
        ";",
        "application/json",
        "application/x-www-form-urlencoded",
    ],
)
def test_odd_content_types(make_app, jpeg, content_type):
    body = form(("picture", "\\ud800.jpg", jpeg))
    sentence_of(ask_here(make_app(), "POST", "/analyze", [body], **told(content_type)))


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names_of_files_are_repeated_as_text_and_lead_nowhere(make_app, jpeg, name):
    body = form(("picture", "NAME", jpeg)).replace(b"NAME", name.encode("utf-8", "surrogateescape"))
    answer = ask_here(make_app(), "POST", "/analyze", [body], **told())
    if sentence_of(answer) == "":
        assert len(answer.json()["image"]) <= 200
        assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    "body, says",
    [
        (b"", "no picture"),
        (form(), "'picture' is missing"),
        (form(("other", "a.jpg", b"x")), "'other' is no field"),
        (form(*[("picture", "a.jpg", b"x")] * 17), "Too many files"),
        (form(*[("picture", "a.jpg", b"x")] * 2), "2 pictures; give one"),
        (form(("picture", "a.jpg", b"x")).replace(b'; filename="a.jpg"', b""), "must be a file"),
    ],
)
def test_what_lacks_a_picture_or_has_several_is_told_so(make_app, body, says):
    headers = told() if body else {}
    assert says in ask_here(make_app(), "POST", "/analyze", [body], **headers).error()


@pytest.mark.parametrize(
    "query", ["score=2", "score=nan", "score=1e999", "score=x", "answer=html", "descriptor=all"]
)
def test_parameters_that_make_no_sense_are_named(make_app, jpeg, query):
    answer = ask_here(make_app(), "POST", f"/analyze?{query}", [jpeg])
    assert answer.status == 422 and query.split("=")[0] in answer.error()


def test_paths_and_methods_that_are_none(make_app):
    app = make_app()
    for path in ("/nothing", "/static/../app.py", "/static/%2e%2e/app.py", "/people/a/b/c"):
        assert ask_here(app, "GET", path).error()
    known = {"/analyze": "POST", "/people/a": "DELETE, POST", "/openapi.json": "GET, HEAD"}
    for path, methods in known.items():
        answer = ask_here(app, "PUT", path)
        assert answer.status == 405 and answer.headers["allow"] == methods and answer.error()
    counted = ask_here(app, "GET", "/metrics").body.decode()
    assert "nothing" not in counted and 'path="other"' in counted


def test_pictures_of_one_pixel_and_of_one_line(make_app):
    for shape in ((1, 1), (1, 3000), (3000, 1)):
        stream = io.BytesIO()
        Image.fromarray(np.zeros((*shape, 3), np.uint8)).save(stream, "PNG")
        for query in ("faces", "lines", "picture"):
            answer = ask_here(make_app(), "POST", f"/analyze?answer={query}", [stream.getvalue()])
            assert sentence_of(answer) == ""
