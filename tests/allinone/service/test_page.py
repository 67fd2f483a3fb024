"""The page in a real browser: a picture chosen, dropped, pasted, photographed; faces drawn."""

import base64
import os

import browser
import numpy as np
import pytest
from picture_files import saved
from PIL import Image
from service_calls import serving
from skimage import data

from allinone import FaceAnalyzer, draw

SHOWN = "document.querySelector('#{} .status').textContent"
FACE = data.astronaut()[:220, 90:330]
NAME = "<img src=x onerror=document.title=1>"

pytestmark = pytest.mark.skipif(
    browser.path() is None, reason="no Chromium is installed, which these tests need"
)


@pytest.fixture(scope="module")
def address():
    with serving() as ask:
        yield ask.address


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    page = browser.Page(tmp_path_factory.mktemp("profile"))
    yield page
    page.close()


@pytest.fixture
def opened(page, address):
    """The page, opened anew; at the end nothing has failed, and nothing came from elsewhere."""
    page.events.clear()
    page.open(address)
    yield page
    assert page.faults() == []
    for asked in page.requested():
        assert asked.startswith((f"{address}/", f"blob:{address}/")), asked


@pytest.fixture(scope="module")
def photo(tmp_path_factory):
    return saved(tmp_path_factory.mktemp("photo") / "astronaut.png", Image.fromarray(FACE))


@pytest.fixture(scope="module")
def group(tmp_path_factory):
    """A picture of 30 faces."""
    small = np.asarray(Image.fromarray(FACE).resize((100, 92)))
    rows = [np.hstack([small] * 6)] * 5
    picture = Image.fromarray(np.vstack(rows))
    return saved(tmp_path_factory.mktemp("group") / "group.png", picture)


def wait_for(page, part, text):
    page.until(f"{SHOWN.format(part)}.includes({text!r})")


def analyze(page, path, text):
    page.choose("#analyze input[type=file]", path)
    wait_for(page, "analyze", text)


def test_a_picture_that_is_chosen_is_drawn_with_its_face_and_told_in_words(opened, photo):
    analyze(opened, photo, "1 face")
    assert opened.js("document.querySelectorAll('#analyze svg .box').length") == 1
    assert opened.js("document.querySelectorAll('#analyze svg circle').length") == 21
    assert opened.js("document.querySelectorAll('#analyze svg .nose').length") == 1
    words = opened.js("document.querySelector('#analyze .legend .words').textContent")
    (face,) = FaceAnalyzer().analyze(photo)
    assert words.startswith(", ".join(draw.answer_words(face)))
    assert words.replace("°", "").endswith(draw.pose_words(face.pose))
    # The box is that of the face, and the drawing lies on the picture.
    box = opened.js(
        "(({x, y, width, height}) => [x, y, width, height])"
        "(document.querySelector('#analyze svg .box').getBBox())"
    )
    np.testing.assert_allclose(box, [*face.box[:2], *(face.box[2:] - face.box[:2])], atol=0.01)
    same = "getBoundingClientRect()"
    assert opened.js(f"JSON.stringify(document.querySelector('#analyze svg').{same})") == opened.js(
        f"JSON.stringify(document.querySelector('#analyze .view img').{same})"
    )


def test_a_group_of_thirty_stays_readable_on_a_desk_and_on_a_phone(opened, group, tmp_path):
    analyze(opened, group, "30 faces")
    for width, is_phone in ((1280, False), (390, True)):
        opened.resize(width, 844, is_phone)
        assert opened.js("document.documentElement.scrollWidth") <= width
        assert opened.js("document.querySelectorAll('.legend li').length") == 30
        # Letters have the size of a text, and a row does not cover the next.
        size = "parseFloat(getComputedStyle(document.querySelector('.legend .words')).fontSize)"
        assert opened.js(size) >= 14
        covered = "row.getBoundingClientRect().top < all[place - 1].getBoundingClientRect().bottom"
        rows = "[...document.querySelectorAll('.legend li')]"
        assert opened.js(f"{rows}.some((row, place, all) => place > 0 && {covered})") is False
        numbers = "[...document.querySelectorAll('#analyze svg text')]"
        letters = f"{numbers}.map((one) => one.getBoundingClientRect().height)"
        assert min(opened.js(letters)) > 10  # pixels of the screen, however small the picture
        # The picture stays in sight while the list moves.
        opened.js("document.querySelector('.legend li:last-child button').click()")
        top = opened.js("document.querySelector('#analyze .view').getBoundingClientRect().top")
        assert -1 <= top < 844 / 2
        assert opened.js("document.querySelectorAll('#analyze svg .face.chosen').length") == 2
        opened.screenshot(tmp_path / f"group_{width}.png")
        opened.js("document.querySelector('.legend li:last-child button').click()")


def test_all_of_it_works_by_the_keyboard(opened, photo):
    opened.js("document.querySelector('#tab-analyze').focus()")
    opened.press("ArrowRight")
    assert opened.js("document.querySelector('#compare').hidden") is False
    assert opened.js("document.activeElement.id") == "tab-compare"
    opened.press("ArrowRight")
    opened.press("ArrowRight")
    opened.press("Tab")
    assert opened.js("document.activeElement.type") == "file"
    analyze(opened, photo, "1 face")
    opened.js("document.querySelector('.legend button').focus()")
    opened.press("Enter", "\r")
    assert opened.js("document.querySelector('.legend button').ariaPressed") == "true"
    assert opened.js("document.querySelector('#analyze svg .chosen') !== null")


@pytest.mark.parametrize("event", ["drop", "paste"])
def test_a_picture_is_dropped_or_pasted(opened, photo, event):
    with open(photo, "rb") as stream:
        text = base64.b64encode(stream.read()).decode()
    kind, key = {
        "drop": ("DragEvent", "dataTransfer"),
        "paste": ("ClipboardEvent", "clipboardData"),
    }[event]
    opened.js(
        f"""(() => {{
        const bytes = Uint8Array.from(atob("{text}"), (sign) => sign.charCodeAt(0));
        const items = new DataTransfer();
        items.items.add(new File([bytes], "a.png", {{type: "image/png"}}));
        const how = {{bubbles: true, cancelable: true, {key}: items}};
        document.body.dispatchEvent(new {kind}("{event}", how));
        }})()"""
    )
    wait_for(opened, "analyze", "1 face")


def test_a_picture_of_the_webcam_is_analyzed(opened):
    """The browser's own stand-in for a camera shows no face."""
    opened.js("document.querySelector('#analyze .webcam').click()")
    opened.until("document.querySelector('#camera').open")
    opened.until("document.querySelector('#camera video').videoWidth > 0")
    opened.js("document.querySelector('#camera .take').click()")
    wait_for(opened, "analyze", "face")
    opened.until(f"{SHOWN.format('analyze')}.match(/^[0-9]+ face/) !== null")
    assert opened.js("document.querySelector('#analyze .view img').naturalWidth") > 100
    assert opened.js("document.querySelector('#camera').open") is False


def test_what_is_no_picture_is_told_in_the_words_of_the_service(page, address, tmp_path):
    page.open(address)
    (tmp_path / "text.jpg").write_text("no picture")
    analyze(page, tmp_path / "text.jpg", "text.jpg: no picture that OpenCV can read")
    assert page.js("document.querySelector('#analyze .status').classList.contains('failed')")


def test_a_kind_that_the_browser_does_not_show_comes_drawn_by_the_service(
    page, address, photo, tmp_path
):
    page.open(address)
    path = saved(tmp_path / "a.tif", Image.open(photo))
    analyze(page, path, "1 face")
    assert page.js("document.querySelector('#analyze .view img').naturalWidth") >= 240
    assert page.js("document.querySelector('#analyze .view svg')") is None


def test_two_faces_are_compared(opened, photo):
    opened.js("document.querySelector('#tab-compare').click()")
    for place in (1, 2):
        opened.choose(f".pair > div:nth-child({place}) input", photo)
    wait_for(opened, "compare", "The same person: likeness 1.000")
    assert opened.js("document.querySelectorAll('#compare svg .box').length") == 2


# Keeps the answers of some paths back, each until held[n]() is called.
HOLD = """
window.held = [];
const ask = window.fetch;
window.fetch = async (path, how) => {
  const answer = await ask(path, how);
  if (%s) await new Promise((done) => window.held.push(done));
  return answer;
}
"""


def release(page, number):
    """Let an answer come, and the page do with it what it does."""
    frames = "for (let i = 0; i < 20; i++) await new Promise(requestAnimationFrame);"
    page.js(f"(async () => {{ window.held[{number}](); {frames} }})()")


def test_faces_of_pictures_that_were_replaced_meanwhile_are_not_drawn(page, address, photo):
    page.open(address)
    page.js(HOLD % "path === '/verify' && !window.held.length")
    page.js("document.querySelector('#tab-compare').click()")
    for place in (1, 2):
        page.choose(f".pair > div:nth-child({place}) input", photo)
    page.until("window.held.length === 1")
    blank = saved(os.path.join(os.path.dirname(photo), "blank.png"), Image.new("RGB", (240, 220)))
    page.choose(".pair > div:nth-child(1) input", blank)
    wait_for(page, "compare", "no face found")
    release(page, 0)
    assert page.js("document.querySelectorAll('#compare svg .box').length") == 0


def test_a_picture_that_was_replaced_meanwhile_is_not_told_of(opened, photo, tmp_path):
    opened.js(HOLD % "window.held.length || path === '/analyze?answer=picture'")
    opened.choose("#analyze input[type=file]", saved(tmp_path / "a.tif", Image.open(photo)))
    opened.until("window.held.length === 1")
    opened.choose("#analyze input[type=file]", photo)
    opened.until("window.held.length === 2")
    release(opened, 0)
    assert opened.js("document.querySelector('.download').hidden")
    release(opened, 1)
    wait_for(opened, "analyze", "1 face")
    assert not opened.js("document.querySelector('.download').hidden")


def test_people_are_enrolled_named_in_pictures_and_forgotten(opened, photo):
    """By a name that would be markup if it were taken for it."""
    opened.js("document.querySelector('#tab-people').click()")
    opened.choose("#people input[type=file]", photo)
    opened.js(f"document.querySelector('#name').value = {NAME!r}")
    opened.js("document.querySelector('#people form').requestSubmit()")
    wait_for(opened, "people", f"{NAME} is enrolled: 1 picture")
    assert opened.js("document.querySelector('.enrolled span').textContent") == f"{NAME}: 1 picture"
    assert "forgotten when the service ends" in opened.js(
        "document.querySelector('.kept').innerText"
    )
    opened.js("document.querySelector('#tab-analyze').click()")
    analyze(opened, photo, "1 face")
    assert opened.js("document.querySelector('.legend .name').textContent") == f"{NAME}, 1.00"
    assert opened.js("document.title") == "All-in-One Face"
    opened.js("document.querySelector('#tab-people').click()")
    for _ in range(2):  # it asks once more
        opened.js("document.querySelector('.enrolled button').click()")
    wait_for(opened, "people", "is forgotten")
    assert opened.js("document.querySelectorAll('.enrolled li').length") == 0


def test_the_page_asks_for_the_token(page, photo):
    token = "correct horse battery"
    with serving(env={**os.environ, "ALLINONE_TOKEN": token}) as ask:
        page.call("Page.navigate", url=ask.address)
        page.until("document.querySelector('#token')?.open")
        for given in ("wrong", token):
            page.js(f"document.querySelector('#token input').value = {given!r}")
            page.js("document.querySelector('#token form').requestSubmit()")
            page.until("document.querySelector('#token').open === " + str(given == "wrong").lower())
        page.until("document.documentElement.dataset.ready !== undefined")
        analyze(page, photo, "1 face")


def test_the_page_of_the_api_loads_from_here_alone(page, address):
    page.events.clear()
    page.call("Page.navigate", url=f"{address}/docs")
    page.until("document.querySelectorAll('.opblock').length >= 8")
    assert page.faults() == []
    for asked in page.requested():
        assert asked.startswith((f"{address}/", "data:")), asked
