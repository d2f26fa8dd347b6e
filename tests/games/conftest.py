"""Opening games as users do: through the toolkit, offline, without its chatter."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest

from arcworld.games.catalogue import GAMES_DIR


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """A function that opens one of our games at its first level."""
    from arc_agi import Arcade, OperationMode

    for name in ("OPERATION_MODE", "ONLY_RESET_LEVELS"):
        monkeypatch.delenv(name, raising=False)
    quiet = logging.getLogger("arcworld.tests.quiet")
    quiet.addHandler(logging.NullHandler())
    quiet.propagate = False

    def make(game: str) -> Any:
        arcade = Arcade(
            operation_mode=OperationMode.OFFLINE, environments_dir=str(GAMES_DIR), logger=quiet
        )
        environment = arcade.make(game)
        assert environment is not None, game
        return environment

    return make
