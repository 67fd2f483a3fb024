"""Pictures that wait share calls of the net, and share nothing else."""

import asyncio

import numpy as np
import pytest
from picture_files import encoded
from service_calls import StandIn, ask_here

from allinone.errors import InputError
from allinone.service.batches import Batches
from allinone.service.gate import Room
from allinone.service.metrics import Metrics
from allinone.service.uploads import Upload

SIDES = (20, 21, 22, 23, 24, 25)
WAITING = [Upload(f"{side}.png", encoded("PNG", (side, 30))) for side in SIDES]
FIRST = Upload("first.png", encoded("PNG", (99, 99)))


@pytest.fixture
def analyzer():
    return StandIn()


@pytest.fixture
def batches(analyzer):
    """One thread that is kept waiting with a first picture, whatever else comes."""
    made = Batches(analyzer, 10**6, 1, Metrics(Room()))
    made.start()
    yield made
    analyzer.lets.set()
    made.stop()


def answers_of(batches, analyzer, uploads, **how):
    """Analyze pictures that come while another is looked at; return what each gives."""

    async def ask():
        analyzer.lets.clear()
        first = asyncio.create_task(batches.analyze([FIRST]))
        while not analyzer.calls:
            await asyncio.sleep(0)
        rest = [asyncio.create_task(batches.analyze([one], **how)) for one in uploads]
        while batches.waiting.qsize() < len(uploads):
            await asyncio.sleep(0)
        analyzer.lets.set()
        await first
        return await asyncio.gather(*rest, return_exceptions=True)

    return asyncio.run(ask())


def test_pictures_that_wait_go_through_the_net_together_and_each_gets_its_own_answer(
    batches, analyzer
):
    for side, found in zip(SIDES, answers_of(batches, analyzer, WAITING)):
        assert found[0].name == f"{side}.png" and found[0].width == side
        assert found[0].faces[0].box.tolist() == [0, 0, side, 30]
    assert [len(call) for call in analyzer.calls] == [1, 4, 2]


def test_large_pictures_go_alone(batches, analyzer):
    batches.enough = 30 * 20
    answers_of(batches, analyzer, WAITING)
    assert [len(call) for call in analyzer.calls] == [1] * 7


def test_a_picture_that_cannot_be_read_fails_alone(batches, analyzer):
    torn = Upload("torn.jpg", encoded("JPEG")[:2000])
    found = answers_of(batches, analyzer, [WAITING[0], torn, WAITING[1]])
    assert isinstance(found[1], InputError) and "torn.jpg: a JPEG that is cut off" in str(found[1])
    assert [one[0].width for one in (found[0], found[2])] == [20, 21]


def test_a_picture_that_the_net_cannot_take_fails_alone(batches, analyzer, monkeypatch):
    whole = analyzer.analyze_many

    def picky(images, score):
        if any(image.shape[1] == 21 for image in images):
            raise MemoryError
        return whole(images, score)

    monkeypatch.setattr(analyzer, "analyze_many", picky)
    found = answers_of(batches, analyzer, WAITING[:3])
    assert str(found[1]) == "21.png: no memory for it; scale it down"
    assert [one[0].width for one in (found[0], found[2])] == [20, 22]


def test_a_fault_of_the_kit_is_a_500_that_tells_nothing_and_the_next_is_answered(make_app, jpeg):
    app = make_app()
    analyzer = app.state.service.analyzer
    whole, analyzer.analyze_many = analyzer.analyze_many, lambda *_: 1 / 0
    with pytest.raises(ZeroDivisionError):  # for the log
        ask_here(app, "POST", "/analyze", [jpeg])
    analyzer.analyze_many = whole
    assert ask_here(app, "POST", "/analyze", [jpeg]).status == 200


def test_a_model_has_its_name_whatever_ends_its_path(make_app):
    app = make_app()
    app.state.service.analyzer.backend.folder = "models/none/"
    assert ask_here(app, "GET", "/about").json()["model"] == "none"


def test_drawings_are_made_where_they_are_asked_for(batches, analyzer):
    (found,) = answers_of(batches, analyzer, WAITING[:1], is_drawn=True)
    assert np.frombuffer(found[0].drawing, np.uint8)[:2].tolist() == [0xFF, 0xD8]
