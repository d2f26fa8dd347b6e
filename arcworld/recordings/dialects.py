"""Parse a row of a recording in any of four dialects, one for each program that writes them.

A row is `{"timestamp": ..., "data": {...}}`. Its `action_input` is the action that LED to its
frame.

| dialect | action id | levels | last row |
|---|---|---|---|
| toolkit | a name | `levels_completed`, `win_levels` | |
| agents | integer | `levels_completed`, `win_levels` | scorecard (`cards`) |
| legacy | integer | `score`, `win_score` | |
| human | integer | `levels_completed`, `win_levels` | summary (`total_actions`) |
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from arcworld.recordings.episode import (
    ACTION_IDS,
    CLICK,
    NO_PLACE,
    RESET,
    SIDE,
    pack_available,
)
from arcworld.recordings.grids import RowError, grids_from_lists, short
from arcworld.recordings.provenance import player_of
from arcworld.recordings.row_json import decode_row

Dialect = Literal["toolkit", "agents", "legacy", "human", "unknown"]
STATES = ("NOT_PLAYED", "NOT_FINISHED", "WIN", "GAME_OVER")
MAX_LEVELS = 254
MAX_TEXT = 200
_IDS = {"RESET": RESET} | {f"ACTION{k}": k for k in ACTION_IDS if k != RESET}


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One row of play.

    Attributes:
        guid: the recording's id; "" if the row has no usable one.
        state: one of `STATES`.
        action: (id, x, y) that led to this row, with x = y = -1 if it has no place; None if
            unknown.
        full_reset: None if the row has no such field.
        available: bits of the available actions. None if the row does not list them, or lists none
            while the game is in play.
        grids: uint8 [n, 64, 64]; n is 0 for an action that the game refused.
        time: seconds since 1970; None if unknown.
    """

    game_id: str
    guid: str
    state: str
    levels_completed: int
    win_levels: int
    action: tuple[int, int, int] | None
    full_reset: bool | None
    available: int | None
    grids: NDArray[np.uint8]
    dialect: Dialect
    time: float | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """A last row without frame and action: a scorecard (agents) or a summary (human).

    `actions` is the number of actions and `player` the player that it reports, if it does.
    """

    dialect: Dialect
    actions: int | None = None
    player: str | None = None


def parse_row(line: bytes) -> Row | Summary:
    """Parse one row of any dialect.

    Raises:
        RowError: the row cannot be used; the message has the form found / expected / do.
    """
    row, grids = decode_row(line)
    data = row["data"]
    if "frame" not in data and "action_input" not in data:
        total = data.get("total_actions")
        actions = total if type(total) is int else None
        return Summary(_summary_dialect(data), actions, player_of(data))
    if grids is None:
        if "frame" not in data:
            raise RowError("found an action without a frame; expected the field 'frame'")
        grids = grids_from_lists([] if data["frame"] is None else data["frame"])
    legacy = "levels_completed" not in data and "score" in data
    action_input = data.get("action_input")
    named = isinstance(action_input, dict) and isinstance(action_input.get("id"), str)
    state = _state(data)
    return Row(
        game_id=_text(data, "game_id"),
        guid=_guid(data.get("guid")),
        state=state,
        levels_completed=_levels(data, "score" if legacy else "levels_completed"),
        win_levels=_levels(data, "win_score" if legacy else "win_levels", missing=0),
        action=None if action_input is None else parse_action(action_input),
        full_reset=_flag(data, "full_reset"),
        available=_available(data.get("available_actions"), state),
        grids=grids,
        dialect="legacy" if legacy else "toolkit" if named else "unknown",
        time=_time(row.get("timestamp")),
    )


def _summary_dialect(data: dict[str, Any]) -> Dialect:
    if "cards" in data or "card_id" in data:
        return "agents"
    return "human" if "total_actions" in data else "unknown"


def parse_action(action_input: object) -> tuple[int, int, int]:
    """Return (id, x, y) of an `action_input` whose id is an integer or a name.

    >>> parse_action({"id": "ACTION6", "data": {"x": 3, "y": 60}})
    (6, 3, 60)
    >>> parse_action({"id": 6, "data": {}})
    Traceback (most recent call last):
    ...
    arcworld.recordings.grids.RowError: found a click at x=None, y=None; expected x and y in 0-63
    """
    if not isinstance(action_input, dict):
        raise RowError(f"found action_input {short(action_input)}; expected an object with an id")
    action_id = _action_id(action_input.get("id"))
    if action_id != CLICK:
        return action_id, NO_PLACE, NO_PLACE
    place = action_input.get("data")
    x, y = (place.get("x"), place.get("y")) if isinstance(place, dict) else (None, None)
    if type(x) is int and type(y) is int and 0 <= x < SIDE and 0 <= y < SIDE:
        return action_id, x, y
    raise RowError(f"found a click at x={short(x)}, y={short(y)}; expected x and y in 0-{SIDE - 1}")


def _action_id(found: object) -> int:
    action_id = _IDS.get(found) if isinstance(found, str) else found
    if type(action_id) is int and action_id in ACTION_IDS:
        return action_id
    raise RowError(f"found action id {short(found)}; expected 0-7 or RESET, ACTION1 to ACTION7")


def _text(data: dict[str, Any], field: str) -> str:
    value = data.get(field)
    if isinstance(value, str) and value.isprintable() and 0 < len(value) <= MAX_TEXT:
        return value
    found = f"{field} {short(value)}" if field in data else f"no {field}"
    raise RowError(f"found {found}; expected a short text in the field '{field}'")


def _state(data: dict[str, Any]) -> str:
    state = data.get("state")
    if state in STATES:
        return str(state)
    raise RowError(f"found state {short(state)}; expected one of {', '.join(STATES)}")


def _levels(data: dict[str, Any], field: str, missing: int | None = None) -> int:
    value = data.get(field, missing)
    if type(value) is int and 0 <= value <= MAX_LEVELS:
        return value
    found = f"{field} {short(value)}" if field in data else f"no {field}"
    raise RowError(f"found {found}; expected a whole number 0-{MAX_LEVELS} in the field '{field}'")


def _flag(data: dict[str, Any], field: str) -> bool | None:
    value = data.get(field)
    if value is None or isinstance(value, bool):
        return value
    raise RowError(f"found {field} {short(value)}; expected true or false")


def _available(ids: object, state: str) -> int | None:
    if ids is None:
        return None
    if not isinstance(ids, list):
        raise RowError(f"found available_actions {short(ids)}; expected a list of action ids")
    bits = pack_available([_action_id(action_id) for action_id in ids])
    return bits if bits or state in ("WIN", "GAME_OVER") else None


def _guid(found: object) -> str:
    if isinstance(found, str) and found.isprintable() and len(found) <= MAX_TEXT:
        return found
    return ""


def _time(found: object) -> float | None:
    """Return a timestamp as seconds since 1970; one without a time zone is taken as UTC."""
    if isinstance(found, str):
        try:
            moment = datetime.fromisoformat(found)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            return None
    known = type(found) in (int, float) and abs(found) < 1e15  # type: ignore[arg-type, operator]
    return float(found) if known else None  # type: ignore[arg-type]


def name_dialect(row: Dialect, summary: Dialect, path: Path) -> Dialect:
    """Return the dialect of a file: by its rows, else by its last row, else by its file name.

    >>> name_dialect("unknown", "unknown", Path("ft09-0d8b.random.80.348a.recording.jsonl"))
    'agents'
    >>> name_dialect("unknown", "unknown", Path("mine.jsonl.gz"))
    'human'
    """
    if row != "unknown":
        return row
    if summary != "unknown":
        return summary
    before, named, _ = path.name.partition(".recording.")
    return "agents" if named and before.count(".") >= 2 else "human"
