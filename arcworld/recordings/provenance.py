"""Who played a recording: the agent, its seed, the version of the game.

A recorder writes it into the last row, which has neither a frame nor an action:

    {"timestamp": ..., "data": {"game_id": ..., "guid": ..., "total_actions": 12, "player": {...}}}

Recordings without such a row are by the player `recorded`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self
from uuid import NAMESPACE_URL, uuid5

RECORDED = "recorded"
"""The player of a recording that does not say who played it."""
MAX_NAME = 200


@dataclass(frozen=True, slots=True)
class Provenance:
    """What decides the play of a recording.

    Attributes:
        agent: name of the agent; it is the recording's player.
        seed: seed of the game and of the agent.
        game_version: id of the game with its version.
        arcworld: version of this package.
        run: the run that played, or None if the agent needs none.
        weights: digest of the weights of that run.
    """

    agent: str
    seed: int
    game_version: str
    arcworld: str
    run: str | None = None
    weights: str | None = None

    @property
    def guid(self) -> str:
        """An id that is the same whenever the same is played again.

        >>> play = Provenance("random", 0, "keys-0001", "0.3")
        >>> play.guid == Provenance("random", 0, "keys-0001", "0.3").guid
        True
        """
        return str(uuid5(NAMESPACE_URL, json.dumps(self.as_dict(), sort_keys=True)))

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as plain JSON types."""
        return asdict(self)

    @classmethod
    def of_game(cls, agent: str, seed: int, game_id: str, **run: str | None) -> Self:
        """Return the provenance of a play by this version of the package."""
        from arcworld import __version__

        return cls(agent, seed, game_id, __version__, **run)


def player_of(data: Mapping[str, Any]) -> str | None:
    """Return the player that a last row names, or None if it names none.

    >>> player_of({"player": {"agent": "explorer", "seed": 3}})
    'explorer'
    """
    player = data.get("player")
    name = player.get("agent") if isinstance(player, dict) else None
    usable = isinstance(name, str) and name.isprintable() and 0 < len(name) <= MAX_NAME
    return name if usable else None
