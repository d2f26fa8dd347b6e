"""What recordings tell is worth touching, kept with a run and told to the agent's memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from arcworld.errors import ArcworldError
from arcworld.games.demos import make_demos
from arcworld.models.prize import FILE, Prize, load_prizes, save_prizes
from arcworld.planning.prizes import find_prizes
from arcworld.recordings.dataset import open_dataset


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("demos")
    make_demos(out, ["keys", "taps"], demos_per_game=2)
    return out


def test_doors_are_found_worth_touching_and_games_of_clicks_have_no_prize(recorded: Path) -> None:
    (game, prize), *others = find_prizes(list(open_dataset(recorded).episodes)).items()
    assert game.startswith("keys-") and not others
    assert len(prize.colours) == 1 and prize.wins > 3


def test_prizes_are_kept_with_a_run_and_a_run_may_have_none(tmp_path: Path) -> None:
    assert load_prizes(tmp_path) == {}
    told = {"tiny-0001": Prize((3, 9), 5)}
    save_prizes(tmp_path, told)
    assert load_prizes(tmp_path) == told


@pytest.mark.parametrize("text", ['{"tiny-0001": {"colours": 3}}', '{"tiny-0001": 7}'])
def test_a_file_that_is_no_list_of_prizes_is_refused_in_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(ArcworldError, match="found no colours and wins"):
        load_prizes(tmp_path)
