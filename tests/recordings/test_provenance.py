"""The last row of a recording says who played it, and every reader of recordings passes it on."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from arcworld.recordings import Action, Episode, RecordingWriter, open_dataset, read_recording
from arcworld.recordings.check import check_file
from arcworld.recordings.joined import join
from arcworld.recordings.provenance import RECORDED, Provenance

EXPLORER = Provenance("explorer", 3, "dots-0badcafe", "0.3", run="small", weights="ab12")


def write(path: Path, episode: Episode, provenance: Provenance | None) -> None:
    of = episode.game_id, episode.guid, episode.win_levels
    with RecordingWriter(path, *of, provenance) as writer:
        actions = [Action(0), *(episode.action(t) for t in range(len(episode)))]
        for t, action in enumerate(actions):
            levels, available = int(episode.levels_T[t]), episode.available_actions(t)
            frame = [episode.frames_THW[t]]
            writer.write(frame, action, "NOT_FINISHED", levels, available, t == 0)


@pytest.fixture
def made(make_episode: Callable[..., Episode]) -> Episode:
    episode = make_episode(3, undo=False)
    return replace(episode, actions_A3=episode.actions_A3.clip(1, 5) * [1, 0, 0] - [0, 1, 1])


@pytest.mark.parametrize("name", ["a.jsonl", "a.recording.jsonl.gz"])
def test_a_recording_with_provenance_is_one_without_a_problem(
    tmp_path: Path, made: Episode, name: str
) -> None:
    write(tmp_path / name, made, EXPLORER)
    recording = read_recording(tmp_path / name)
    assert (recording.player, recording.dialect) == ("explorer", "toolkit")
    assert recording.steps == len(made) and not recording.problems
    assert {episode.player for episode in recording.episodes} == {"explorer"}
    assert check_file(tmp_path / name).as_dict()["player"] == "explorer"
    opened = gzip.open if name.endswith("gz") else open
    with opened(tmp_path / name) as file:
        last = json.loads(list(file)[-1])["data"]
    assert last["total_actions"] == len(made)
    assert last["player"] == EXPLORER.as_dict()


def test_without_provenance_the_player_is_recorded(tmp_path: Path, made: Episode) -> None:
    write(tmp_path / "a.jsonl", made, None)
    assert read_recording(tmp_path / "a.jsonl").player == RECORDED


@pytest.mark.parametrize("player", [None, 3, "explorer", {}, {"agent": ""}, {"agent": "a\nb"}])
def test_a_player_that_is_not_a_name_is_recorded(
    tmp_path: Path, made: Episode, player: object
) -> None:
    path = tmp_path / "a.jsonl"
    write(path, made, None)
    row = {"data": {"game_id": made.game_id, "guid": made.guid, "player": player}}
    path.write_text(path.read_text() + json.dumps(row) + "\n")
    assert read_recording(path).player == RECORDED


def test_the_player_is_packed_with_the_episode(tmp_path: Path, made: Episode) -> None:
    for number, provenance in enumerate((EXPLORER, None)):
        write(tmp_path / f"data{number}/a.jsonl", replace(made, guid=f"g{number}"), provenance)
    datasets = [open_dataset(tmp_path / f"data{n}", cache=tmp_path / "cache") for n in (0, 1, 0)]
    assert [one.episodes[0].player for one in datasets] == ["explorer", RECORDED, "explorer"]
    joined = join(datasets)
    assert [episode.player for episode in joined.episodes] == ["explorer", RECORDED]


def test_another_seed_or_version_is_another_recording() -> None:
    others = (replace(EXPLORER, seed=4), replace(EXPLORER, weights="cd"))
    assert len({EXPLORER.guid, *(other.guid for other in others)}) == 3
    assert replace(EXPLORER).guid == EXPLORER.guid
