"""Register the environment with Gymnasium, without importing Gymnasium (0.5 s) until it is needed.

`import arcworld` calls `register_when_imported`. Gymnasium 1.0 and later read no entry points: an
environment is known once its package was imported, as `gymnasium.make("arcworld:arcworld/Game-v0")`
does. If arcworld was imported first, that import does nothing; therefore an import hook is used.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

ENV_ID = "arcworld/Game-v0"
ENTRY_POINT = "arcworld.play.environment:ArcEnv"


def register() -> None:
    """Register `arcworld/Game-v0` with Gymnasium; a second call does nothing."""
    import gymnasium

    if ENV_ID not in gymnasium.registry:
        gymnasium.register(id=ENV_ID, entry_point=ENTRY_POINT)


def register_when_imported() -> None:
    """Register now if Gymnasium is loaded, else when it is imported."""
    if "gymnasium" in sys.modules:
        register()
    elif not any(isinstance(finder, _Hook) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Hook())


class _Hook:
    """An import finder that calls `register` once, at the end of Gymnasium's own import."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec of `gymnasium` with the extra call; None for any other module."""
        if name != "gymnasium" or self not in sys.meta_path:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def execute_and_register(module: ModuleType) -> None:
                execute(module)
                register()

            spec.loader.exec_module = execute_and_register  # type: ignore[method-assign]
        return spec
