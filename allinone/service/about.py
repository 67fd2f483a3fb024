"""What is answered about the service itself: /health, /about, /metrics, and the page at /."""

from __future__ import annotations

import os

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.responses import FileResponse, Response

from allinone import tasks
from allinone.service import answers
from allinone.service.refusals import Refusal

router = APIRouter(tags=["service"])
STATIC = os.path.join(os.path.dirname(os.path.abspath(__file__)), "static")


@router.get("/", include_in_schema=False)
async def page() -> FileResponse:
    """Return the page."""
    return FileResponse(os.path.join(STATIC, "index.html"))


@router.get(
    "/health",
    response_class=Response,
    responses=answers.described(answers.Health, (403, 503)),
)
async def health(request: Request) -> Response:
    """Say whether the service can answer."""
    if not request.app.state.service.batches.is_at_work():
        raise Refusal(503, "the service does not analyze any more; start it again")
    return answers.response(answers.Health("ok"))


@router.get(
    "/about", response_class=Response, responses=answers.described(answers.About, (401, 403))
)
async def about(request: Request) -> Response:
    """Say what answers, what its answers are called, and how much it takes on."""
    service = request.app.state.service
    analyzer, limits = service.analyzer, service.settings.limits
    found = []
    for task in tasks.TASKS:
        if task.kind in (tasks.PROBABILITY, tasks.NUMBER):
            found.append(answers.Answer(task.field, task.kind, list(task.words), task.unit))
    model = os.path.basename(os.path.abspath(analyzer.backend.folder))
    return answers.response(
        answers.About(
            model,
            analyzer.engine,
            found,
            limits.megabytes,
            limits.megapixels,
            limits.seconds,
            limits.requests,
        )
    )


METRICS = {200: {"description": "Prometheus' text", "content": {"text/plain": {}}}}


@router.get(
    "/metrics",
    response_class=Response,
    responses={**answers.described(answers.Health, (401, 403)), **METRICS},
)
async def metrics(request: Request) -> Response:
    """Return what the service counts, in Prometheus' form."""
    text = request.app.state.service.metrics.text()
    return Response(text, media_type=CONTENT_TYPE_LATEST)
