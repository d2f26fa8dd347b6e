"""Decide which requests the viewer answers: those of pages opened at the printed address.

A page of another site can make a browser send requests here, and a name of another site can be made
to resolve to this machine; both are refused by their headers. Other users of this machine can
connect too; they are refused because they lack the token that the printed address contains.
"""

from __future__ import annotations

import secrets
from typing import Any
from urllib.parse import parse_qs

from starlette.responses import JSONResponse

NAMES = ("127.0.0.1", "localhost")
LARGEST = 64 * 1024
"""Maximum number of bytes of a request."""
TOKEN_HEADER = b"x-arcworld-token"
HEADERS = {
    b"content-security-policy": b"default-src 'self'; img-src 'self' data:; base-uri 'none';"
    b" frame-ancestors 'none'; form-action 'none'",
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"cross-origin-resource-policy": b"same-origin",
    b"cache-control": b"no-store",
}


class Guard:
    """ASGI middleware that passes only requests of this server's own pages.

    Args:
        app: the guarded application.
        port: port of the server.
        token: required in `/api/` requests, in the header `x-arcworld-token` or as `?token=`; None
            accepts every user of this machine.
    """

    def __init__(self, app: Any, port: int, token: str | None = None) -> None:
        self._app, self._hosts = app, {f"{name}:{port}" for name in NAMES}
        self._token = token

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass or refuse one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def answer(message: Any) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *HEADERS.items()]
            await send(message)

        refusal = self._refusal(scope)
        if refusal is None:
            await self._app(scope, receive, answer)
        else:
            status, reason = refusal
            await JSONResponse({"error": reason}, status)(scope, receive, answer)

    def _refusal(self, scope: Any) -> tuple[int, str] | None:
        given = {name: value.decode("latin-1") for name, value in scope["headers"]}
        host, origin = given.get(b"host", ""), given.get(b"origin")
        if host not in self._hosts:
            return 403, f"host {host[:80]!r} is not this machine; open the address that was printed"
        if origin is not None and origin.removeprefix("http://") not in self._hosts:
            return 403, f"a page of {origin[:80]!r} may not ask here"
        a_link = scope["method"] == "GET" and given.get(b"sec-fetch-mode") == "navigate"
        site = given.get(b"sec-fetch-site", "same-origin")
        if site not in ("same-origin", "none") and not a_link:
            return 403, "a page of another site may not ask here"
        if scope["method"] not in ("GET", "HEAD", "POST"):
            return 405, f"{scope['method']} is not supported"
        if not self._has_token(scope, given):
            return 403, "the token is missing or old; open the address that `arcworld view` printed"
        length = given.get(b"content-length", "0")
        if not length.isdigit() or int(length) > LARGEST or b"transfer-encoding" in given:
            return 413, f"a request of {length[:20]} bytes; expected {LARGEST} or fewer"
        return None

    def _has_token(self, scope: Any, given: dict[bytes, str]) -> bool:
        if self._token is None or not scope["path"].startswith("/api/"):
            return True
        query = parse_qs(scope["query_string"].decode("latin-1"))
        token = given.get(TOKEN_HEADER) or query.get("token", [""])[0]
        return secrets.compare_digest(token.encode(), self._token.encode())
