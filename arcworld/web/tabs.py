"""The games of open tabs by a secret key.

A tab that closes reports it. A tab that cannot is closed here after an hour without a request, or
after ten minutes where its place is needed. A game in use is never closed for another.
"""

from __future__ import annotations

import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from arcworld.errors import ArcworldError
from arcworld.play.online_dream import OnlineDream
from arcworld.web.online_predictions import claims_view
from arcworld.web.paired_session import PairedSession, PairedStep
from arcworld.web.predictions import as_hex, rounded
from arcworld.web.viewed_models import AnyDream

MOST = 64
"""Games open at once."""
STILL = 3600.0
"""Seconds without a request after which a game is closed."""
IDLE = 600.0
"""Seconds without a request after which a game gives its place to a new one."""


@dataclass(eq=False)
class _Tab:
    paired: PairedSession
    used: float


class Tabs:
    """Open games, the one used last at the end."""

    def __init__(self) -> None:
        self._tabs: OrderedDict[str, _Tab] = OrderedDict()

    def __len__(self) -> int:
        return len(self._tabs)

    def open(self, paired: PairedSession) -> str:
        """Keep a game; its key.

        Raises:
            ArcworldError: too many games are in use; `paired` was closed.
        """
        self._tidy()
        if len(self._tabs) >= MOST:
            paired.close()
            raise ArcworldError(
                f"{MOST} games are open in other tabs; expected fewer; close a tab and start again"
            )
        key = secrets.token_hex(8)
        self._tabs[key] = _Tab(paired, time.monotonic())
        return key

    def paired(self, key: str) -> PairedSession:
        """A tab's game.

        Raises:
            ArcworldError: it was closed.
        """
        if key not in self._tabs:
            raise ArcworldError(
                "this game was closed after its tab was closed or idle; start the game again"
            )
        self._tabs[key].used = time.monotonic()
        self._tabs.move_to_end(key)
        return self._tabs[key].paired

    def close(self, key: str) -> None:
        """Forget a game; twice does no harm."""
        tab = self._tabs.pop(key, None)
        if tab is not None:
            tab.paired.close()

    def close_all(self) -> None:
        """Forget every game."""
        for key in list(self._tabs):
            self.close(key)

    def _tidy(self) -> None:
        """Close what was idle for long, the longest idle first while there is no free place."""
        now = time.monotonic()
        for key, tab in list(self._tabs.items()):
            idle = now - tab.used
            if idle > STILL or (len(self._tabs) >= MOST and idle > IDLE):
                self.close(key)


def paired_view(paired: PairedSession, since: int = 0) -> dict[str, Any]:
    """A game's newest step, and the line from step `since` on, as plain JSON types."""
    return {
        "paired_step": len(paired.line) - 1,
        "now": step_view(paired.now),
        "since": since,
        "line": [_row(paired_step) for paired_step in paired.line[since:]],
        "other_branch": len(paired.other_branch) - 1 if paired.other_branch else None,
        "note": paired.note,
        "recording": None if paired.recording is None else str(paired.recording),
    }


def step_view(paired_step: PairedStep) -> dict[str, Any]:
    """The game and the world model at a step."""
    true, dream = paired_step.true, paired_step.dream
    differ = int((true.frame_HW != dream.observation.frame_HW).sum())
    outcomes = dream.outcomes_O
    return {
        "true": _seen(true) | {"grids": [as_hex(grid) for grid in true.grids]},
        "dream": _seen(dream.observation)
        | {"depth": dream.depth}
        | _learned(paired_step)
        | {"outcomes": None if outcomes is None else [rounded(value) for value in outcomes]},
        "differ": differ,
        "by": paired_step.by,
        "beliefs": list(paired_step.beliefs),
        **_row(paired_step),
    }


def predictions_view(paired: PairedSession) -> dict[str, Any]:
    """The model's scores of the actions in the game's current frame."""
    now = paired.now
    return paired.model.scores(now.synced, now.true.available_actions).as_view()


def _learned(paired_step: PairedStep) -> dict[str, Any]:
    """Confidence and claims behind the shown prediction of a model that learns."""
    dream = paired_step.dream
    if not isinstance(dream, OnlineDream):
        return {}
    truth_HW = None if _right(paired_step) is None else paired_step.true.frame_HW
    confidence = None if dream.confidence is None else rounded(dream.confidence)
    return {"confidence": confidence} | claims_view(dream.claims, truth_HW)


def _right(paired_step: PairedStep) -> bool | None:
    """Whether a model that learns predicted the game's frame; None where that is not scored."""
    synced: AnyDream = paired_step.synced
    played = paired_step.where == "both" and paired_step.action is not None
    return synced.right if played and isinstance(synced, OnlineDream) else None


def _seen(seen: Any) -> dict[str, Any]:
    return {
        "frame": as_hex(seen.frame_HW),
        "state": seen.state,
        "levels": seen.levels_completed,
        "win_levels": seen.win_levels,
        "legal": list(seen.legal_actions),
    }


def _row(paired_step: PairedStep) -> dict[str, Any]:
    action = paired_step.action
    taken = list(action.as_row()) if action else None
    return {"action": taken, "where": paired_step.where, "right": _right(paired_step)}


__all__ = ["Tabs", "paired_view", "step_view", "predictions_view"]
