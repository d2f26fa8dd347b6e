"""Who may ask: this machine's own pages, and no others.

Knows headers; knows nothing of what is asked. A page of another site can make a browser send
requests here, and a name of another site can be made to lead here; both are refused.
"""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse

NAMES = ("127.0.0.1", "localhost")
LARGEST = 64 * 1024
"""Bytes of a request."""
HEADERS = {
    b"content-security-policy": b"default-src 'self'; img-src 'self' data:; base-uri 'none';"
    b" frame-ancestors 'none'; form-action 'none'",
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"cross-origin-resource-policy": b"same-origin",
    b"cache-control": b"no-store",
}


class Guard:
    """Lets through what comes from this server's own pages.

    Args:
        app: what is guarded.
        port: where the server listens.
    """

    def __init__(self, app: Any, port: int) -> None:
        self._app, self._hosts = app, {f"{name}:{port}" for name in NAMES}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One request."""
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
            return 405, f"{scope['method']} means nothing here"
        length = given.get(b"content-length", "0")
        if not length.isdigit() or int(length) > LARGEST or b"transfer-encoding" in given:
            return 413, f"a request of {length[:20]} bytes; expected {LARGEST} or fewer"
        return None
