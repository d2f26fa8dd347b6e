"""Check the settings of a `config.json` before a model is built from them."""

from __future__ import annotations

import math
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_type_hints

from arcworld.errors import ArcworldError

LARGEST = 65_536
"""The largest whole number of a setting that has no limit of its own."""
LIMITS = {"layers": 256, "heads": 256, "kv_heads": 256, "frame_conv": 64, "lora_rank": 1024}


def check_settings(config: Any, source: Path) -> None:
    """Check the type and the range of every setting, also of nested ones.

    Raises:
        ArcworldError: a setting cannot be one of a model; the message names `source`.
    """
    hints = get_type_hints(type(config))
    for field in fields(config):
        value = getattr(config, field.name)
        if is_dataclass(value):
            check_settings(value, source)
        elif wanted := _wanted(field.name, hints[field.name], value):
            raise ArcworldError(
                f"{source}: setting {field.name} is {str(value)[:40]!r}; expected {wanted}; restore"
                " the file that training wrote"
            )


def _wanted(name: str, hint: Any, value: Any) -> str:
    """What a setting must be, or an empty string if it is so."""
    if hint is bool:
        return "" if isinstance(value, bool) else "true or false"
    if hint is int:
        most = LIMITS.get(name, LARGEST)
        fits = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most
        return "" if fits else f"a whole number from 0 to {most}"
    if hint is float:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return "" if number and abs(value) < 1e9 and math.isfinite(value) else "a finite number"
    if is_dataclass(hint):
        return "a JSON object"
    if str in get_args(hint):
        return "" if value is None or isinstance(value, str) else "a text or null"
    return ""
