"""`arcworld export`: write a data set as Parquet, for the Hugging Face `datasets` library."""

from __future__ import annotations

from pathlib import Path

from arcworld.commands.arguments import Seed


def export(data: list[Path], out: Path, /, *, seed: Seed = 0) -> None:
    """Write a data set as Parquet files in the layout of a Hugging Face dataset.

    One row is one transition: frame, action, outcome, next frame, with game, recording and player.
    The parts of the split become the splits `train`, `validation` and `held_out`. The folder can be
    read with `datasets.load_dataset` and uploaded to the hub as it is. Needs pyarrow (`pip install
    'arcworld[export]'`).

    Example: `arcworld export runs/demo/demos exported`

    Args:
        data: recordings, or folders of them.
        out: folder to write; it must be new or empty.
        seed: of the split by guid, where there is no `split.json`.
    """
    from arcworld.commands.output import open_data, say
    from arcworld.recordings.export import export as export_data

    found = export_data(open_data(data, seed), out)
    size = sum(path.stat().st_size for path in found.files)
    parts = ", ".join(f"{rows:,} {name}" for name, rows in found.rows.items())
    print(f"{out}: {parts} transitions in {len(found.files)} files, {size / 2**20:.1f} MiB")
    say(f"read them with: datasets.load_dataset({str(out)!r})")
