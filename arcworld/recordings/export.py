"""Write a data set as Parquet files in the layout of a Hugging Face dataset.

`OUT/README.md` is the dataset card: it names the files of each part of the split and describes the
columns, so that `datasets` reads frames as uint8 [64, 64]. `OUT/data/PART-00000-of-00002.parquet`
has one row for each transition. Needs pyarrow.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from arcworld.errors import ArcworldError
from arcworld.recordings.dataset import Dataset
from arcworld.recordings.episode import SIDE, Episode, unpack_available
from arcworld.recordings.files import shown

ROWS_PER_FILE = 50_000
_FRAMES = ("frame", "next_frame")
_TEXTS = ("game_id", "guid", "player")
_NUMBERS = {
    "episode_start": "int32",
    "step": "int32",
    "action_id": "int8",
    "action_x": "int8",
    "action_y": "int8",
    "outcome": "int8",
    "levels_completed": "uint8",
    "win_levels": "uint8",
}
"""Columns of one number; what they mean is in `CARD`."""

CARD = """---
configs:
- config_name: default
  data_files:
{files}
dataset_info:
  features:
{features}
---
# Transitions of ARC-AGI-3 games

{rows:,} transitions of {recordings:,} recordings of {games} games, written by `arcworld export`. No
recording is in two parts.

| column | content |
|---|---|
| `game_id`, `guid`, `player` | the game with its version, the recording, who played |
| `episode_start` | index of the episode's first frame among the frames of the recording |
| `step` | number of the transition in its episode, from 0 |
| `frame` | uint8 [64, 64], colours 0-15, in which the action was taken |
| `action_id` | 0 RESET, 1-5 simple actions, 6 a click, 7 undo |
| `action_x`, `action_y` | place of a click; -1 for other actions |
| `available_actions` | ids that the game offered in `frame`, without RESET |
| `levels_completed`, `win_levels` | levels completed in `frame`, levels of the game |
| `outcome` | of the action: 0 nothing, 1 level won, 2 game over |
| `next_frame` | uint8 [64, 64], the frame after the action |
"""


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written.

    Attributes:
        files: the Parquet files, in order.
        rows: transitions by part of the split.
    """

    files: tuple[Path, ...]
    rows: dict[str, int]


def export(dataset: Dataset, out: Path, *, rows_per_file: int = ROWS_PER_FILE) -> Exported:
    """Write a data set to a new folder, completely or not at all.

    Raises:
        ArcworldError: `out` is not a new or empty folder.
    """
    if out.is_file() or (out.is_dir() and any(out.iterdir())):
        raise ArcworldError(
            f"{shown(out)}: found files; expected a new or empty folder; name another"
        )
    schema = _schema()
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_name(f".{out.name}.{uuid.uuid4().hex}")
    (partial / "data").mkdir(parents=True)
    try:
        files: dict[str, list[str]] = {}
        rows: dict[str, int] = {}
        for name, part in _parts(dataset).items():
            files[name] = _write_part(part, partial / "data", name, rows_per_file, schema)
            rows[name] = part.transitions
        (partial / "README.md").write_text(_card(dataset, list(files), rows), encoding="utf-8")
        partial.replace(out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return Exported(tuple(out / "data" / f for names in files.values() for f in names), rows)


def _parts(dataset: Dataset) -> dict[str, Dataset]:
    """The parts of the split that have a recording."""
    found: dict[str, Dataset] = {}
    named = dataset.split.train | dataset.split.validation
    for name in ("train", "validation", "held_out"):
        guids = set(dataset.guids) - named if name == "held_out" else dataset.split.part(name)
        if guids & set(dataset.guids):
            found[name] = dataset.part(name)
    return found


def _write_part(
    part: Dataset, folder: Path, name: str, rows_per_file: int, schema: Any
) -> list[str]:
    import pyarrow.parquet as parquet

    count = -(-part.transitions // rows_per_file)
    names = [f"{name}-{number:05d}-of-{count:05d}.parquet" for number in range(count)]
    tables = _tables(part, schema, rows_per_file)
    table = next(tables, None)
    for file in names:
        space = rows_per_file
        with parquet.ParquetWriter(folder / file, schema, compression="zstd") as writer:
            while table is not None and space:
                writer.write_table(table)
                space -= table.num_rows
                table = next(tables, None)
    assert table is None
    return names


def _tables(part: Dataset, schema: Any, rows_per_file: int) -> Iterator[Any]:
    """Yield the rows of each episode as tables, cut where a file is full."""
    import pyarrow as pa

    space = rows_per_file
    for episode in part.episodes:
        table = pa.table(_columns(episode), schema=schema)
        while table.num_rows:
            piece = table.slice(0, space)
            yield piece
            table = table.slice(piece.num_rows)
            space = (space - piece.num_rows) or rows_per_file


def _columns(episode: Episode) -> dict[str, Any]:
    import pyarrow as pa

    count = len(episode)
    offered = [unpack_available(int(bits)) for bits in episode.available_T[:-1]]
    return {
        **{name: [getattr(episode, name)] * count for name in _TEXTS},
        "episode_start": np.full(count, episode.start, np.int32),
        "step": np.arange(count, dtype=np.int32),
        "frame": _grids(episode.frames_THW[:-1]),
        **{
            name: episode.actions_A3[:, axis].astype(np.int8)
            for axis, name in enumerate(("action_id", "action_x", "action_y"))
        },
        "available_actions": pa.array(offered, pa.list_(pa.uint8())),
        "levels_completed": episode.levels_T[:-1],
        "win_levels": np.full(count, episode.win_levels, np.uint8),
        "outcome": episode.outcomes_A.astype(np.int8),
        "next_frame": _grids(episode.frames_THW[1:]),
    }


def _grids(frames_AHW: NDArray[np.uint8]) -> Any:
    """Return frames as an Arrow array of lists of lists, without a copy of each pixel."""
    import pyarrow as pa

    rows = pa.ListArray.from_arrays(
        np.arange(frames_AHW.shape[0] * SIDE + 1, dtype=np.int32) * SIDE,
        pa.array(np.ascontiguousarray(frames_AHW).reshape(-1)),
    )
    return pa.ListArray.from_arrays(np.arange(frames_AHW.shape[0] + 1, dtype=np.int32) * SIDE, rows)


def _schema() -> Any:
    """Return the columns for Arrow."""
    import pyarrow as pa

    types: dict[str, Any] = {name: pa.string() for name in _TEXTS}
    types |= {name: getattr(pa, kind)() for name, kind in _NUMBERS.items()}
    types["available_actions"] = pa.list_(pa.uint8())
    types |= dict.fromkeys(_FRAMES, pa.list_(pa.list_(pa.uint8())))
    return pa.schema(types)


def _features() -> str:
    """Return the columns for `datasets`, as YAML of the card."""
    lines = [f"  - name: {name}\n    dtype: string" for name in _TEXTS]
    lines += [f"  - name: {name}\n    dtype: {kind}" for name, kind in _NUMBERS.items()]
    lines.append("  - name: available_actions\n    list: uint8")
    lines += [
        f"  - name: {name}\n    dtype:\n      array2_d:\n        shape: [{SIDE}, {SIDE}]\n"
        "        dtype: uint8"
        for name in _FRAMES
    ]
    return "\n".join(lines)


def _card(dataset: Dataset, parts: list[str], rows: dict[str, int]) -> str:
    lines = [f"  - split: {name}\n    path: data/{name}-*.parquet" for name in parts]
    return CARD.format(
        files="\n".join(lines),
        features=_features(),
        rows=sum(rows.values()),
        recordings=len(dataset.guids),
        games=len(dataset.games),
    )
