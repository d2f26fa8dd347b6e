"""Assemble the rows of one recording into episodes, and check that each row may follow the last.

A full reset (back to the first level) ends an episode and begins the next one. A RESET of the
current level is an ordinary action within an episode.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from itertools import pairwise

import numpy as np

from arcworld.recordings.dialects import Row
from arcworld.recordings.episode import RESET, SIDE, Episode, Outcome
from arcworld.recordings.grids import short

_NO_ACTION = (
    "found no action_input, so the actions cannot be known; expected the action that led to"
    " this row's frame; record again with a recorder that keeps it"
)


@dataclass(slots=True)
class Segment:
    """The rows of an episode so far. Each keeps only its last grid; `counts` has the grids a row.

    `start` is the index in the recording of the first frame (0-based).
    """

    start: int
    rows: list[Row] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)

    def add(self, row: Row) -> None:
        """Append a row; it must have at least one grid."""
        self.rows.append(replace(row, grids=row.grids[-1:].copy()))
        self.counts.append(len(row.grids))

    def episode(self) -> Episode:
        """Return the rows so far as an episode.

        A row without `available_actions` gets every action id that the episode uses.
        """
        rows = self.rows
        actions = [row.action for row in rows[1:] if row.action is not None]
        used = sum({1 << action[0] for action in actions if action[0] != RESET})
        outcomes = [_outcome(before, row) for before, row in pairwise(rows)]
        return Episode(
            game_id=rows[0].game_id,
            guid=rows[0].guid,
            frames_THW=np.concatenate([row.grids for row in rows]),
            actions_A3=np.array(actions, np.int16).reshape(-1, 3),
            outcomes_A=np.array(outcomes, np.uint8),
            grids_T=np.array(self.counts, np.uint16),
            levels_T=np.array([row.levels_completed for row in rows], np.uint8),
            available_T=np.array(
                [used if row.available is None else row.available for row in rows], np.uint8
            ),
            win_levels=max(row.win_levels for row in rows),
            start=self.start,
        )


def fault(first: Row, before: Row | None, row: Row) -> str | None:
    """Return an error message if a row cannot follow the rows before it, else None."""
    if row.game_id != first.game_id:
        found = f"found game {short(row.game_id)} after {short(first.game_id)}"
        return f"{found}; expected one game a file; split the file by game"
    if row.guid and first.guid and row.guid != first.guid:
        found = f"found guid {short(row.guid)} after {short(first.guid)}"
        return f"{found}; expected one recording a file; split the file by guid"
    if before is not None and row.action is None:
        return _NO_ACTION
    return None


def lost_frame(before: Row | None, row: Row) -> str | None:
    """Return an error message if a row lacks its grids, else None.

    After the end of a game, the game refuses every action but RESET: such a row has no grid.
    """
    over = before is not None and before.state in ("GAME_OVER", "WIN")
    if len(row.grids) or (over and row.action is not None and row.action[0] != RESET):
        return None
    return f"found no grid in the frame; expected one or more {SIDE}x{SIDE} grids"


def restarts(before: Row, row: Row) -> bool:
    """Return whether a row is a full reset: by its flag, or by its effect if it has no flag."""
    if row.action is None or row.action[0] != RESET:
        return False
    if row.full_reset is not None:
        return row.full_reset
    return before.state == "WIN" or (before.levels_completed > 0 and row.levels_completed == 0)


def content_guid(episodes: Sequence[Episode]) -> str:
    """Return an id for a recording without guid; equal frames and actions give the same id."""
    digest = blake2b(digest_size=16)
    for episode in episodes:
        digest.update(episode.game_id.encode())
        digest.update(np.ascontiguousarray(episode.frames_THW).data)
        digest.update(np.ascontiguousarray(episode.actions_A3, "<i2").data)
    return f"content-{digest.hexdigest()}"


def _outcome(before: Row, row: Row) -> Outcome:
    if row.levels_completed > before.levels_completed:
        return Outcome.LEVEL_WON
    over = row.state == "GAME_OVER" and before.state != "GAME_OVER"
    return Outcome.GAME_OVER if over else Outcome.NOTHING
