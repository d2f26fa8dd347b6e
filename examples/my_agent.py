"""arcworld on Kaggle: ARC Prize 2026, ARC-AGI-3. One file, no network, never a crash.

The competition's notebooks copy a file of this name into ARC-AGI-3-Agents, as
`agents/templates/my_agent.py`, and play its class `MyAgent` in every game at once, a thread each.
examples/kaggle_notebook.py of arcworld is the notebook's cell.

What it needs, it looks for beside itself, in `$ARCWORLD_HOME`, and below /kaggle/input:

- `arcworld`, installed, or as its wheel (`arcworld-*.whl`), which is then imported as it is;
- a run that `arcworld train` made: a folder with a `run.json`.

Without a run, or where it cannot be used, the weights that arcworld ships play; where these fail,
the explorer; and without arcworld a random player that is written below.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import os
import random
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

from agents.agent import Agent
from arcengine import GameAction, GameState

HOURS = 8.5
"""A submission may take nine hours. After this time all games end as they are."""
MAX_ACTIONS = 2_000
"""In each game."""
AGENTS = ("world-model", "explorer", "random")
"""The first that works plays; if it fails, the next takes over."""
SHIPPED = Path("small")
"""The weights that arcworld ships, by name."""

ENDS = time.monotonic() + HOURS * 3600
logger = logging.getLogger(__name__)


def places() -> list[Path]:
    """Folders to search for the wheel and the run."""
    named = os.environ.get("ARCWORLD_HOME")
    beside = Path(__file__).resolve().parent
    found = [Path(named)] if named else []
    return [place for place in [*found, beside, Path("/kaggle/input")] if place.is_dir()]


def find(pattern: str) -> Iterator[Path]:
    """Files of a name, in the order of `places`; those in a folder before those below it."""
    for place in places():
        found = (path for path in below(place) if path.match(pattern))
        yield from sorted(found, key=lambda path: (len(path.parts), path))


def below(place: Path) -> Iterator[Path]:
    """Every file below a folder, through links; a link into a folder above is not followed."""
    seen: set[str] = set()
    for folder, folders, names in os.walk(place, followlinks=True):
        real = os.path.realpath(folder)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        yield from (Path(folder, name) for name in names)


def unpack_wheel() -> None:
    """Unpack a wheel of arcworld and make it importable, if it is not installed."""
    wheel = next(find("arcworld-*.whl"), None)
    if wheel is not None:
        folder = tempfile.mkdtemp(prefix="arcworld-")
        with zipfile.ZipFile(wheel) as packed:
            packed.extractall(folder)
        sys.path.append(folder)


if importlib.util.find_spec("arcworld") is None:
    unpack_wheel()

try:
    from arcworld.integrations.arc_agents import ArcworldMixin
    from arcworld.integrations.fallback import FallbackAgent
    from arcworld.play.agents.catalogue import make_agent, needs_run
except Exception:
    logger.exception("arcworld cannot be imported: random play")
    ArcworldMixin = None


def is_run(path: Path) -> bool:
    """Whether a `run.json` was written by `arcworld train`: other programs use the name too."""
    parts = ("tokenizer/config.json", "world_model/config.json")
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    ours = isinstance(about, dict) and about.get("scheme") in ("v1", "v2")
    return ours and all((path.parent / part).is_file() for part in parts)


@cache
def run_folder() -> Path:
    """The run to play with: the first that is found, else the weights that arcworld ships."""
    found = next((path.parent for path in find("run.json") if is_run(path)), SHIPPED)
    logger.warning("arcworld plays with %s", describe(found))
    return found


def describe(run: Path) -> str:
    """A run, for the log."""
    return "the shipped weights `small`" if run == SHIPPED else str(run)


def make(name: str, run: Path | None) -> Any:
    """A new agent with models of its own: games are played in threads, and it may learn in each."""
    agent = make_agent(name, run=run)
    logger.warning("arcworld plays as %s%s", agent.name, f" with {describe(run)}" if run else "")
    return agent


def best_agent() -> Any:
    """The first of `AGENTS` that works; one that needs a run is also tried with the shipped one."""
    runs = dict.fromkeys((run_folder(), SHIPPED))
    tried = [(name, run) for name in AGENTS for run in (runs if needs_run(name) else [None])]
    return FallbackAgent(*(partial(make, name, run) for name, run in tried))


def rehearse() -> None:
    """Play one action of a game that arcworld brings along, before the scored run begins."""
    logging.basicConfig(level=logging.WARNING)
    if ArcworldMixin is None:
        raise RuntimeError("arcworld cannot be imported; see the error above")
    from arcworld.play.session import play_game
    from arcworld.play.toolkit import Toolkit

    with Toolkit() as toolkit:
        agent = best_agent()
        result = play_game(agent, toolkit, "keys", 1)
    print(f"rehearsal: {agent.name} played {result.actions} action of {result.game_id}")


if ArcworldMixin is not None:

    class MyAgent(ArcworldMixin, Agent):
        """Plays one game with the best agent that works here."""

        MAX_ACTIONS = MAX_ACTIONS

        def make_agent(self) -> Any:
            """The first of `AGENTS` that works."""
            return best_agent()

        def is_done(self, frames: list[Any], latest_frame: Any) -> bool:
            """Whether the game is won, cannot continue, or time is up."""
            return time.monotonic() > ENDS or super().is_done(frames, latest_frame)

else:

    class MyAgent(Agent):
        """Plays one game at random."""

        MAX_ACTIONS = MAX_ACTIONS

        def is_done(self, frames: list[Any], latest_frame: Any) -> bool:
            """Whether the game is won, cannot continue, or time is up."""
            return time.monotonic() > ENDS or latest_frame.state is GameState.WIN

        def choose_action(self, frames: list[Any], latest_frame: Any) -> Any:
            """A random available action."""
            offered = [number for number in latest_frame.available_actions if number]
            if latest_frame.state is not GameState.NOT_FINISHED or not offered:
                return GameAction.RESET
            action = GameAction.from_id(random.choice(offered))
            if action.is_complex():
                action.set_data({"x": random.randrange(64), "y": random.randrange(64)})
            return action

        def take_action(self, action: Any) -> Any:
            """The next frame; None without an answer, and then another action is tried."""
            try:
                return super().take_action(action)
            except Exception:
                logger.exception("no answer")
                return None
