"""Every play has a result, whatever happens during it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from arcworld.errors import ArcworldError
from arcworld.play.agent import Decision
from arcworld.play.agents import catalogue
from arcworld.play.agents.random import RandomAgent
from arcworld.play.observation import Observation
from arcworld.recordings.episode import Action
from arcworld.recordings.writer import RecordingWriter
from arcworld.tournament.playing import play_once
from arcworld.tournament.settings import Play, Settings

type WriteGames = Callable[..., Path]


class Stumbling(RandomAgent):
    """Raises at its second action."""

    def choose_action(self, observation: Observation) -> Decision:
        if observation.levels_completed == 1:
            raise KeyError("door\nin two lines")
        return Decision(Action(1))


def settings(agent: str = "random", **others: int | str) -> Settings:
    return Settings((agent,), max_actions=6, **others)  # type: ignore[arg-type]


def test_a_won_game(write_games: WriteGames) -> None:
    reported: list[tuple[int, int]] = []
    play = Play("fine-0001", "random", 3, write_games("fine"))
    result = play_once(settings(), play, lambda actions, levels: reported.append((actions, levels)))
    assert (result.ended, result.error, result.key) == ("won", None, play.key)
    assert (result.levels_completed, result.win_levels, result.actions) == (4, 4, 4)
    assert (result.level_actions, result.human_actions) == ((1, 1, 1, 1), (1, 1, 1, 1))
    assert (result.won_at, result.score) == ((1, 2, 3, 4), 100)
    assert reported == [(1, 1), (2, 2), (3, 3), (4, 4)]
    assert 0 < result.agent_seconds < result.seconds


def test_an_agent_that_raises_keeps_its_levels(
    write_games: WriteGames, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(catalogue.AGENTS, "stumbling", lambda seed, inputs: Stumbling(seed))
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


def test_random_actions_of_a_perturbed_start_are_counted_apart(write_games: WriteGames) -> None:
    play = Play("fine-0001", "random", 0, write_games("fine"))
    result = play_once(settings(start_perturbed=2), play)
    assert (result.levels_completed, result.levels_by_chance) == (4, 4)
    assert play_once(settings(), play).levels_by_chance == 0


def test_a_redrawn_game_has_the_same_rules(write_games: WriteGames) -> None:
    play = Play("fine-0001", "explorer", 0, write_games("fine"))
    found, plain = play_once(settings(redraw="cores"), play), play_once(settings(), play)
    assert found.error is None and found.levels_completed == plain.levels_completed > 0


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """A recording of the game, each level won by its only action, and three folds of a run."""
    with RecordingWriter(tmp_path / "data" / "one.jsonl", "fine-0001", "guid", 4) as writer:
        for level in range(5):
            state = "WIN" if level == 4 else "NOT_FINISHED"
            action = Action(int(level > 0))
            writer.write(
                [np.full((64, 64), level, np.uint8)], action, state, level, (1,), not level
            )
    for fold in range(3):
        (tmp_path / "run" / "crossval" / f"fold-{fold + 1}" / "policy").mkdir(parents=True)
    return tmp_path


def test_each_level_is_played_by_the_fold_that_never_saw_it(
    write_games: WriteGames, recorded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    played: list[tuple[str, int]] = []

    class Fold(RandomAgent):
        def __init__(self, run: Path | None) -> None:
            super().__init__(0)
            self.run = run

        def choose_action(self, observation: Observation) -> Decision:
            assert self.run is not None
            played.append((self.run.name, observation.levels_completed))
            return Decision(Action(1))

    monkeypatch.setitem(catalogue.AGENTS, "fold", lambda _, inputs: Fold(Path(str(inputs.run))))
    monkeypatch.setenv("ARCWORLD_CACHE", str(recorded / "cache"))
    folds = Settings(
        ("fold",), run=recorded / "run", data=(recorded / "data",), held_out_levels=True
    )
    folds.check()
    result = play_once(folds, Play("fine-0001", "fold", 0, write_games("fine")))
    assert played == [("fold-1", 0), ("fold-2", 1), ("fold-3", 2), ("fold-3", 3)]
    assert (result.error, result.assisted, result.won) == (None, (), (0, 1, 2, 3))


def test_missing_inputs_of_held_out_levels_are_errors(
    recorded: Path, write_games: WriteGames
) -> None:
    run, data = recorded / "run", recorded / "data"
    with pytest.raises(ArcworldError, match="give --run and --data"):
        Settings(("random",), held_out_levels=True).check()
    with pytest.raises(ArcworldError, match="one of them"):
        Settings(
            ("random",), run=run, data=(data,), start_perturbed=2, held_out_levels=True
        ).check()
    (run / "crossval" / "fold-2" / "policy").rmdir()
    with pytest.raises(ArcworldError, match=r"fold-2.*arcworld crossval"):
        Settings(("random",), run=run, data=(data,), held_out_levels=True).check()
