"""Close HTTP connections whose request was begun and not finished in time.

Uvicorn closes connections that idle after an answer, but waits forever for the rest of a request's
headers. A program that opens many connections and sends half a request in each would keep them all
open.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

HEADER_SECONDS = 10.0
"""From the connection, or a request's first byte, to the end of its headers."""
BODY_SECONDS = 10.0
"""From the end of the headers to the end of the body."""


class TimedProtocol(H11Protocol):
    """Uvicorn's protocol with a time limit on the headers of each request."""

    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """A client connected."""
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """A part of a request arrived."""
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection was closed."""
        self._stop()
        super().connection_lost(exc)

    @property
    def _busy(self) -> bool:
        """Whether a request whose headers arrived is being answered."""
        cycle: Any = self.cycle  # None before the first request
        return cycle is not None and not cycle.response_complete

    def _watch(self) -> None:
        if self._busy:
            self._stop()
        elif self._timer is None:
            self._timer = self.loop.call_later(HEADER_SECONDS, self._expire)

    def _expire(self) -> None:
        self._timer = None
        if not self._busy and not self.transport.is_closing():
            self.transport.close()

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
