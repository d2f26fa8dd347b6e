"""The two baselines: random play, and replay of recordings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from arcworld.play.agents.random import RandomAgent
from arcworld.play.agents.replay import ReplayAgent, shortest_paths
from arcworld.play.observation import Observation
from arcworld.play.session import play_game
from arcworld.play.toolkit import Toolkit
from arcworld.recordings.episode import Action, Episode, Outcome, level_segments
from arcworld.recordings.reader import read_recording

SHARED = Path(__file__).parents[2].parent / "shared"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="no shared/demos beside the checkout")


def episode(moves: str, game_id: str = "tiny-0001") -> Episode:
    """Digits are actions; `+` after one: it won a level; `-`: it ended the game."""
    actions = [int(move) for move in moves if move.isdigit()]
    outcomes = [Outcome.NOTHING] * len(actions)
    taken = 0
    for move in moves:
        if move.isdigit():
            taken += 1
        else:
            outcomes[taken - 1] = Outcome.LEVEL_WON if move == "+" else Outcome.GAME_OVER
    levels = np.cumsum([0] + [outcome == Outcome.LEVEL_WON for outcome in outcomes])
    frames = len(actions) + 1
    return Episode(
        game_id=game_id,
        guid="guid",
        frames_THW=np.zeros((frames, 64, 64), np.uint8),
        actions_A3=np.array([(action, -1, -1) for action in actions], np.int16).reshape(-1, 3),
        outcomes_A=np.array(outcomes, np.uint8),
        grids_T=np.ones(frames, np.uint16),
        levels_T=levels.astype(np.uint8),
        available_T=np.full(frames, 0b11110, np.uint8),
        win_levels=3,
    )


def test_level_stretches_begin_after_the_last_reset() -> None:
    assert list(level_segments(episode("113-0112+1012+11"))) == [(0, 4, 7), (1, 9, 11)]
    assert list(level_segments(episode("111"))) == []


def test_a_level_stretch_ends_early_where_the_action_that_won_was_cut_away() -> None:
    cut = replace(episode("112+1011"), won_next=True)
    assert list(level_segments(cut)) == [(0, 0, 3), (1, 5, 7)]
    assert list(level_segments(replace(episode("110"), won_next=True))) == []


def test_the_shortest_path_of_each_level_is_kept() -> None:
    paths = shortest_paths([episode("1112+12+"), episode("112+1112+2+"), episode("3", "other")])
    lengths = {level: len(path) for level, path in paths["tiny-0001"].items()}
    assert lengths == {0: 3, 1: 2, 2: 1} and paths["other"] == {}


@pytest.mark.parametrize("agent", [RandomAgent(5), ReplayAgent([episode("12+112+")], seed=5)])
def test_agents_are_reproducible(toolkit: Toolkit, agent: RandomAgent | ReplayAgent) -> None:
    first, second = (play_game(agent, toolkit, "tiny", 40, seed=1) for _ in range(2))
    assert first.level_actions == second.level_actions and first.ended == second.ended
    assert first.replaced == second.replaced == 0


def test_random_clicks_reach_the_whole_frame_and_resets_none(toolkit: Toolkit) -> None:
    observation = toolkit.open("tiny").observation
    agent = RandomAgent()
    actions = [agent.choose_action(observation).action for _ in range(4_000)]
    assert {action.id for action in actions} == {1, 2, 3, 4, 5, 6, 7}
    places = [action.as_row()[1:] for action in actions if action.id == 6]
    assert np.min(places) == 0 and np.max(places) == 63


def test_replay_wins_what_it_was_shown(toolkit: Toolkit, tmp_path: Path) -> None:
    shown = [episode("111-0112+12+112+")]
    result = play_game(ReplayAgent(shown), toolkit, "tiny", recording=tmp_path)
    assert (result.ended, result.level_actions) == ("won", (3, 2, 3))
    (again,) = read_recording(Path(str(result.recording))).episodes
    assert play_game(ReplayAgent([again]), toolkit, "tiny").level_actions == (3, 2, 3)


def test_replay_of_another_version_and_of_unknown_levels(toolkit: Toolkit) -> None:
    result = play_game(ReplayAgent([episode("112+", "tiny-9999")]), toolkit, "tiny", 3)
    assert result.levels_completed == 1
    agent = ReplayAgent([episode("112+", "big-0001")])
    observation = toolkit.open("tiny").observation
    agent.begin(observation)
    assert "random" in agent.choose_action(observation).reason


def test_replay_resets_a_level_once_where_its_path_fails(toolkit: Toolkit) -> None:
    reported: list[int] = []

    def note(decision: object, observation: Observation) -> None:
        reported.append(getattr(decision, "action").id)  # noqa: B009

    agent = ReplayAgent([episode("112+")])
    agent.paths["tiny-0001"][0] = (Action(1), Action(1))
    play_game(agent, toolkit, "tiny", 6, on_step=note)
    assert reported[:5] == [1, 1, 0, 1, 1]
    assert reported[5] != 0


@needs_shared
def test_replay_knows_every_level_of_the_demos() -> None:
    files = sorted((SHARED / "demos").glob("ls20-*/*.gz"))
    episodes = [found for file in files for found in read_recording(file).episodes]
    paths = shortest_paths(episodes)
    assert set(paths["ls20-9607627b"]) == set(range(7))
