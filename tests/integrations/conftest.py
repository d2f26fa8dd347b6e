"""A stand-in for ARC-AGI-3-Agents, where its `agents.agent.Agent` would be imported."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import arcworld.play.toolkit_compat as official_module
from arcworld.play.toolkit import Toolkit

STAND_IN = Path(__file__).parent / "arc_agents_stand_in.py"


@pytest.fixture
def agents_agent(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The module `agents.agent`; removed after the test."""
    package, module = ModuleType("agents"), ModuleType("agents.agent")
    exec(compile(STAND_IN.read_text(encoding="utf-8"), str(STAND_IN), "exec"), module.__dict__)
    monkeypatch.setitem(sys.modules, "agents", package)
    monkeypatch.setitem(sys.modules, "agents.agent", module)
    monkeypatch.setattr(official_module, "PAUSE", 0.0)
    yield module


@pytest.fixture
def toolkit() -> Iterator[Toolkit]:
    """The project's own games."""
    with Toolkit() as opened:
        yield opened


@pytest.fixture
def seat() -> Callable[..., Any]:
    """Make a class of that repository play a wrapper of the toolkit's, as its `Swarm` does."""

    def make(agent_class: Any, env: Any, game: str = "") -> Any:
        return agent_class(
            card_id="card",
            game_id=game or env.info.game_id,
            agent_name=agent_class.__name__.lower(),
            ROOT_URL="http://localhost",
            record=False,
            arc_env=env,
            tags=["agent"],
        )

    return make
