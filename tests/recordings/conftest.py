"""Write the rows of episodes in every dialect; the reader must return the same episodes."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from arcworld.recordings.episode import Action, Episode, unpack_available

SHARED = Path(__file__).parents[2].parent / "shared"
GUID = "348a570f-5915-4527-af80-b60f021286d2"
GAME = "locks-0badcafe"


@dataclass(frozen=True)
class Rows:
    """Makes recordings for tests; a fixture, since test modules do not import each other."""

    guid: str = GUID
    game: str = GAME

    def episode(
        self,
        seed: int = 0,
        frames: int = 4,
        *,
        start: int = 0,
        guid: str = GUID,
        game: str = GAME,
        levels: Sequence[int] | None = None,
        colours: int = 16,
    ) -> Episode:
        """Return a random episode; `levels` are the levels completed per frame, else all 0."""
        rng = np.random.default_rng(seed)
        actions = rng.integers(1, 8, frames - 1)
        places = rng.integers(0, 64, (frames - 1, 2))
        places[actions != 6] = -1
        offered = 1 << np.append(actions, 1)
        won = np.array(levels if levels is not None else [0] * frames, np.uint8)
        return Episode(
            game_id=game,
            guid=guid,
            frames_THW=rng.integers(0, colours, (frames, 64, 64), dtype=np.uint8),
            actions_A3=np.column_stack([actions, places]).astype(np.int16).reshape(-1, 3),
            outcomes_A=(np.diff(won.astype(int)) > 0).astype(np.uint8),
            grids_T=rng.integers(1, 4, frames).astype(np.uint16),
            levels_T=won,
            available_T=(rng.integers(1, 128, frames) << 1 | offered).astype(np.uint8),
            win_levels=7,
            start=start,
        )

    def rows(self, dialect: str, episodes: Sequence[Episode]) -> list[dict[str, Any]]:
        """Return the rows of a recording of these episodes, with the dialect's summary row."""
        rows = [
            {"timestamp": "2026-01-01T00:00:00", "data": _data(dialect, episode, t)}
            for episode in episodes
            for t in range(len(episode) + 1)
        ]
        last: dict[str, Any] = {"guid": episodes[0].guid, "game_id": episodes[0].game_id}
        if dialect == "human":
            last |= {"state": "NOT_FINISHED", "total_actions": len(rows) - 1}
            rows.append({"timestamp": "2026-01-01T00:00:00", "data": last})
        if dialect == "agents":
            rows.append({"timestamp": "x", "data": {"card_id": "0", "cards": {GAME: last}}})
        return rows

    def write(
        self, path: Path, rows: Sequence[Any], *, compact: bool = True, zipped: bool = False
    ) -> Path:
        """Write rows (objects as JSON, bytes unchanged), one per line."""
        separators = (",", ":") if compact else None
        lines = [
            row if isinstance(row, bytes) else json.dumps(row, separators=separators).encode()
            for row in rows
        ]
        text = b"".join(line + b"\n" for line in lines)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(text) if zipped else text)
        return path


def _data(dialect: str, episode: Episode, t: int) -> dict[str, Any]:
    action = episode.action(t - 1) if t else Action(0)
    place: dict[str, Any] = {"x": action.x, "y": action.y} if action.id == 6 else {}
    levels, wins = "levels_completed", "win_levels"
    if dialect == "legacy":
        levels, wins = "score", "win_score"
        place["game_id"] = episode.game_id
    grids = [episode.frames_THW[0]] * (int(episode.grids_T[t]) - 1) + [episode.frames_THW[t]]
    over = t and episode.outcomes_A[t - 1] == 2
    won = episode.levels_T[t] == episode.win_levels
    return {
        "game_id": episode.game_id,
        "frame": [grid.tolist() for grid in grids],
        "state": "GAME_OVER" if over else "WIN" if won else "NOT_FINISHED",
        levels: int(episode.levels_T[t]),
        wins: episode.win_levels,
        "action_input": {
            "id": action.name if dialect == "toolkit" else action.id,
            "data": place,
            "reasoning": None,
        },
        "guid": episode.guid,
        "full_reset": t == 0,
        "available_actions": list(unpack_available(int(episode.available_T[t]))),
    }


@pytest.fixture(scope="session")
def make() -> Rows:
    return Rows()


@pytest.fixture(scope="session")
def shared() -> Path:
    if not SHARED.is_dir():
        pytest.skip("the shared recordings are not beside this checkout")
    return SHARED


@pytest.fixture(scope="session")
def same() -> Any:
    return same_episodes


def same_episodes(found: Sequence[Episode], expected: Sequence[Episode]) -> None:
    """Assert that every field is equal, arrays with their types."""
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        for field in fields(Episode):
            a, b = getattr(one, field.name), getattr(other, field.name)
            if isinstance(b, np.ndarray):
                assert a.dtype == b.dtype and np.array_equal(a, b), field.name
            else:
                assert a == b, field.name
