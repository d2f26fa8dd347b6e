"""`arcworld convert`: rename the contents of a run folder of version 0.1."""

from __future__ import annotations

from pathlib import Path


def convert(run: Path, /) -> None:
    """Convert a run folder of version 0.1 in place.

    Files, settings and weights are renamed; no number changes. A run that stopped in the middle of
    training cannot be resumed afterwards: train it again.

    Example: `arcworld convert runs/small`

    Args:
        run: the run's folder.
    """
    from arcworld.models.storage.migrate import convert as convert_run

    convert_run(run)
    print(f"{run}: converted")
