"""Listens and answers until it is told to stop."""

from __future__ import annotations

import logging
import socket

import uvicorn

from allinone.analyzer import FaceAnalyzer
from allinone.errors import InputError
from allinone.gallery import Likeness
from allinone.service.app import build
from allinone.service.people import People
from allinone.service.settings import Settings

TIDYING = 10  # our choice: seconds that requests under way have when the service is to end


def listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens; InputError where there can be none."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, address = found[0]
        return socket.create_server(address[:2], family=family, backlog=1024)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(
            f"cannot listen at {host}, port {port} ({reason}); give another --port or --host"
        ) from None


def address_of(listener: socket.socket) -> str:
    """Return the address of the page."""
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def run(analyzer: FaceAnalyzer, likeness: Likeness, threshold: float, settings: Settings) -> None:
    """Answer until a signal comes; InputError where the address or the people cannot be used."""
    people = People(settings.people, likeness)
    with listening(settings.host, settings.port) as listener, people.opened(analyzer):
        app = build(analyzer, likeness, threshold, people, settings)
        config = uvicorn.Config(
            app,
            log_level=logging.WARNING,
            access_log=False,
            server_header=False,
            ws="none",
            lifespan="on",
            timeout_graceful_shutdown=TIDYING,
        )
        print(f"{address_of(listener)} answers; Ctrl-C ends it", flush=True)
        uvicorn.Server(config).run(sockets=[listener])
