"""The games of open tabs by a secret number: few at once, and none for ever.

Knows duets; knows nothing of HTTP. A tab that closes says so; one that cannot is forgotten when
others need its place or when it has been still for long.
"""

from __future__ import annotations

import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from arcworld.errors import ArcworldError
from arcworld.web.paired_session import PairedSession, PairedStep
from arcworld.web.predictions import as_hex, rounded, score_actions

MOST = 8
STILL = 3600.0
"""Seconds."""


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
        """Take a game in; the ones used longest ago make room."""
        key = secrets.token_hex(8)
        self._tabs[key] = _Tab(paired, time.monotonic())
        self._tidy()
        return key

    def paired(self, key: str) -> PairedSession:
        """A tab's game.

        Raises:
            ArcworldError: it was closed.
        """
        if key not in self._tabs:
            raise ArcworldError(
                "this game was closed, as its tab was or others needed its place; start it anew"
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
        now = time.monotonic()
        for key, tab in list(self._tabs.items()):
            if len(self._tabs) > MOST or now - tab.used > STILL:
                self.close(key)


def paired_view(paired: PairedSession, since: int = 0) -> dict[str, Any]:
    """A game's newest moment and the way to it from a moment on, as plain JSON types."""
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
    """What is seen and dreamt at a moment."""
    true, dream = paired_step.true, paired_step.dream
    differ = int((true.frame_HW != dream.observation.frame_HW).sum())
    outcomes = dream.outcomes_O
    return {
        "true": _seen(true) | {"grids": [as_hex(grid) for grid in true.grids]},
        "dream": _seen(dream.observation)
        | {"depth": dream.depth}
        | {"outcomes": None if outcomes is None else [rounded(value) for value in outcomes]},
        "differ": differ,
        "by": paired_step.by,
        **_row(paired_step),
    }


def predictions_view(paired: PairedSession) -> dict[str, Any]:
    """What the run thinks of the true frame of now."""
    seen = paired.now.true
    return score_actions(paired.run, paired.now.synced.now(), seen.available_actions).as_view()


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
    return {"action": list(action.as_row()) if action else None, "where": paired_step.where}


__all__ = ["Tabs", "paired_view", "step_view", "predictions_view"]
