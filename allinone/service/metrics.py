"""What a service counts, in Prometheus' form."""

from __future__ import annotations

import time
from collections.abc import Sequence

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from allinone.face import Face
from allinone.service.gate import Room

SECONDS = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100)
# Labels are of a short list: whoever asks for strange paths must not fill the memory.
METHODS = ("GET", "POST", "DELETE")
PATHS = ("/", "/analyze", "/verify", "/find", "/people", "/about", "/health", "/metrics", "/docs")
OF_PERSON = "/people/"


class Metrics:
    """Counters of one service."""

    def __init__(self, room: Room) -> None:
        """Begin at zero; room: tells how much is under way."""
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)  # memory and processor time
        PlatformCollector(registry=self.registry)
        own = dict(registry=self.registry)
        self.requests = Counter(
            "allinone_requests", "Requests answered", ["method", "path", "status"], **own
        )
        self.seconds = Histogram(
            "allinone_request_seconds",
            "Seconds from a request to its answer",
            ["path"],
            buckets=SECONDS,
            **own,
        )
        self.pictures = Histogram(
            "allinone_batch_pictures",
            "Pictures that went through the net together",
            buckets=(1, 2, 3, 4),
            **own,
        )
        self.faces = Counter("allinone_faces", "Faces found", **own)
        under_way = Gauge("allinone_requests_under_way", "Requests that bring something", **own)
        under_way.set_function(lambda: room.requests)
        held = Gauge("allinone_held_bytes", "Bytes that the requests under way hold", **own)
        held.set_function(lambda: room.held)

    def batch(self, found: Sequence[Sequence[Face]]) -> None:
        """Count the faces of pictures that went through the net together."""
        self.pictures.observe(len(found))
        self.faces.inc(sum(map(len, found)))

    def text(self) -> bytes:
        """Return all figures."""
        return generate_latest(self.registry)


def _label(path: str) -> str:
    if path.startswith(OF_PERSON):
        return f"{OF_PERSON}{{name}}"
    return path if path in PATHS else "other"


class Counted:
    """Counts requests and their times (ASGI middleware)."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        """Stand before an application."""
        self.app, self.metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on, and count it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status, start = 0, time.monotonic()  # 0: nobody waited for the answer

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, noted)
        finally:
            method = scope["method"] if scope["method"] in METHODS else "other"
            path = _label(scope["path"])
            self.metrics.requests.labels(method, path, status).inc()
            self.metrics.seconds.labels(path).observe(time.monotonic() - start)
