"""A viewer of `small` on a demo of `keys`, on a free port; and a browser, where there is one.

Nothing is trained. Screenshots go to `$ARCWORLD_SCREENSHOTS`, else to pytest's own folder.
"""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from arcworld.games.demos import make_demos
from arcworld.models.run import Run, from_pretrained
from arcworld.web.recording_view import Library
from arcworld.web.server import HOST, listen, make_app
from arcworld.web.timed_protocol import TimedProtocol
from arcworld.web.viewed_models import RunModel
from arcworld.web.viewer_api import ViewerApi

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


@dataclass(frozen=True)
class Served:
    """A viewer at work."""

    api: ViewerApi
    address: str
    port: int

    def get(self, name: str, **words: Any) -> httpx.Response:
        return httpx.get(f"{self.address}/api/{name}", params=words, timeout=60)

    def post(self, name: str, **body: Any) -> httpx.Response:
        return httpx.post(f"{self.address}/api/{name}", json=body, timeout=60)

    def new(self, game: str = "keys") -> str:
        return self.post("new", game=game).json()["id"]


@pytest.fixture(scope="session")
def small() -> Run:
    return from_pretrained("small")


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one demo of `keys` and a file that is none."""
    folder = tmp_path_factory.mktemp("demos")
    make_demos(folder, games=["keys"], demos_per_game=1, seed=64)
    (folder / "zz-broken.jsonl").write_text('{"timestamp": 1, "data": {"frame": 3}}\n')
    return folder


@pytest.fixture(scope="session")
def served(small: Run, demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    out = tmp_path_factory.mktemp("played")
    api = ViewerApi([RunModel(small), RunModel(small)], Library(demo), out, game="keys")
    listener = listen(0)
    port = listener.getsockname()[1]
    config = uvicorn.Config(
        make_app(api, port), http=TimedProtocol, log_level="warning", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield Served(api, f"http://{HOST}:{port}", port)
    server.should_exit = True
    thread.join(timeout=20)
    assert not thread.is_alive() and not len(api.tabs)


@pytest.fixture(scope="session")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots are kept."""
    given = os.environ.get("ARCWORLD_SCREENSHOTS")
    folder = Path(given) if given else tmp_path_factory.mktemp("screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Headless Chromium, or a skip that says there is none."""
    if CHROMIUM is None:
        pytest.skip("needs chromium; none is installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A tab at 1280x800; an error in the page's code fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, color_scheme="light")
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.set_default_timeout(60_000)
    yield page
    context.close()
    assert not faults
