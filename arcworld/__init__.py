"""World models and policies for ARC-AGI-3 games, learned from recordings of play.

The names in `__all__` are the public interface. Each is imported when it is first used, so that
`import arcworld` is quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from arcworld.errors import missing_extra
from arcworld.play.registration import register_when_imported

if TYPE_CHECKING:
    from arcworld.evaluation.evaluate import evaluate
    from arcworld.models.interface import Prediction
    from arcworld.models.run import Run, from_pretrained
    from arcworld.play.agents.catalogue import make_agent
    from arcworld.play.environment import ArcEnv
    from arcworld.play.imagined_environment import WorldModelEnv
    from arcworld.play.session import play
    from arcworld.recordings.dataset import Dataset
    from arcworld.recordings.episode import Action, Episode
    from arcworld.recordings.joined import load_dataset
    from arcworld.training.train import train

__version__ = "0.1.0"
__all__ = [
    "Action",
    "ArcEnv",
    "Dataset",
    "Episode",
    "Prediction",
    "Run",
    "WorldModelEnv",
    "evaluate",
    "from_pretrained",
    "load_dataset",
    "make_agent",
    "play",
    "train",
]

_MODULES = {
    "Action": "arcworld.recordings.episode",
    "ArcEnv": "arcworld.play.environment",
    "Dataset": "arcworld.recordings.dataset",
    "Episode": "arcworld.recordings.episode",
    "Prediction": "arcworld.models.interface",
    "Run": "arcworld.models.run",
    "WorldModelEnv": "arcworld.play.imagined_environment",
    "evaluate": "arcworld.evaluation.evaluate",
    "from_pretrained": "arcworld.models.run",
    "load_dataset": "arcworld.recordings.joined",
    "make_agent": "arcworld.play.agents.catalogue",
    "train": "arcworld.training.train",
}
"""Where each name is defined. `arcworld.play` is a package that can be called."""


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'arcworld' has no attribute {name!r}")
    try:
        found = getattr(import_module(_MODULES[name]), name)
    except ModuleNotFoundError as error:
        raise missing_extra(error) or error from None
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


register_when_imported()
