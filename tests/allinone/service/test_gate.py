"""Limits of a service: size, pixels, time, requests under way; each is an answer of its own."""

import asyncio

from service_calls import ask_here, asked

from allinone.service import gate

SMALL = 0.01  # megabytes


def room_of(app):
    return app.state.service.room


async def until(condition):
    while not condition():
        await asyncio.sleep(0)


def test_a_request_that_is_too_large_is_refused_and_nothing_of_it_kept(make_app):
    app = make_app(megabytes=SMALL)
    for parts in ([bytes(10_001)], [bytes(4_000)] * 3):
        answer = ask_here(app, "POST", "/analyze", parts)
        assert answer.status == 413 and "more than 0.01 megabytes" in answer.error()
        assert answer.unread == 0  # a client that still sends does not see the answer
    assert room_of(app).held == 0 and room_of(app).requests == 0


def test_an_endless_request_is_not_read_to_its_end(make_app):
    answer = ask_here(make_app(megabytes=SMALL), "POST", "/find", [bytes(10_000)] * 1000)
    assert answer.status == 413 and answer.headers["connection"] == "close"
    assert 1000 - answer.unread == gate.DRAINED + 1


def test_a_picture_of_too_many_pixels_is_refused(make_app, jpeg):
    answer = ask_here(make_app(megapixels=0.019), "POST", "/analyze", [jpeg])
    assert answer.status == 422 and "more than 0.019 million pixels" in answer.error()
    assert ask_here(make_app(megapixels=0.02), "POST", "/analyze", [jpeg]).status == 200


def test_more_requests_than_may_be_under_way_are_refused_and_the_others_answered(make_app, jpeg):
    app = make_app(requests=3)
    analyzer = app.state.service.analyzer
    analyzer.lets.clear()

    async def all_of_them():
        first = [asyncio.create_task(asked(app, "POST", "/analyze", [jpeg])) for _ in range(3)]
        await until(lambda: room_of(app).requests == 3)
        refused = await asked(app, "POST", "/analyze", [jpeg])
        health = await asked(app, "GET", "/health")
        analyzer.lets.set()
        return refused, health, await asyncio.gather(*first)

    refused, health, first = asyncio.run(all_of_them())
    assert refused.status == 503 and "too many requests" in refused.error()
    assert int(refused.headers["retry-after"]) > 0
    assert health.status == 200
    assert [answer.status for answer in first] == [200] * 3
    assert ask_here(app, "POST", "/analyze", [jpeg]).status == 200


def test_requests_that_hold_too_many_bytes_together_are_refused(make_app, jpeg, monkeypatch):
    app = make_app(megabytes=len(jpeg) / 1e6 + 1e-6)
    monkeypatch.setattr(gate, "HELD", len(jpeg) + 10)
    app.state.service.analyzer.lets.clear()

    async def both():
        first = asyncio.create_task(asked(app, "POST", "/analyze", [jpeg]))
        await until(lambda: room_of(app).held == len(jpeg))
        refused = await asked(app, "POST", "/analyze", [jpeg])
        app.state.service.analyzer.lets.set()
        return refused, await first

    refused, first = asyncio.run(both())
    assert refused.status == 503 and first.status == 200
    assert room_of(app).held == 0


def test_a_request_as_large_as_it_may_be_is_answered(make_app, jpeg, monkeypatch):
    monkeypatch.setattr(gate, "HELD", len(jpeg) - 10)
    assert ask_here(make_app(), "POST", "/analyze", [jpeg]).status == 200


def test_what_takes_too_long_is_given_up_and_what_waits_behind_it_never_begun(make_app, jpeg):
    app = make_app(seconds=0.3)
    analyzer = app.state.service.analyzer
    analyzer.lets.clear()

    async def both():
        asking = (asked(app, "POST", "/analyze", [jpeg]) for _ in range(2))
        return await asyncio.gather(*asking)

    for answer in asyncio.run(both()):
        assert answer.status == 504 and "not answered within 0.3 seconds" in answer.error()
    taken = len(analyzer.calls[0])  # both, where the second came before the thread woke up
    analyzer.lets.set()
    assert ask_here(app, "POST", "/analyze", [jpeg]).status == 200
    assert len(analyzer.calls) == 2 and len(analyzer.calls[1]) == 1 and taken <= 2


def test_a_request_that_does_not_come_to_its_end_is_given_up(make_app, jpeg):
    answer = ask_here(make_app(seconds=0.1), "POST", "/analyze", [jpeg, None])
    assert answer.status == 408 and "has not come within 0.1 seconds" in answer.error()
