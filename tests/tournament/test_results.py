"""Results in files: none lost, none twice, other settings refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arcworld.errors import ArcworldError
from arcworld.tournament.results import RESULTS, SETTINGS, PlayResult, ResultStore
from arcworld.tournament.settings import Settings

type MakePlay = Callable[..., PlayResult]

SEEN = {"agents": ["random"], "max_actions": 5}


@given(st.builds(PlayResult, st.text(), st.text(), st.integers(), error=st.none() | st.text()))
def test_a_result_survives_json(result: PlayResult) -> None:
    assert PlayResult.from_dict(result.as_dict()) == result


def test_a_cut_file_of_results_is_continued(tmp_path: Path, make_play: MakePlay) -> None:
    first, second = make_play(3, 4), make_play(seed=1)
    ledger = ResultStore.open(tmp_path, SEEN, ["g"])
    ledger.add(first)
    ledger.add(second)
    path = tmp_path / RESULTS
    whole = path.read_bytes()
    path.write_bytes(whole[:-9])
    again = ResultStore.open(tmp_path, SEEN, ["g"])
    assert list(again.results.values()) == [first]
    again.add(second)
    assert path.read_bytes() == whole


@pytest.mark.parametrize(
    ("settings", "games", "reported"),
    [
        ({**SEEN, "max_actions": 6}, ["g"], "max_actions 5, not 6"),
        (SEEN, ["g", "h"], 'game_ids ["g"], not ["g", "h"]'),
        ({**SEEN, "weights": "abc"}, ["g"], 'weights null, not "abc"'),
    ],
)
def test_other_settings_are_refused(
    tmp_path: Path, settings: dict[str, object], games: list[str], reported: str
) -> None:
    ResultStore.open(tmp_path, SEEN, ["g"])
    with pytest.raises(ArcworldError, match="begun with") as refused:
        ResultStore.open(tmp_path, settings, games)
    assert reported in str(refused.value) and "\n" not in str(refused.value)


@pytest.mark.parametrize("line", ["no JSON", "[1]", '{"agent": "a"}', '{"odd": 1}'])
def test_a_broken_line_is_named(tmp_path: Path, line: str) -> None:
    ResultStore.open(tmp_path, SEEN, ["g"])
    (tmp_path / RESULTS).write_text(line + "\n")
    with pytest.raises(ArcworldError, match=f"{RESULTS}:1: no result"):
        ResultStore.open(tmp_path, SEEN, ["g"])


def test_a_folder_with_half_a_tournament_is_refused(tmp_path: Path) -> None:
    (tmp_path / RESULTS).write_text("")
    with pytest.raises(ArcworldError, match=f"without {SETTINGS}"):
        ResultStore.open(tmp_path, SEEN, ["g"])
    (tmp_path / SETTINGS).write_text("[]")
    with pytest.raises(ArcworldError, match="no settings"):
        ResultStore.open(tmp_path, SEEN, ["g"])


def test_weights_are_settings(tmp_path: Path) -> None:
    run = tmp_path / "run"
    (run / "policy").mkdir(parents=True)
    weights = run / "policy" / "model.safetensors"
    weights.write_bytes(b"one")
    settings = Settings(("random", "policy"), run=run)
    before = settings.as_dict()
    (run / "report.json").write_text("{}")
    assert settings.as_dict() == before
    weights.write_bytes(b"two")
    assert settings.as_dict()["weights"] != before["weights"]
    assert replace(settings, agents=("random",)).as_dict()["weights"] is None
