"""What a service is started with: where it listens, who may ask, and how much."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Optional

from allinone.errors import InputError

VARIABLE = "ALLINONE_TOKEN"  # of the environment
LOCAL = "127.0.0.1"
LEAST_TOKEN = 16  # our choice: letters; what can be guessed is no token


@dataclass(frozen=True)
class Limits:
    """How much a service takes on; all are our choice."""

    megabytes: float = 20  # of a request: two large photographs of a phone
    megapixels: float = 50  # of a picture
    seconds: float = 60  # of a request, from its first byte to the answer
    requests: int = 64  # under way at once, with those that wait

    @property
    def bytes(self) -> int:
        """Return how many bytes a request may have."""
        return int(self.megabytes * 1e6)

    @property
    def pixels(self) -> int:
        """Return how many pixels a picture may have."""
        return int(self.megapixels * 1e6)


@dataclass(frozen=True)
class Settings:
    """What a service is started with."""

    host: str = LOCAL
    port: int = 8000
    token: str = ""  # "": nobody is asked for one
    people: Optional[str] = None  # folder of those who are enrolled; None: they are forgotten
    limits: Limits = Limits()
    workers: int = 1  # pictures that are worked on at once


def is_local(host: str) -> bool:
    """Tell whether only this machine can reach a host."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def refuse_open(host: str, token: str) -> None:
    """Raise InputError where others could ask without a token, or with one that can be guessed."""
    if token and (len(token) < LEAST_TOKEN or not token.isascii() or not token.isprintable()):
        raise InputError(
            f"the token must have {LEAST_TOKEN} or more signs, all of ASCII; make one with: "
            "python -c 'import secrets; print(secrets.token_urlsafe())'"
        )
    if not (token or is_local(host)):
        raise InputError(
            f"--host {host}: other machines could ask, so a token is needed; put one into the "
            f"environment as {VARIABLE} or into a file that --token-file names, or leave --host out"
        )
