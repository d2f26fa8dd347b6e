"""`arcworld convert`: give a run folder of version 0.1 the present names."""

from __future__ import annotations

from pathlib import Path


def convert(run: Path, /) -> None:
    """Convert a run folder of version 0.1 in place.

    Renames its files, settings and weights; no number changes. A run that stopped in the middle
    of training cannot be resumed after it: train it again.

    Example: `arcworld convert runs/small`

    Args:
        run: the run's folder.
    """
    from arcworld.models.migrate import convert as convert_run

    convert_run(run)
    print(f"{run}: converted")
