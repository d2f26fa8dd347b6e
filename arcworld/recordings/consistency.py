"""Find contradictions between the fields of a recording; such a file is refused.

A recorder that drops or shifts a field writes rows that are well formed one by one but impossible
together: a RESET that wins a level, a WIN with no level won. Training on them would teach wrong
actions. The error message names the fields that contradict each other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from arcworld.recordings.dialects import Row
from arcworld.recordings.episode import CLICK, RESET

_DO = "correct the recorder and record again"
MOVED_RESETS = 3
"""A file is refused from this many RESETs that change the frame with nothing to set back, ..."""
MOVED_SHARE = 0.05
"""... if they are at least this share of all actions.

Uniform random play over 8 action ids has 1/64 RESETs that follow a RESET.
"""
MANY = 10
"""A pattern that holds for all actions of a file counts as evidence from this many actions on."""


def contradiction(before: Row | None, row: Row) -> str | None:
    """Return an error message if a row contradicts itself or the row before it, else None."""
    return (
        _levels_against_state(row)
        or _flag_against_levels(row)
        or (None if before is None else _against_row_before(before, row))
    )


def _levels_against_state(row: Row) -> str | None:
    """Compare the level counts with the state of the game.

    All levels completed in state NOT_FINISHED is allowed: some games show the last won level for a
    few more actions before they end.
    """
    levels, wins = row.levels_completed, row.win_levels
    of = f"levels_completed {levels} of win_levels {wins}"
    if levels > wins > 0:
        return f"found {of}: levels_completed contradicts win_levels; {_DO}"
    if row.state == "WIN" and (levels < wins or levels == 0):
        return f"found state WIN with {of}: state contradicts levels_completed; {_DO}"
    if row.state == "NOT_PLAYED" and levels:
        return f"found state NOT_PLAYED with {of}: state contradicts levels_completed; {_DO}"
    return None


def _flag_against_levels(row: Row) -> str | None:
    is_reset = row.action is None or row.action[0] == RESET
    if row.full_reset and is_reset and row.levels_completed:
        return (
            f"found full_reset true with levels_completed {row.levels_completed}: full_reset"
            f" contradicts levels_completed; {_DO}"
        )
    return None


def _against_row_before(before: Row, row: Row) -> str | None:
    if row.win_levels != before.win_levels and row.win_levels and before.win_levels:
        return (
            f"found win_levels {row.win_levels} after {before.win_levels}: win_levels contradicts"
            f" the row before; {_DO}"
        )
    if row.action is None:
        return None
    if row.action[0] == RESET:
        return _reset_against_effect(before, row)
    if row.levels_completed < before.levels_completed:
        return (
            f"found levels_completed {row.levels_completed} after {before.levels_completed} by"
            f" action {row.action[0]}: levels_completed contradicts the action (only RESET sets"
            f" levels back); {_DO}, or correct the game if it counts so"
        )
    return None


def _reset_against_effect(before: Row, row: Row) -> str | None:
    """Check a RESET: it wins no level, ends no game, and restarts this level or the first."""
    levels, were = row.levels_completed, before.levels_completed
    if levels > were:
        return (
            f"found levels_completed {levels} after {were} by RESET: levels_completed contradicts"
            f" the action (RESET wins no level); {_DO}"
        )
    if row.state in ("GAME_OVER", "WIN"):
        return (
            f"found state {row.state} after a RESET: state contradicts the action (RESET ends no"
            f" game); {_DO}"
        )
    if 0 < levels < were:
        return (
            f"found levels_completed {levels} after {were} by RESET: levels_completed contradicts"
            f" the action (RESET sets back to {were} or to 0); {_DO}"
        )
    if levels < were and row.full_reset is False:
        return (
            f"found levels_completed 0 after {were} with full_reset false: full_reset contradicts"
            f" levels_completed; {_DO}"
        )
    return None


@dataclass(slots=True)
class ActionEvidence:
    """Counts over all rows of a file that show whether its actions fit its frames.

    Attributes:
        actions: actions taken, without full resets.
        resets: of these, RESETs of a level.
        moved: RESETs with nothing to set back (after a RESET, or as a level begins) that changed
            the frame. The game engine makes every such RESET a full reset.
        not_offered: actions that are not in `available_actions` of the row before.
        clicks: actions with a place, ACTION6.
        corner: clicks at x=0, y=0.
        changed: actions that changed the frame.
        continued: games that ended and were continued by RESET.
        revived: games that ended and were continued by another action. A single case may be a row
            that was lost after a RESET. If no game is continued by RESET, the actions are shifted
            against the rows.
    """

    actions: int = 0
    resets: int = 0
    moved: int = 0
    not_offered: int = 0
    clicks: int = 0
    corner: int = 0
    changed: int = 0
    continued: int = 0
    revived: int = 0
    _fresh: bool = True

    def begin(self) -> None:
        """Begin an episode: a RESET would have nothing to set back."""
        self._fresh = True

    def add(self, before: Row, row: Row) -> None:
        """Count the action of `row`, which must not be a full reset."""
        if row.action is None:
            return
        action_id, x, y = row.action
        changed = not np.array_equal(before.grids[-1], row.grids[-1])
        self.actions += 1
        self.changed += changed
        if action_id == RESET:
            self.resets += 1
            self.moved += changed and self._fresh
        elif before.available is not None and before.state == "NOT_FINISHED":
            self.not_offered += not before.available >> action_id & 1
        if action_id == CLICK:
            self.clicks += 1
            self.corner += x == y == 0
        self._count_ends(before, row, action_id)
        self._fresh = action_id == RESET or row.levels_completed > before.levels_completed

    def _count_ends(self, before: Row, row: Row, action_id: int) -> None:
        if before.state in ("GAME_OVER", "WIN") and row.state != before.state:
            self.continued += action_id == RESET
            self.revived += action_id != RESET

    def contradiction(self) -> str | None:
        """Return an error message if the actions cannot have led to the frames, else None."""
        few = self.moved < MOVED_RESETS or self.moved < MOVED_SHARE * self.actions
        if self.moved and (self.resets == self.actions or not few):
            every = "every action is RESET" if self.resets == self.actions else "RESET after RESET"
            return (
                f"found that {every}, but {self.moved} of {self.actions} such rows change the"
                " frame: action_input contradicts the frames (a recorder that drops action_input"
                f" writes 0, which is RESET); {_DO}"
            )
        if self.revived >= MOVED_RESETS and not self.continued:
            return (
                f"found {self.revived} games continued after GAME_OVER or WIN, none by RESET:"
                f" action_input contradicts state (only RESET continues a game that ended); {_DO}"
            )
        others = self.actions - self.resets
        if others >= MANY and self.not_offered == others and self.changed:
            return (
                f"found that none of {others} actions is in available_actions, but frames"
                f" change: action_input contradicts available_actions; {_DO}"
            )
        return None

    def remarks(self) -> list[str]:
        """Return notes on what is unusual but possible."""
        found: list[str] = []
        if self.moved:
            found.append(f"RESETs that change the frame with nothing to set back: {self.moved}")
        if self.revived:
            found.append(
                f"games continued without RESET after their end: {self.revived};"
                " rows may be missing"
            )
        if self.not_offered:
            found.append(
                f"actions outside the available_actions of their frame: {self.not_offered}"
            )
        if self.clicks >= MANY and self.corner == self.clicks:
            found.append(f"all {self.clicks} clicks are at x=0, y=0: their places may be missing")
        return found
