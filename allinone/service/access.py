"""Who may ask: whoever knows the token or, without one, programs and pages of this machine."""

from __future__ import annotations

import hmac
from typing import Optional
from urllib.parse import SplitResult, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from allinone.service import gate
from allinone.service.refusals import Refusal
from allinone.service.settings import Limits, is_local

# Paths that tell nothing of any picture or person, so that a browser can open the page.
OPEN = ("/", "/health", "/docs", "/docs/oauth2-redirect", "/openapi.json")
OPEN_BELOW = ("/static/", "/static-offline-docs/")
OF_DOCS = "/docs"
CLOSED = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    f"media-src 'self' blob:; connect-src 'self'; {CLOSED}"
)
# Swagger's page has a script in it.
POLICY_OF_DOCS = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    f"img-src 'self' data:; connect-src 'self'; {CLOSED}"
)


class Access:
    """Hands on the requests of those who may ask (ASGI middleware)."""

    def __init__(self, app: ASGIApp, token: str, limits: Limits) -> None:
        """Stand before an application; token: "" where nobody is asked for one."""
        self.app, self.token, self.limits = app, token, limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on, or refuse it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        is_docs = scope["path"].startswith(OF_DOCS)

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["content-security-policy"] = POLICY_OF_DOCS if is_docs else POLICY
                headers["x-content-type-options"] = "nosniff"
                headers["referrer-policy"] = "no-referrer"
            await send(message)

        headers = Headers(scope=scope)
        refusal = self._stranger(scope, headers) if self.token else _foreign(scope, headers)
        if refusal is None:
            await self.app(scope, receive, guarded)
        else:
            await gate.refuse(refusal, self.limits, scope, receive, guarded)

    def _stranger(self, scope: Scope, headers: Headers) -> Optional[Refusal]:
        """Return what is answered to somebody without the token."""
        if scope["path"] in OPEN or scope["path"].startswith(OPEN_BELOW):
            return None
        told = headers.get("authorization", "").encode("latin-1")
        if hmac.compare_digest(told, f"Bearer {self.token}".encode("latin-1")):
            return None
        return Refusal(
            401,
            "the token is missing or wrong; send it as the header 'Authorization: Bearer <token>'",
            {"www-authenticate": "Bearer"},
        )


def _foreign(scope: Scope, headers: Headers) -> Optional[Refusal]:
    """Return what is answered to a page of another site, which a browser here has open.

    It could ask a local service in the user's name: by a form, or by a host name of its own that
    leads to this machine.
    """
    host = headers.get("host", "")
    if host and not is_local(_split(f"//{host}").hostname or ""):
        return Refusal(403, "without a token only requests to localhost are answered")
    origin = headers.get("origin")
    if origin is not None and _split(origin).netloc != host:
        return Refusal(403, "a page of another site asks; open the page of this service")
    return None


def _split(address: str) -> SplitResult:
    try:
        return urlsplit(address)
    except ValueError:  # no address at all
        return urlsplit("")
