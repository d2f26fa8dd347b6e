"""A film shows the true game beside an open-loop prediction, shot for shot."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from arcworld.errors import ArcworldError
from arcworld.film.draw import PAUSE, draw_shot, save_film
from arcworld.film.learned import filmed_online
from arcworld.film.play import film_game, levels_won
from arcworld.film.record import FilmedAgent, OpenLoop, Shot
from arcworld.games.demo_player import load_demo_player
from arcworld.models.run import Run, from_pretrained
from arcworld.play.agent import Decision
from arcworld.play.dream import Dream
from arcworld.play.observation import Observation
from arcworld.play.session import play_game
from arcworld.play.toolkit import Toolkit
from arcworld.recordings.episode import RESET, Action


@pytest.fixture(scope="module")
def run() -> Run:
    return from_pretrained("small")


class Scripted:
    """Plays given actions in turn."""

    name = "scripted"

    def __init__(self, actions: Sequence[Action]) -> None:
        self._actions = list(actions)

    def begin(self, observation: Observation) -> None:
        pass

    def choose_action(self, observation: Observation) -> Decision:
        return Decision(self._actions.pop(0))

    def observe(self, decision: Decision, observation: Observation) -> None:
        pass


def solution(game: str) -> list[Action]:
    """Actions that win the first level."""
    return load_demo_player(game).solution(0, np.random.default_rng(0))


def shot(wrong: int, steps: int, *, level: int = 1, won: bool = False) -> Shot:
    true = np.zeros((64, 64), np.uint8)
    predicted = true.copy()
    predicted.flat[:wrong] = 5
    return Shot(true, predicted, Action(6, 3, 4), level, steps, won)


def test_a_level_is_predicted_from_its_first_frame_and_the_actions(run: Run) -> None:
    won = solution("mosaic")
    actions = [*won[:1], Action(RESET), *won, won[0]]
    filmed = FilmedAgent(Scripted(actions), OpenLoop(run))
    with Toolkit() as toolkit:
        session = toolkit.open("mosaic")
        filmed.begin(session.observation)
        dream = Dream(run, session.observation)
        for _ in actions:
            decision = filmed.choose_action(session.observation)
            filmed.observe(decision, session.step(decision.action))
    steps = [one.steps for one in filmed.shots]
    assert steps == [0, 1, 0, *range(1, len(won) + 1), 1]
    assert [one.won for one in filmed.shots].index(True) == len(won) + 2
    assert (dream.step(actions[0]).frame_HW == filmed.shots[1].predicted_HW).all()
    assert filmed.shots[2].wrong == 0 and filmed.shots[2].label == "reset"
    assert filmed.shots[-1].level == 2 and filmed.win_levels == 6


def test_the_model_that_learns_predicts_before_it_learns() -> None:
    filmed = filmed_online(seed=3)
    with Toolkit() as toolkit:
        play_game(filmed, toolkit, "taps", 20, 1)
    first, *others = filmed.shots
    assert first.note == "nothing is known of this game" and first.wrong == 0
    assert [one.note.split(":")[0] for one in others] == [f"action {n}" for n in range(1, 21)]
    assert {one.steps for one in others if one.action != Action(RESET) and not one.won} == {1}
    assert others[0].wrong > 0 == min(one.wrong for one in others if one.steps)


def test_a_game_becomes_a_moving_picture(run: Run, tmp_path: Path) -> None:
    won = solution("mosaic")
    heard: list[str] = []
    film = film_game(
        run,
        "mosaic",
        tmp_path / "made" / "film.gif",
        max_actions=len(won),
        agent=Scripted(won),
        zoom=2,
        on_level=lambda level: heard.append(str(level)),
    )
    assert film.result.levels_completed == 1 and len(film.shots) == len(won) + 1
    assert heard == [str(level) for level in levels_won(film.shots)]
    assert heard[0].startswith(f"level 1 won in {len(won)} actions; ")
    with Image.open(film.path) as picture:
        assert picture.n_frames == len(film.shots)  # pyright: ignore[reportAttributeAccessIssue]


def test_levels_count_actions_and_exact_predictions() -> None:
    shots = [shot(0, 0), shot(0, 1), shot(3, 2), shot(0, 3, won=True), shot(0, 1, level=2)]
    (level,) = levels_won(shots)
    assert (level.number, level.actions, level.exact) == (1, 3, 2)


def test_panels_show_the_frames_and_the_error() -> None:
    picture = np.asarray(draw_shot(shot(1, 1), "made", zoom=2))
    red = (picture == (220, 30, 30)).all(-1)
    right = red[:, 2 * 136 :]
    assert right[46:174].any() and not red[46:174, : 2 * 136].any()
    assert not (np.asarray(draw_shot(shot(0, 1), "made", zoom=2)) == (220, 30, 30)).all(-1).any()


def test_a_won_level_stays_for_longer(tmp_path: Path) -> None:
    path = save_film([shot(0, 1), shot(2, 2, won=True), shot(3, 3)], "x", tmp_path / "x.gif", 1)
    with Image.open(path) as picture:
        picture.seek(1)
        assert picture.info["duration"] == PAUSE


def test_what_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArcworldError, match="no shots"):
        save_film([], "x", tmp_path / "x.gif")
    with pytest.raises(ArcworldError, match=r"ends in \.gif"):
        save_film([shot(0, 1)], "x", tmp_path / "x.mp4")


def test_a_wrong_name_is_refused_before_the_game_is_played(run: Run, tmp_path: Path) -> None:
    with pytest.raises(ArcworldError, match=r"found a name that ends in '\.mp4'"):
        film_game(run, "mosaic", tmp_path / "x.mp4", agent=Scripted([]))


def test_a_model_that_learns_during_play_is_filmed_too(tmp_path: Path) -> None:
    """It predicts before it learns: the first move of a game is wrong, later ones are right."""
    made = film_game(None, "keys", tmp_path / "learned.gif", max_actions=25)
    first, *later = made.shots
    assert first.note == "nothing is known of this game" and first.action is None
    assert [shot.note.split(":")[0] for shot in later] == [f"action {n}" for n in range(1, 26)]
    moved = [shot for shot in later if shot.steps]
    assert moved[0].wrong > 10 > np.median([shot.wrong for shot in moved[10:]])
    with Image.open(made.path) as film:
        assert getattr(film, "n_frames", 1) == 26
