"""Find a world model by name: the online model, a baseline, a trained run, or any Python class."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from arcworld.errors import ArcworldError
from arcworld.evaluation.online.baselines import BASELINES
from arcworld.models.interface import WorldModel

ONLINE = "arcworld.online:OnlineWorldModel"
NAMES = {"online": ONLINE}
PARTS = ("reset", "observe", "predict", "name")

type Factory = Callable[..., WorldModel[Any]]
"""Called with `seed=`; returns a model that has seen no play yet."""


def find_factory(name: str) -> Factory:
    """Return the factory of the models with a name.

    Args:
        name: `online`; a baseline (`copy`, `lookup`, `last-effect`); `module:Class`; the folder of
            a run, or the name of shipped weights.

    Raises:
        ArcworldError: there is no such model, or it lacks a part of the interface.
    """
    for baseline in BASELINES:
        if name == baseline.name.replace(" ", "-"):
            return baseline
    place = NAMES.get(name, name)
    if ":" in place and not Path(place).exists():
        return _load(name, place)
    from arcworld.models.token_world_model import open_token_model

    try:
        return open_token_model(name)
    except ArcworldError as error:
        raise ArcworldError(
            f"{error}; other model names are online, copy, lookup, last-effect and module:Class"
        ) from None


def _load(name: str, place: str) -> Factory:
    module_name, _, attribute = place.partition(":")
    try:
        found = getattr(importlib.import_module(module_name), attribute)
    except (ImportError, AttributeError) as error:
        raise ArcworldError(
            f"{name}: found no world model there ({error}); expected module:Class that Python can"
            " import; correct the name, or run where the module can be imported"
        ) from error
    missing = (
        [part for part in PARTS if not hasattr(found, part)] if isinstance(found, type) else []
    )
    if missing:
        raise ArcworldError(
            f"{name}: found a class without {', '.join(missing)}; expected the interface of"
            " arcworld.models.interface.WorldModel; add what is missing"
        )
    return found
