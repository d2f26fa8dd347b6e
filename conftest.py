"""Doctests: `arcworld` is imported, and the folder `demos` has recordings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import arcworld


@pytest.fixture(scope="session")
def doctest_demos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `demos`: three recordings of one game."""
    from arcworld.games.demos import make_demos

    folder = tmp_path_factory.mktemp("doctest")
    make_demos(folder / "demos", ["keys"], demos_per_game=3)
    return folder


@pytest.fixture(autouse=True)
def prepare_doctest(
    request: pytest.FixtureRequest,
    doctest_namespace: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Iterator[None]:
    """Give doctests their names and, where they load recordings, a folder to work in."""
    if isinstance(request.node, pytest.DoctestItem):
        doctest_namespace["arcworld"] = arcworld
        examples = request.node.dtest.examples if request.node.dtest else []
        sources = [example.source for example in examples]
        if any("arcworld." in source for source in sources):
            monkeypatch.setenv("ARCWORLD_CACHE", str(tmp_path / "cache"))
            monkeypatch.chdir(tmp_path)
        if any('"demos"' in source for source in sources):
            demos: Path = request.getfixturevalue("doctest_demos")
            (tmp_path / "demos").symlink_to(demos / "demos")
    yield
