"""Replay in the engine: recordings replay frame by frame, and the demo's own action is a hit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from arcworld.diagnosis.engine_replay import Choices, Replayed, replay
from arcworld.diagnosis.inputs import DiagnosisInputs, gather
from arcworld.errors import ArcworldError
from arcworld.evaluation.evaluate import quiet
from arcworld.games.demos import make_demos
from arcworld.models.run import Run
from arcworld.recordings import Action, open_dataset
from arcworld.recordings.episode import CLICK


@pytest.fixture(scope="module")
def inputs(barely: Run, tmp_path_factory: pytest.TempPathFactory) -> DiagnosisInputs:
    """One demo each of a game of keys and a game of clicks, of the project's own."""
    folder = tmp_path_factory.mktemp("own")
    make_demos(folder / "demos", ["keys", "taps"], demos_per_game=1, seed=3)
    return gather(barely, open_dataset(folder / "demos", cache=folder / "cache"), "all", quiet)


def choices_of(inputs: DiagnosisInputs) -> dict[int, Choices]:
    """At some transitions: the demo's own action, and another one."""
    found: dict[int, Choices] = {}
    for i in inputs.some(inputs.winning_N, 12).tolist():
        t = inputs.transitions
        own = t.episodes[int(t.episode_N[i])].action(int(t.t_N[i]))
        assert own.x is None or own.y is not None
        other = Action(CLICK, 63, 0) if own.id == CLICK else Action(own.id % 4 + 1)
        found[i] = {"own": own, "other": other}
    return found


@pytest.fixture(scope="module")
def replayed(inputs: DiagnosisInputs) -> Replayed:
    return replay(inputs, None, choices_of(inputs))


def test_the_games_give_the_recorded_frames(inputs: DiagnosisInputs, replayed: Replayed) -> None:
    assert (replayed.same_N == 1).all() and not replayed.missing
    reported = replayed.line(inputs).by_game
    assert all(reported[game] and reported[game].value == 1 for game in ("keys", "taps"))  # type: ignore[union-attr]


def test_the_demo_s_own_action_always_hits_and_trying_leaves_no_trace(
    inputs: DiagnosisInputs, replayed: Replayed
) -> None:
    asked = sorted(choices_of(inputs))
    assert (replayed.hits["own"][asked] == 1).all()
    assert np.isnan(np.delete(replayed.hits["own"], asked)).all()
    assert np.nanmean(replayed.hits["other"]) < 0.7
    assert (replayed.same_N == 1).all()  # after every copy was played on


def test_recordings_that_do_not_replay_are_reported(inputs: DiagnosisInputs) -> None:
    t = inputs.transitions
    episode = t.episodes[0]
    actions = episode.actions_A3.copy()
    changes = (episode.frames_THW[1:] != episode.frames_THW[:-1]).any((1, 2))
    first = int(np.flatnonzero(changes)[0])
    actions[first] = (5, -1, -1) if actions[first, 0] != CLICK else (CLICK, 63, 0)
    spoilt = replace(episode, actions_A3=actions)
    other = replace(inputs, transitions=replace(t, episodes=[spoilt, *t.episodes[1:]]))
    same = replay(other, None, {}).same_N[t.episode_N == 0]
    assert (same[first:] == 0).all()


def test_unknown_folders_are_errors(inputs: DiagnosisInputs) -> None:
    with pytest.raises(ArcworldError, match="nowhere: found nothing; expected a folder of games"):
        replay(inputs, Path("nowhere"), {})
