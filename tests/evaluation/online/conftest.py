"""Made-up plays for online evaluation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from arcworld.models.conformance import made_up_steps
from arcworld.recordings.episode import Action, Episode, Outcome, Step
from arcworld.recordings.writer import RecordingWriter

type EpisodeOf = Callable[..., Episode]
type WriteRecording = Callable[..., Path]


def build(steps: Sequence[Step], game: str = "walk-0badcafe", start: int = 0) -> Episode:
    frames = np.stack([steps[0].frame_HW, *(step.next_frame_HW for step in steps)])
    outcomes = np.array([step.outcome for step in steps], np.uint8)
    return Episode(
        game_id=game,
        guid=game,
        frames_THW=frames,
        actions_A3=np.array([step.action.as_row() for step in steps], np.int16),
        outcomes_A=outcomes,
        grids_T=np.ones(len(frames), np.uint16),
        levels_T=np.append(0, (outcomes == Outcome.LEVEL_WON).cumsum()).astype(np.uint8),
        available_T=np.full(len(frames), 0b11111110, np.uint8),
        win_levels=7,
        start=start,
    )


def one_scene(count: int = 60, seed: int = 0) -> list[Step]:
    """Made-up steps up to the jump between scenes."""
    return list(made_up_steps(count, seed))[: 5 * count // 6 + 1]


@pytest.fixture
def episode_of() -> EpisodeOf:
    return build


@pytest.fixture
def steps_of() -> Callable[..., list[Step]]:
    return one_scene


@pytest.fixture
def write_recording() -> WriteRecording:
    """Write an episode as a recording of the toolkit's dialect."""

    def write(path: Path, episode: Episode) -> Path:
        with RecordingWriter(path, episode.game_id, episode.guid, episode.win_levels) as writer:
            for t, frame_HW in enumerate(episode.frames_THW):
                over = t > 0 and episode.outcomes_A[t - 1] == Outcome.GAME_OVER
                writer.write(
                    [frame_HW],
                    episode.action(t - 1) if t else Action(0),
                    "GAME_OVER" if over else "NOT_FINISHED",
                    int(episode.levels_T[t]),
                    episode.available_actions(t),
                    full_reset=t == 0,
                )
        return path

    return write
