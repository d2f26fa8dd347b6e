"""Errors for users: the common class, and the clause that suggests a name.

Every error raised for a user is an `ArcworldError` whose message is one line: what was found, what
was expected, what to do. An `assert` marks a bug of this project.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

EXTRAS = {
    "filelock": "train",
    "huggingface_hub": "models",
    "lightning_fabric": "train",
    "peft": "train",
    "pyarrow": "export",
    "ray": "ray",
    "safetensors": "models",
    "sb3_contrib": "rl",
    "stable_baselines3": "rl",
    "starlette": "view",
    "tensorboard": "tensorboard",
    "torch": "models",
    "transformers": "models",
    "uvicorn": "view",
    "vector_quantize_pytorch": "models",
}
"""Packages that are not in the core install, and the extra that brings each."""


class ArcworldError(ValueError):
    """Something that the user gave cannot be used. The message is one line and says what to do."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a clause with the most similar known name and the list of all known names.
    >>> did_you_mean("lockz", ["locks", "vials"])
    "did you mean 'locks'? known: locks, vials"
    >>> did_you_mean("LOCKS", ["locks", "vials"])
    "did you mean 'locks'? known: locks, vials"
    >>> did_you_mean("zzz", ["locks", "vials"])
    'known: locks, vials'
    """
    names = sorted(known)
    folded = {known.casefold(): known for known in names}
    near = difflib.get_close_matches(name.casefold(), folded, n=1)
    clause = f"known: {', '.join(names) or 'none'}"
    return f"did you mean {folded[near[0]]!r}? {clause}" if near else clause


def missing_extra(error: ImportError, wanted: str | None = None) -> ArcworldError | None:
    """Return what to install if an import failed for lack of an extra, else None.

    Args:
        error: what the import raised.
        wanted: the extra that has all the work needs; None: the one that has the package.

    >>> print(missing_extra(ModuleNotFoundError("no", name="torch.nn")))
    found no package torch; expected the extra `models`; run: pip install 'arcworld[models]'
    """
    package = (error.name or "").split(".")[0]
    if not isinstance(error, ModuleNotFoundError) or package not in EXTRAS:
        return None
    extra = wanted or EXTRAS[package]
    return ArcworldError(
        f"found no package {package}; expected the extra `{extra}`; run: pip install"
        f" 'arcworld[{extra}]'"
    )
