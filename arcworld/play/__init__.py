"""Play: a safe wrapper of the official toolkit, agents, environments, the loop of one game.

The package can be called: `arcworld.play(agent, game)` is `arcworld.play.session.play`.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any


class _CallablePackage(ModuleType):
    def __call__(self, *args: Any, **options: Any) -> Any:
        from arcworld.play.session import play

        return play(*args, **options)


sys.modules[__name__].__class__ = _CallablePackage
