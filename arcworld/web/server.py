"""The viewer's server: static files, and requests and answers in JSON, on 127.0.0.1 only.

`ViewerApi` answers the requests, in one thread; `Guard` decides which are accepted.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import socket
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from arcworld.errors import ArcworldError
from arcworld.web.guard import Guard
from arcworld.web.timed_protocol import BODY_SECONDS, TimedProtocol
from arcworld.web.viewer_api import Asked, ViewerApi
from arcworld.web.worker import Worker

STATIC = Path(__file__).parent / "static"
TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
READ = ("about", "recording", "animation", "analysis", "paired_step", "predictions")
DO = ("new", "step", "agent", "resync", "fork", "switch_branch", "record", "close")
HOST = "127.0.0.1"


def make_app(api: ViewerApi, port: int, token: str | None = None) -> Any:
    """The application, guarded; see `Guard` for the token."""
    worker = Worker(api.analyst.ahead)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        yield
        await worker.run(api.tabs.close_all)
        worker.close()

    routes = [_static_route(path) for path in sorted(STATIC.iterdir()) if path.suffix in TYPES]
    routes += [_route(worker, getattr(api, name), name, "GET") for name in READ]
    routes += [_route(worker, getattr(api, name), name, "POST") for name in DO]
    handlers = {404: _not_found, 405: _not_found, 500: _failed}
    app = Starlette(routes=routes, lifespan=lifespan, exception_handlers=handlers)
    return Guard(GZipMiddleware(app, minimum_size=2_000, compresslevel=1), port, token)


def serve(api: ViewerApi, port: int, ready: Callable[[str], None] = lambda _: None) -> None:
    """Serve until Ctrl-C; port 0 is any that is free. `ready` gets the address, with its token.

    Raises:
        ArcworldError: the port is taken.
    """
    listener = listen(port)
    port = listener.getsockname()[1]
    token = secrets.token_urlsafe(16)
    config = uvicorn.Config(
        make_app(api, port, token),
        http=TimedProtocol,
        log_level="warning",
        timeout_graceful_shutdown=2,
        server_header=False,
    )
    ready(f"http://{HOST}:{port}/?token={token}")
    uvicorn.Server(config).run([listener])


def listen(port: int) -> socket.socket:
    """A listening socket on 127.0.0.1.

    Raises:
        ArcworldError: the port is taken.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen(64)
    except OSError as error:
        listener.close()
        raise ArcworldError(
            f"port {port} is not available ({error.strerror}); expected a free one; give another"
            " with --port, or 0 for any"
        ) from None
    return listener


def _static_route(path: Path) -> Route:
    """A file of the page. It is read once, so that no requested name is ever used as a path."""
    content, kind = path.read_bytes(), TYPES[path.suffix]

    async def give(_: Request) -> Response:
        return Response(content, media_type=kind)

    return Route("/" if path.name == "index.html" else f"/{path.name}", give)


def _route(worker: Worker, answer: Callable[[Asked], Any], name: str, method: str) -> Route:
    async def give(request: Request) -> Response:
        try:
            asked = await _read(request) if method == "POST" else dict(request.query_params)
            return JSONResponse(await worker.run(lambda: answer(asked)))
        except ValueError as error:  # an `ArcworldError`, or an action without a token
            return JSONResponse({"error": " ".join(str(error).split())}, 400)

    return Route(f"/api/{name}", give, methods=[method])


async def _read(request: Request) -> Asked:
    try:
        body = await asyncio.wait_for(request.body(), BODY_SECONDS)
        asked = json.loads(body or b"{}")
    except TimeoutError:
        raise ArcworldError(f"the request was not complete after {BODY_SECONDS:.0f} s") from None
    except (ValueError, RecursionError):  # the second: nested too deeply
        asked = None
    if not isinstance(asked, dict):
        raise ArcworldError("that is not a JSON object")
    return asked


async def _not_found(request: Request, _: Exception) -> Response:
    return JSONResponse({"error": f"no page at {request.url.path[:80]}"}, 404)


async def _failed(_: Request, error: Exception) -> Response:
    return JSONResponse({"error": f"internal error: {type(error).__name__}: {error}"}, 500)
