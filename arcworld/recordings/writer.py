"""Write recordings of play in the dialect of the ARC-AGI-3 toolkit, one row at a time.

Each row is on disk before the next action, so that a killed process leaves a usable recording. A
compressed (`.gz`) one then lacks its end and reads as cut off: write a plain file if the process
may be killed.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import numpy as np
import orjson
from numpy.typing import NDArray

from arcworld.errors import ArcworldError
from arcworld.recordings.episode import SIDE, Action
from arcworld.recordings.files import shown
from arcworld.recordings.provenance import Provenance


@dataclass(slots=True, eq=False)
class RecordingWriter:
    """Writes one recording; a context manager.

    The file is created with its first row. A file whose name ends in `.gz` is compressed.

    Attributes:
        path: where to write; parent folders are created.
        game_id: the game with its version.
        guid: the recording's own id.
        win_levels: levels in the game.
        provenance: who plays; it is written as the last row when the file is closed.

    Raises:
        ArcworldError: the path exists or cannot be written.
    """

    path: Path | str
    game_id: str
    guid: str
    win_levels: int
    provenance: Provenance | None = None
    _file: IO[bytes] | None = None
    _rows: int = 0
    _path: Path = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._path = Path(self.path)

    def write(
        self,
        grids: Sequence[NDArray[np.uint8]] | NDArray[np.uint8],
        action: Action,
        state: str,
        levels_completed: int,
        available_actions: Iterable[int],
        full_reset: bool,
        reasoning: dict[str, Any] | None = None,
    ) -> None:
        """Append the row of `action` and the animation of 64x64 grids that it led to.

        Without grids the row says that the game refused the action, as the toolkit writes it after
        GAME_OVER.

        Raises:
            ArcworldError: the file exists already or cannot be written.
        """
        frame = [np.ascontiguousarray(grid, np.uint8) for grid in grids]
        assert all(grid.shape == (SIDE, SIDE) for grid in frame)
        place = {"x": action.x, "y": action.y} if action.x is not None else {}
        data = {
            "game_id": self.game_id,
            "state": state,
            "levels_completed": int(levels_completed),
            "win_levels": self.win_levels,
            "action_input": {"id": action.name, "data": place, "reasoning": reasoning},
            "guid": self.guid,
            "full_reset": bool(full_reset),
            "available_actions": [int(action_id) for action_id in available_actions],
            "frame": frame,
        }
        self._append(data)
        self._rows += 1

    def _append(self, data: dict[str, Any]) -> None:
        row = {"timestamp": datetime.now(UTC).isoformat(), "data": data}
        option = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_APPEND_NEWLINE
        line = orjson.dumps(row, option=option)
        try:
            if self._file is None:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._file = self._open()
            self._file.write(line)
            self._file.flush()
        except OSError as error:
            raise ArcworldError(
                f"{shown(self.path)}: cannot be written ({error.strerror or error}); expected a"
                " new file in a folder that can be written; choose another path"
            ) from None

    def _open(self) -> IO[bytes]:
        if self._path.suffix == ".gz":
            return gzip.open(self._path, "xb", compresslevel=6)  # type: ignore[return-value]
        return self._path.open("xb")

    def close(self) -> None:
        """Write who played, if that is known, and close the file."""
        if self._file is not None and self.provenance is not None:
            about = {"game_id": self.game_id, "guid": self.guid, "total_actions": self._rows - 1}
            self._append(about | {"player": self.provenance.as_dict()})
        if self._file is not None:
            self._file.close()
            self._file = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
