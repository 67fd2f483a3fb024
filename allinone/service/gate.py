"""Limits of a service: how large a request is, how long it takes, how many are under way.

A request that is refused is read to its end, up to DRAINED times the limit, and thrown away: a
client that is still sending would not see the answer.
"""

from __future__ import annotations

import asyncio
from typing import Any, Optional

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from allinone.service import refusals
from allinone.service.refusals import Refusal
from allinone.service.settings import Limits

WITHOUT_BODY = ("GET", "HEAD", "OPTIONS")
DRAINED = 4  # our choice: times the limit of a request's size that is read, and thrown away
# our choice: bytes of all requests under way, or of one where its own limit is larger; beyond, new
# ones are refused
HELD = 256 << 20


class Gone(Exception):
    """Whoever has asked has hung up."""


class _Sender:
    """Sends an answer, and knows whether it has begun."""

    def __init__(self, send: Send) -> None:
        self.send, self.has_begun = send, False

    async def __call__(self, message: Message) -> None:
        self.has_begun = True
        await self.send(message)


class _Body:
    """What a request brings; `room` counts the bytes of all of them."""

    def __init__(self, room: Room) -> None:
        self.room, self.parts, self.size = room, [], 0
        self.is_whole = False

    def keep(self, part: bytes) -> None:
        self.parts.append(part)
        self.size += len(part)
        self.room.held += len(part)

    def drop(self) -> None:
        self.room.held -= self.size
        self.parts, self.size = [], 0


class Room:
    """How many requests are under way, and how many bytes they hold."""

    def __init__(self) -> None:
        """Begin with none."""
        self.requests, self.held = 0, 0


class Gate:
    """Lets requests that bring something in, as far as the limits allow (ASGI middleware)."""

    def __init__(self, app: ASGIApp, limits: Limits, room: Room) -> None:
        """Stand before an application."""
        self.app, self.limits, self.room = app, limits, room

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on, or refuse it."""
        if scope["type"] != "http" or scope["method"] in WITHOUT_BODY:
            await self.app(scope, receive, send)
            return
        if self.room.requests >= self.limits.requests:
            await refuse(refusals.full(), self.limits, scope, receive, send)
            return
        body, sender = _Body(self.room), _Sender(send)
        self.room.requests += 1
        try:
            handled = self._handled(scope, receive, sender, body)
            await asyncio.wait_for(handled, self.limits.seconds)
        except asyncio.TimeoutError:
            if not sender.has_begun:
                await self._out_of_time(body.is_whole).response()(scope, receive, send)
        except Refusal as refusal:
            await refusal.response()(scope, receive, send)
        except Gone:
            pass
        finally:
            body.drop()
            self.room.requests -= 1

    def _out_of_time(self, is_whole: bool) -> Refusal:
        seconds = f"{self.limits.seconds:g} seconds"
        if is_whole:
            return Refusal(
                refusals.TOO_LONG,
                f"not answered within {seconds}; ask again later, or scale the picture down",
            )
        return Refusal(
            refusals.TOO_SLOW,
            f"the request has not come within {seconds}; send a smaller picture",
            refusals.CLOSING,
        )

    async def _handled(self, scope: Scope, receive: Receive, send: Send, body: _Body) -> None:
        await self._read(receive, body)
        whole: Optional[bytes] = b"".join(body.parts)
        body.is_whole, body.parts = True, []

        async def replay() -> Message:
            nonlocal whole
            if whole is None:
                return await receive()
            told: dict[str, Any] = dict(type="http.request", body=whole, more_body=False)
            whole = None
            return told

        await self.app(scope, replay, send)

    async def _read(self, receive: Receive, body: _Body) -> None:
        """Read what a request brings; Refusal where it is too much."""
        refusal, size, more = None, 0, True
        while more and size <= DRAINED * self.limits.bytes:
            part, more = await _part(receive)
            size += len(part)
            refusal = refusal or self._refusal(size, len(part))
            if refusal is None:
                body.keep(part)
            else:
                body.drop()
        if refusal is not None:
            raise refusal

    def _refusal(self, size: int, added: int) -> Optional[Refusal]:
        if size > self.limits.bytes:
            return Refusal(
                refusals.TOO_LARGE,
                f"the request has more than {self.limits.megabytes:g} megabytes; scale the picture "
                "down",
                refusals.CLOSING,
            )
        most = max(HELD, self.limits.bytes)
        return refusals.full() if self.room.held + added > most else None


async def _part(receive: Receive) -> tuple[bytes, bool]:
    """Return (the next part of a request, whether there is more); Gone where nobody sends it."""
    message = await receive()
    if message["type"] == "http.disconnect":
        raise Gone
    return message.get("body", b""), message.get("more_body", False)


async def refuse(
    refusal: Refusal, limits: Limits, scope: Scope, receive: Receive, send: Send
) -> None:
    """Answer a refusal, after what the request brings has been read and thrown away."""

    async def drain() -> None:
        size, more = 0, scope["method"] not in WITHOUT_BODY
        while more and size <= DRAINED * limits.bytes:
            part, more = await _part(receive)
            size += len(part)

    try:
        await asyncio.wait_for(drain(), limits.seconds)
    except asyncio.TimeoutError:
        pass
    except Gone:
        return
    refusal.headers.update(refusals.CLOSING)
    await refusal.response()(scope, receive, send)
