"""Fit the `reasoning` field of an action into what the toolkit accepts.

The limit is 16 KB of JSON; for more, the toolkit returns None instead of a frame. A service
receives the field as JSON within JSON, where each quote takes two bytes, so that form is measured.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

LIMIT = 16 * 1024
"""Bytes; equal to `arcengine.MAX_REASONING_BYTES`."""
DEPTH = 6
CUT = "trimmed"


def fit_reasoning(reasoning: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return a JSON copy within `LIMIT`: short entries stay, one long text is cut, the rest goes.

    >>> fit_reasoning({"why": "the door is open", "p_level": float("nan")})
    {'why': 'the door is open', 'p_level': None}
    >>> fitted = fit_reasoning({"log": "x" * 50_000, "p_level": 0.25})
    >>> fitted["p_level"], fitted["trimmed"], size(fitted) <= LIMIT
    (0.25, True, True)
    """
    if reasoning is None:
        return None
    plain: dict[str, Any] = {str(key): _plain(value, DEPTH) for key, value in reasoning.items()}
    return plain if size(plain) <= LIMIT else _trim(plain)


def size(value: Any) -> int:
    """Number of bytes that a JSON value takes in a request to a service."""
    return len(json.dumps(json.dumps(value)))


def _trim(plain: dict[str, Any]) -> dict[str, Any]:
    room = LIMIT - size({CUT: True})
    kept: dict[str, Any] = {}
    for key in sorted(plain, key=lambda name: size({name: plain[name]})):
        cost = size({key: plain[key]})
        if cost <= room:
            kept[key] = plain[key]
            room -= cost
        else:
            text = _cut(key, plain[key], room)
            kept |= {} if text is None else {key: text}
            break
    return {key: kept[key] for key in plain if key in kept} | {CUT: True}


def _cut(key: str, value: Any, room: int) -> str | None:
    """The longest prefix of a text that fits, found by bisection; None if the value is not text."""
    if not isinstance(value, str) or size({key: ""}) > room:
        return None
    fits, fails = 0, len(value)
    while fails - fits > 1:
        middle = (fits + fails) // 2
        if size({key: value[:middle]}) <= room:
            fits = middle
        else:
            fails = middle
    return value[:fits]


def _plain(value: Any, depth: int) -> Any:
    """Convert to JSON types: numpy numbers are unwrapped, NaN and infinity are None, else text."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value) if abs(value) < 2**63 else str(value)
    if isinstance(value, str):
        return value[: LIMIT + 1].encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if depth > 0 and isinstance(value, Mapping):
        return {str(key): _plain(item, depth - 1) for key, item in value.items()}
    if depth > 0 and isinstance(value, list | tuple | set | frozenset):
        return [_plain(item, depth - 1) for item in value]
    unwrap = getattr(value, "tolist", None)
    return _plain(unwrap(), depth - 1) if depth > 0 and callable(unwrap) else str(value)
