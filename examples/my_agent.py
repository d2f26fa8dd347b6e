"""arcworld on Kaggle: ARC Prize 2026, ARC-AGI-3. One file, no network, never a crash.

The competition's notebooks copy a file of this name into ARC-AGI-3-Agents, as
`agents/templates/my_agent.py`, and play its class `MyAgent` in every game at once, a thread each.
docs/how-to/kaggle.md of arcworld has the notebook's cells.

What it needs, it looks for beside itself, in `$ARCWORLD_HOME`, and below /kaggle/input:

- `arcworld`, installed, or as its wheel (`arcworld-*.whl`), which is then imported as it is;
- a run that `arcworld train` made: a folder with a `run.json`.

Without a run the explorer plays, and without arcworld a random player that is written below.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import random
import sys
import time
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

from agents.agent import Agent
from arcengine import GameAction, GameState

HOURS = 8.5
"""Of the nine that a submission may take; then all games end where they stand."""
MAX_ACTIONS = 2_000
"""In each game."""
AGENTS = ("world-model", "explorer", "random")
"""The first that works plays; when it fails, the next."""

ENDS = time.monotonic() + HOURS * 3600
logger = logging.getLogger(__name__)


def places() -> list[Path]:
    """Where wheel and run may lie."""
    named = os.environ.get("ARCWORLD_HOME")
    beside = Path(__file__).resolve().parent
    found = [Path(named)] if named else []
    return [place for place in [*found, beside, Path("/kaggle/input")] if place.is_dir()]


def find(pattern: str) -> Iterator[Path]:
    """Files of a name, in the order of `places`."""
    return (path for place in places() for path in sorted(place.rglob(pattern)))


if importlib.util.find_spec("arcworld") is None:
    sys.path += [str(wheel) for wheel in find("arcworld-*.whl")]

try:
    from arcworld.integrations.arc_agents import ArcworldMixin
    from arcworld.integrations.fallback import FallbackAgent
    from arcworld.play.agents.catalogue import AgentInputs, make_agent, needs_run
except Exception:
    logger.exception("arcworld cannot be imported: random play")
    ArcworldMixin = None


@cache
def run_folder() -> Path | None:
    """The run to play with."""
    return next((path.parent for path in find("run.json")), None)


def make(name: str) -> Any:
    """A new agent with models of its own: games are played in threads, and it may learn in each."""
    return make_agent(name, inputs=AgentInputs(run=run_folder()))


if ArcworldMixin is not None:

    class MyAgent(ArcworldMixin, Agent):
        """Plays one game with the best agent that works here."""

        MAX_ACTIONS = MAX_ACTIONS

        def make_agent(self) -> Any:
            """The first of `AGENTS` that works."""
            possible = [name for name in AGENTS if run_folder() or not needs_run(name)]
            return FallbackAgent(*(partial(make, name) for name in possible))

        def is_done(self, frames: list[Any], latest_frame: Any) -> bool:
            """Won, at an end, or out of time."""
            return time.monotonic() > ENDS or super().is_done(frames, latest_frame)

else:

    class MyAgent(Agent):
        """Plays one game blindly."""

        MAX_ACTIONS = MAX_ACTIONS

        def is_done(self, frames: list[Any], latest_frame: Any) -> bool:
            """Won, at an end, or out of time."""
            return time.monotonic() > ENDS or latest_frame.state is GameState.WIN

        def choose_action(self, frames: list[Any], latest_frame: Any) -> Any:
            """Any action on offer."""
            offered = [number for number in latest_frame.available_actions if number]
            if latest_frame.state is not GameState.NOT_FINISHED or not offered:
                return GameAction.RESET
            action = GameAction.from_id(random.choice(offered))
            if action.is_complex():
                action.set_data({"x": random.randrange(64), "y": random.randrange(64)})
            return action

        def take_action(self, action: Any) -> Any:
            """None where there is no answer: then it tries again."""
            try:
                return super().take_action(action)
            except Exception:
                logger.exception("no answer")
                return None
