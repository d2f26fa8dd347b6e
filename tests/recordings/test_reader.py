"""Episodes written in any dialect are read back equal."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arcworld.recordings.episode import Outcome
from arcworld.recordings.reader import iter_grids, read_recording

DIALECTS = ["toolkit", "agents", "legacy", "human"]


@given(
    st.sampled_from(DIALECTS),
    st.lists(st.integers(1, 5), min_size=1, max_size=3),
    st.integers(0, 2**32),
    st.booleans(),
    st.booleans(),
)
@settings(max_examples=40, deadline=None)
def test_round_trip(
    make: Any, same: Any, dialect: str, lengths: list[int], seed: int, compact: bool, zipped: bool
) -> None:
    starts = np.cumsum([0, *lengths])
    episodes = [
        make.episode(seed + i, frames, start=int(starts[i]), colours=1 + seed % 16)
        for i, frames in enumerate(lengths)
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{make.guid}.recording.jsonl"
        make.write(path, make.rows(dialect, episodes), compact=compact, zipped=zipped)
        recording = read_recording(path)
        grids = list(iter_grids(path))
    same(recording.episodes, episodes)
    assert recording.dialect == dialect
    assert (recording.game_id, recording.guid) == (make.game, make.guid)
    assert recording.rows == sum(lengths) + (dialect in ("agents", "human"))
    assert [len(g) for g in grids] == [n for e in episodes for n in e.grids_T]
    frames = np.concatenate([e.frames_THW for e in episodes])
    assert np.array_equal(np.stack([g[-1] for g in grids]), frames)
    assert not [p for p in recording.problems if p.fatal]


def read_rows(make: Any, folder: Path, rows: list[Any], **options: Any) -> Any:
    return read_recording(make.write(folder / "a.jsonl", rows), **options)


def test_the_action_in_a_row_led_to_its_frame(make: Any, tmp_path: Path) -> None:
    rows = make.rows("human", [make.episode(frames=3)])
    rows[1]["data"]["action_input"] = {"id": 6, "data": {"x": 5, "y": 9}}
    step = next(read_rows(make, tmp_path, rows).episodes[0].steps())
    assert step.action.as_row() == (6, 5, 9)
    assert step.frame_HW.tolist() == rows[0]["data"]["frame"][-1]
    assert step.next_frame_HW.tolist() == rows[1]["data"]["frame"][-1]


def test_outcomes_and_level_reset_stay_in_the_episode(make: Any, tmp_path: Path) -> None:
    rows = make.rows("toolkit", [make.episode(frames=6)])
    states = ["NOT_FINISHED", "NOT_FINISHED", "GAME_OVER", "NOT_FINISHED", "NOT_FINISHED", "WIN"]
    for row, state, levels in zip(rows, states, [0, 1, 1, 1, 1, 7], strict=True):
        row["data"] |= {"state": state, "levels_completed": levels}
    rows[3]["data"]["action_input"] = {"id": "RESET", "data": {}}
    (episode,) = read_rows(make, tmp_path, rows).episodes
    nothing, won, over = Outcome.NOTHING, Outcome.LEVEL_WON, Outcome.GAME_OVER
    assert episode.outcomes_A.tolist() == [won, over, nothing, nothing, won]
    assert episode.action(2).name == "RESET"


def test_refused_action_after_game_over_is_left_out(make: Any, tmp_path: Path) -> None:
    rows = make.rows("toolkit", [make.episode(frames=4)])
    rows[1]["data"]["state"] = "GAME_OVER"
    rows[2]["data"] |= {"frame": [], "state": "GAME_OVER", "levels_completed": 0, "win_levels": 0}
    rows[3]["data"]["action_input"] = {"id": "RESET", "data": {}}
    recording = read_rows(make, tmp_path, rows)
    (episode,) = recording.episodes
    assert episode.outcomes_A.tolist() == [Outcome.GAME_OVER, Outcome.NOTHING]
    assert episode.actions_A3[:, 0].tolist()[1] == 0 and episode.win_levels == 7
    assert [(p.line, p.fatal) for p in recording.problems] == [(3, False)]


@pytest.mark.parametrize(
    ("state", "levels_before", "levels_after", "episodes"),
    [
        ("NOT_FINISHED", 2, 0, 2),
        ("WIN", 7, 0, 2),
        ("NOT_FINISHED", 2, 2, 1),
        ("GAME_OVER", 0, 0, 1),
    ],
)
def test_full_resets_without_the_flag(
    make: Any, tmp_path: Path, state: str, levels_before: int, levels_after: int, episodes: int
) -> None:
    rows = make.rows("legacy", [make.episode(frames=4)])
    for row in rows:
        del row["data"]["full_reset"]
    rows[1]["data"] |= {"state": state, "score": levels_before}
    rows[2]["data"] |= {"action_input": {"id": 0}, "score": levels_after}
    rows[3]["data"]["score"] = levels_after
    found = read_rows(make, tmp_path, rows).episodes
    assert [len(e) for e in found] == ([1, 1] if episodes == 2 else [3])
    assert found[-1].start == (2 if episodes == 2 else 0)


def test_full_reset_flag_needs_a_reset(make: Any, tmp_path: Path) -> None:
    rows = make.rows("human", [make.episode(frames=4)])
    for row in rows[:-1]:
        row["data"]["full_reset"] = True
    recording = read_rows(make, tmp_path, rows)
    assert [len(e) for e in recording.episodes] == [3]
    assert "full_reset with an action other" in recording.problems[0].message


def test_missing_available_actions_are_those_used(make: Any, tmp_path: Path) -> None:
    rows = make.rows("human", [make.episode(frames=4)])
    for row in rows[:-1]:
        del row["data"]["available_actions"]
    (episode,) = read_rows(make, tmp_path, rows).episodes
    assert set(episode.available_actions(0)) == set(episode.actions_A3[:, 0].tolist())


def test_a_count_that_differs_is_reported(make: Any, tmp_path: Path) -> None:
    rows = make.rows("human", [make.episode(frames=5)])
    del rows[2]
    recording = read_rows(make, tmp_path, rows)
    assert recording.usable
    assert "counts 4 actions, the rows 3" in recording.problems[-1].message


def test_grids_nested_elsewhere_are_not_the_frame(make: Any, tmp_path: Path, same: Any) -> None:
    episode = make.episode(frames=3)
    rows = make.rows("toolkit", [episode])
    other = make.episode(9, 1).frames_THW.tolist()
    for row in rows:
        row["data"] = {"reasoning": {"frame": other, "text": '"frame":[[[1]]]'}} | row["data"]
        row["data"]["action_input"]["reasoning"] = {"frame": other}
    same(read_rows(make, tmp_path, rows).episodes, [episode])


def test_blank_lines_marks_and_line_ends(make: Any, tmp_path: Path, same: Any) -> None:
    episode = make.episode(frames=3)
    path = make.write(tmp_path / "a.jsonl", make.rows("human", [episode]))
    text = path.read_bytes().replace(b"\n", b"\r\n\r\n")
    path.write_bytes(b"\xef\xbb\xbf" + text.rstrip())
    same(read_recording(path).episodes, [episode])


def test_only_last_grids_are_kept(make: Any, tmp_path: Path) -> None:
    episode = read_rows(make, tmp_path, make.rows("human", [make.episode(frames=3)])).episodes[0]
    assert episode.frames_THW.base is None
