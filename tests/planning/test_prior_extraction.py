"""Game priors: extracted from recordings and stored with a run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from arcworld.errors import ArcworldError
from arcworld.games.demos import make_demos
from arcworld.planning.prior_extraction import extract_game_priors
from arcworld.recordings.dataset import open_dataset
from arcworld.recordings.game_priors import (
    FILE,
    GamePriors,
    load_game_priors,
    pixel_runs,
    save_game_priors,
)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("demos")
    make_demos(out, ["keys", "taps"], demos_per_game=2)
    return out


def test_doors_are_goal_colours_and_games_of_clicks_have_none(recorded: Path) -> None:
    game_priors = extract_game_priors(list(open_dataset(recorded).episodes))
    keys, taps = (game_priors[game] for game in sorted(game_priors))
    assert len(keys.goal_colours) == 1 and keys.wins > 3
    assert taps.goal_colours == () and taps.wins == 0


def test_a_mask_and_its_runs_are_the_same() -> None:
    mask_HW = np.random.default_rng(0).random((64, 64)) < 0.3
    assert np.array_equal(GamePriors(counters=pixel_runs(mask_HW)).counter_mask_HW, mask_HW)
    assert pixel_runs(np.zeros((64, 64), np.bool_)) == ()


def test_game_priors_are_stored_with_a_run_and_are_optional(tmp_path: Path) -> None:
    assert load_game_priors(tmp_path) == {}
    predicted = {
        "tiny-0001": GamePriors((3, 9), 5, ((0, 0, 63), (63, 2, 2))),
        "tiny-0002": GamePriors(),
    }
    save_game_priors(tmp_path, predicted)
    assert load_game_priors(tmp_path) == predicted


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        '{"tiny-0001": 7}',
        '{"tiny-0001": {"goal_colours": 3, "wins": 1, "counters": []}}',
        '{"tiny-0001": {"goal_colours": [16], "wins": 1, "counters": []}}',
        '{"tiny-0001": {"goal_colours": [3], "wins": 1, "counters": [[64, 0, 1]]}}',
    ],
)
def test_a_broken_file_of_game_priors_is_an_error_of_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(ArcworldError, match="found no game priors by game"):
        load_game_priors(tmp_path)
