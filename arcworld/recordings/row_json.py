"""Parse the JSON of one row; its grids are parsed separately by a fast path.

A strict parser runs first. If it refuses the row, only the needed fields are read: a broken field
that is not needed must not make a file unusable.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from arcworld.recordings.grids import MAX_GRIDS, RowError, check_brackets, grids_from_text, short
from arcworld.recordings.lenient_json import MAX_BRACKETS, TooNestedError, members, value

_FRAME_KEY = b'"frame":'
_TAKEN = "\0grids"
_MAX_BRACKETS = 100_000
"""Limit on the brackets for the strict parser; a row with `MAX_GRIDS` grids has fewer."""
_FIELDS = (
    "game_id",
    "guid",
    "state",
    "levels_completed",
    "win_levels",
    "score",
    "win_score",
    "full_reset",
    "available_actions",
    "total_actions",
)
"""Needed fields, besides `frame` and `action_input`; of a scorecard only the names are needed."""


def decode_row(line: bytes) -> tuple[dict[str, Any], NDArray[np.uint8] | None]:
    """Return (row, grids): the row with its `data`, and uint8 [n, 64, 64].

    The grids are None if the fast path could not read them; they are then in the row.

    Raises:
        RowError: the line is not JSON, or not a row of play.
    """
    key = line.find(_FRAME_KEY)
    start = line.find(b"[", key, key + len(_FRAME_KEY) + 2) if key >= 0 else -1
    end = line.find(b"]]]", start) + 3 if start >= 0 else 2
    grids = grids_from_text(line[start:end]) if end > 2 else None
    if grids is not None:
        try:
            row = _parse(line[:start] + orjson.dumps(_TAKEN) + line[end:])
        except RowError:
            row = {"data": {}}
        if row["data"].get("frame") == _TAKEN:
            return row, grids
    return _parse(line), None


def _parse(line: bytes) -> dict[str, Any]:
    """Parse a row; its `data` is an object."""
    try:
        if line.count(b"[") + line.count(b"{") > _MAX_BRACKETS:
            return _needed(line)
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            try:
                return _needed(line)
            except TooNestedError:
                raise
            except ValueError:
                raise ValueError(str(error)) from None
    except TooNestedError:
        raise RowError(
            f"found over {MAX_BRACKETS:,} brackets in a row; expected at most {MAX_GRIDS:,} grids"
            " and short fields beside them; leave this file out"
        ) from None
    except ValueError as error:
        raise RowError(
            f"found a line that is not JSON ({short(str(error))}); expected one JSON object a line;"
            " check that the file is a recording and is whole"
        ) from None
    if isinstance(row, dict) and isinstance(row.get("data"), dict):
        return row
    raise RowError(
        f"found {short(row)}; expected {{'timestamp': ..., 'data': {{...}}}};"
        " check that the file is a recording of ARC-AGI-3 play"
    )


def _needed(line: bytes) -> dict[str, Any]:
    """Return only the needed fields of a row, for a line that the strict parser refuses.

    Raises:
        ValueError: the line is not JSON in a field that is needed, or in its structure.
    """
    row = members(line, ("timestamp", "data"))
    texts = members(row.get("data", b""))
    data: dict[str, Any] = {name: value(texts[name]) for name in _FIELDS if name in texts}
    data |= {name: True for name in ("cards", "card_id") if name in texts}
    if "frame" in texts:
        data["frame"] = _frame(texts["frame"])
    if "action_input" in texts:
        data["action_input"] = _needed_action(texts["action_input"])
    return {"timestamp": _or_none(row.get("timestamp", b"")), "data": data}


def _frame(text: bytes) -> object:
    check_brackets(text)
    return value(text)


def _needed_action(text: bytes) -> object:
    if not text.startswith(b"{"):
        return value(text)
    found = members(text, ("id", "data"))
    place = found.get("data", b"")
    action: dict[str, Any] = {"id": value(found["id"]) if "id" in found else None}
    if place.startswith(b"{"):
        action["data"] = {k: value(v) for k, v in members(place, ("x", "y")).items()}
    return action


def _or_none(text: bytes) -> object:
    try:
        return value(text)
    except ValueError:
        return None
