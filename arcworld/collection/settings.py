"""What is collected: which agents play which games, and when a game has enough."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arcworld.errors import ArcworldError
from arcworld.tournament.settings import Settings

RAISED = ("target", "seeds")
"""Settings that may change when collecting continues."""


@dataclass(frozen=True, slots=True)
class CollectSettings:
    """Everything that decides what is collected.

    Attributes:
        play: agents, games, actions of a play, plays of each agent on each game (`seeds`), the run
            of agents that need one, and the folder of the recordings.
        target: a game is finished with this many novel transitions.
        least_novel: a recording is kept if at least this share of its transitions is novel, or if
            it won more levels than all before it.
        known: recordings whose transitions are not novel; nothing is written there.
    """

    play: Settings
    target: int = 2_000
    least_novel: float = 0.05
    known: Path | None = None

    @property
    def out(self) -> Path:
        """The folder of the recordings."""
        assert self.play.recordings is not None
        return self.play.recordings

    @property
    def dull_plays(self) -> int:
        """A game is finished after this many plays in a row that were left out."""
        return 2 * len(self.play.agents)

    def check(self) -> None:
        """Refuse settings that cannot be used, before anything is played.

        Raises:
            ArcworldError: a number out of range, an unknown agent or game, a run missing.
        """
        if self.target < 1:
            raise ArcworldError(
                f"found target {self.target}; expected 1 novel transition or more; correct --target"
            )
        if not 0 <= self.least_novel <= 1:
            raise ArcworldError(
                f"found least_novel {self.least_novel}; expected a share, 0 to 1; correct"
                " --least-novel"
            )
        self.play.check()

    def as_dict(self) -> dict[str, Any]:
        """Return the settings as plain JSON types, with a digest of the weights that play."""
        play = self.play.as_dict()
        names = ("agents", "games", "only", "max_actions", "seeds", "run", "weights")
        known = None if self.known is None else str(self.known)
        return {
            **{name: play[name] for name in names},
            "target": self.target,
            "least_novel": self.least_novel,
            "known": known,
            "own_agents": play.get("own_agents"),
        }
