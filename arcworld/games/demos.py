"""Make recordings of the project's own games with their scripted players.

They are played through the official toolkit, so that a demo has the form of a person's recording.
The same seed gives the same play, whichever games are requested.
"""

from __future__ import annotations

import json
import uuid
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from arcworld.errors import ArcworldError
from arcworld.games.catalogue import entries, entry, game_split
from arcworld.games.demo_player import Demo, DemoConfig, load_demo_player
from arcworld.play.observation import Observation
from arcworld.play.toolkit import GameSession, Toolkit
from arcworld.recordings.episode import RESET, Action, game_name
from arcworld.recordings.files import write_bytes
from arcworld.recordings.writer import RecordingWriter

SUFFIX = ".recording.jsonl.gz"
UNFINISHED_EVERY = 3
"""Each third demo stops before the end of its game."""
VALIDATION_EVERY = 5
NAMESPACE = uuid.UUID("6f1a0f0e-6f0e-5b0c-9a51-a2c0d6a7e001")


def make_demos(
    out: str | Path,
    games: Sequence[str] | None = None,
    demos_per_game: int = 6,
    seed: int = 0,
    progress: Callable[[int, int, Path], None] | None = None,
    config: DemoConfig | None = None,
) -> list[Path]:
    """Play `demos_per_game` demos of each game into `out`, and write a `split.json` there.

    Args:
        out: demos are `out/<game_id>/<guid>.recording.jsonl.gz`; existing demos of the same seed
            are replaced. `split.json` names only those of this call.
        games: names; None is every game, held-out ones included.
        demos_per_game: at least 1.
        seed: other seeds give other play.
        progress: called with (number of demos made, number of all demos, path of the newest).
        config: how each demo is played.

    Raises:
        ArcworldError: an unknown game, fewer than one demo, or a folder that cannot be written.
    """
    if demos_per_game < 1:
        raise ArcworldError(f"demos_per_game is {demos_per_game}; expected 1 or more")
    out = Path(out)
    ids = [entry(game).game_id for game in (entries() if games is None else games)]
    _make_folder(out)
    wanted = [(game_id, index) for game_id in ids for index in range(demos_per_game)]
    paths: list[Path] = []
    with Toolkit() as toolkit:
        for game_id, index in wanted:
            paths.append(_make(out, toolkit.open(game_id), index, seed, config))
            if progress is not None:
                progress(len(paths), len(wanted), paths[-1])
    _write_split(out, paths, demos_per_game)
    return paths


def _make_folder(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ArcworldError(
            f"{out}: no folder can be made here ({error.strerror}); choose another for the demos"
        ) from None


def _make(
    out: Path, session: GameSession, index: int, seed: int, config: DemoConfig | None
) -> Path:
    game_id = session.game_id
    guid = str(uuid.uuid5(NAMESPACE, f"{game_id}/{seed}/{index}"))
    path = out / game_id / f"{guid}{SUFFIX}"
    part = path.with_name(f".{guid}.part.gz")
    part.unlink(missing_ok=True)
    rng = np.random.default_rng([seed, index, zlib.crc32(game_name(game_id).encode())])
    try:
        with RecordingWriter(part, game_id, guid, session.win_levels) as writer:
            _play(session, _levels(index, session.win_levels, rng), rng, writer, config)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return path


def _play(
    session: GameSession,
    levels: int,
    rng: np.random.Generator,
    writer: RecordingWriter,
    config: DemoConfig | None,
) -> None:
    def record(action: Action, seen: Observation) -> None:
        available, full = seen.available_actions, seen.full_reset
        writer.write(seen.grids, action, seen.state, seen.levels_completed, available, full)

    record(Action(RESET), session.observation)
    Demo(session, load_demo_player(session.game_id), rng, record, config).play(levels)


def _levels(index: int, win_levels: int, rng: np.random.Generator) -> int:
    """Number of levels that a demo wins."""
    if index % UNFINISHED_EVERY != UNFINISHED_EVERY - 1:
        return win_levels
    return int(rng.integers(1, win_levels))


def _write_split(out: Path, paths: Sequence[Path], demos_per_game: int) -> None:
    """Write lists of paths relative to `out`; games held out from training are in `unseen`.

    If there is no other game, held-out games are in `validation`, since there is nothing to train
    on.
    """
    unseen = game_split().unseen
    parts: dict[str, list[str]] = {"train": [], "validation": [], "unseen": []}
    for number, path in enumerate(paths):
        part = "validation" if _validates(number % demos_per_game, demos_per_game) else "train"
        if game_name(path.parent.name) in unseen:
            part = "unseen"
        parts[part].append(path.relative_to(out).as_posix())
    if not parts["train"]:
        parts["validation"], parts["unseen"] = parts["unseen"], []
    if not parts["unseen"]:
        del parts["unseen"]
    write_bytes(out / "split.json", (json.dumps(parts, indent=1) + "\n").encode())


def _validates(index: int, demos: int) -> bool:
    """Whether a demo is for validation: one in five, and at least one of two or more.

    >>> [index for index in range(12) if _validates(index, 12)]
    [4, 9]
    >>> [index for index in range(3) if _validates(index, 3)]
    [2]
    """
    return demos > 1 and index % VALIDATION_EVERY == min(VALIDATION_EVERY, demos) - 1
