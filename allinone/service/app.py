"""The application of a service: what is asked goes through counting, access and limits, in order.

FastAPI, Swagger's page for /docs and Prometheus' client come with the extra `serve`.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.staticfiles import StaticFiles
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match

from allinone.analyzer import FaceAnalyzer
from allinone.errors import InputError, OutputError
from allinone.gallery import Likeness
from allinone.service import about, access, answers, faces, people_api, refusals
from allinone.service.access import Access
from allinone.service.batches import Batches
from allinone.service.gate import Gate, Room
from allinone.service.metrics import Counted, Metrics
from allinone.service.people import People
from allinone.service.refusals import Refusal
from allinone.service.settings import Settings

ROUTERS = about.router, faces.router, people_api.router
TITLE, VERSION = "All-in-One Face", "1"  # version: of what is answered


@dataclass
class Service:
    """What the answers are made of."""

    analyzer: FaceAnalyzer
    likeness: Likeness
    threshold: float  # least cosine of the same person
    people: People
    batches: Batches
    metrics: Metrics
    room: Room
    settings: Settings


def build(
    analyzer: FaceAnalyzer, likeness: Likeness, threshold: float, people: People, settings: Settings
) -> FastAPI:
    """Return the application; it works on pictures while its lifespan lasts."""
    room = Room()
    metrics = Metrics(room)
    batches = Batches(analyzer, settings.limits.pixels, settings.workers, metrics)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        batches.start()
        try:
            yield
        finally:
            batches.stop()

    app = FastAPIOffline(
        redoc_url=None,
        title=TITLE,
        version=VERSION,
        description="Finds and describes faces.",
        lifespan=lifespan,
    )
    made = batches, metrics, room, settings
    app.state.service = Service(analyzer, likeness, threshold, people, *made)
    for router in ROUTERS:
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=about.STATIC))
    _refuse_in_json(app)
    app.openapi = lambda: _openapi(app, bool(settings.token))  # as FastAPI has it replaced
    # The last that is added is asked first.
    app.add_middleware(Gate, limits=settings.limits, room=room)
    app.add_middleware(Access, token=settings.token, limits=settings.limits)
    app.add_middleware(Counted, metrics=metrics)
    return app


def _refuse_in_json(app: FastAPI) -> None:
    """Let all errors have the form of `answers.Refused`."""

    @app.exception_handler(Refusal)
    async def refused(_: Request, error: Refusal) -> Response:
        return error.response()

    @app.exception_handler(InputError)
    async def unusable(_: Request, error: InputError) -> Response:
        return refusals.unusable(str(error)).response()

    @app.exception_handler(OutputError)
    async def unwritable(_: Request, error: OutputError) -> Response:
        return Refusal(refusals.FULL, str(error)).response()

    @app.exception_handler(RequestValidationError)
    async def misfit(_: Request, error: RequestValidationError) -> Response:
        return refusals.of_fields(error.errors()).response()

    @app.exception_handler(HTTPException)
    async def of_framework(request: Request, error: HTTPException) -> Response:
        sentence, headers = refusals.in_words(error.status_code, error.detail), {}
        if error.status_code == 405:
            headers["allow"] = ", ".join(_methods_at(app, request))
        return Refusal(error.status_code, sentence, headers).response()

    @app.exception_handler(Exception)
    async def failed(_: Request, error: Exception) -> Response:
        return Refusal(500, "the service has failed here; its log says how").response()


def _methods_at(app: FastAPI, request: Request) -> list[str]:
    """Return the methods that a path takes; the framework knows those of its first route alone."""
    found = set()
    for router in (app, *ROUTERS):  # newer releases of FastAPI keep these apart from its own
        for route in router.routes:
            if route.matches(request.scope)[0] != Match.NONE:
                found.update(getattr(route, "methods", None) or ())
    return sorted(found)


def _openapi(app: FastAPI, has_token: bool) -> dict[str, Any]:
    """Return the description of the service, made once."""
    if app.openapi_schema is None:
        described = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes
        )
        components = described.setdefault("components", {})
        components["schemas"] = answers.schemas()
        if has_token:
            components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
            for path, methods in described["paths"].items():
                for operation in methods.values():
                    operation["security"] = [] if path in access.OPEN else [{"token": []}]
        app.openapi_schema = described
    return app.openapi_schema
