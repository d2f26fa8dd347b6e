"""One play, whatever happens in it, is a result."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from arcworld.play.agent import Decision
from arcworld.play.agents import catalogue
from arcworld.play.agents.random import RandomAgent
from arcworld.play.observation import Observation
from arcworld.recordings.episode import GameAction
from arcworld.tournament.playing import play_once
from arcworld.tournament.settings import Play, Settings

type WriteGames = Callable[..., Path]


class Stumbling(RandomAgent):
    """Raises at its second action."""

    def choose_action(self, observation: Observation) -> Decision:
        if observation.levels_completed == 1:
            raise KeyError("door\nin two lines")
        return Decision(GameAction(1))


def settings(agent: str = "random", **others: int) -> Settings:
    return Settings((agent,), max_actions=6, **others)  # type: ignore[arg-type]


def test_a_won_game(write_games: WriteGames) -> None:
    told: list[tuple[int, int]] = []
    play = Play("fine-0001", "random", 3, write_games("fine"))
    result = play_once(settings(), play, lambda actions, levels: told.append((actions, levels)))
    assert (result.ended, result.error, result.key) == ("won", None, play.key)
    assert (result.levels_completed, result.win_levels, result.actions) == (4, 4, 4)
    assert (result.level_actions, result.human_actions) == ((1, 1, 1, 1), (1, 1, 1, 1))
    assert (result.won_at, result.score) == ((1, 2, 3, 4), 100)
    assert told == [(1, 1), (2, 2), (3, 3), (4, 4)]
    assert 0 < result.agent_seconds < result.seconds


def test_an_agent_that_raises_keeps_its_levels(
    write_games: WriteGames, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(catalogue.AGENTS, "stumbling", lambda seed, given: Stumbling(seed))
    result = play_once(settings(), Play("fine-0001", "stumbling", 0, write_games("fine")))
    assert (result.ended, result.levels_completed, result.actions) == ("crashed", 1, 1)
    assert result.won_at == (1,) and result.score > 0 and result.win_levels == 4
    assert result.error is not None and "\n" not in result.error
    assert result.error.startswith("KeyError: ") and "test_playing.py:" in result.error


def test_what_cannot_be_opened_is_a_result_too(write_games: WriteGames, tmp_path: Path) -> None:
    folder = write_games("fine")
    (folder / "fine" / "0001" / "odd.py").write_text("class Odd: pass")
    result = play_once(settings(), Play("fine-0001", "random", 0, folder))
    assert result.error is not None and "fine-0001" in result.error
    assert (result.levels_completed, result.actions, result.ended) == (0, 0, "crashed")
    assert play_once(settings(), Play("fine-0001", "random", 0, tmp_path / "no")).error


def test_random_actions_of_a_perturbed_start_are_told_apart(write_games: WriteGames) -> None:
    play = Play("fine-0001", "random", 0, write_games("fine"))
    result = play_once(settings(start_perturbed=2), play)
    assert (result.levels_completed, result.levels_by_chance) == (4, 4)
    assert play_once(settings(), play).levels_by_chance == 0
