"""Players held out of training, and the run measured on them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from arcworld.cli import main
from arcworld.errors import ArcworldError
from arcworld.evaluation.evaluate import of_unseen_players, unseen_players
from arcworld.models.run import Run
from arcworld.recordings import Action, Episode, RecordingWriter, open_dataset
from arcworld.recordings.dataset import Dataset
from arcworld.recordings.provenance import Provenance

type MakeEpisode = Callable[..., Episode]


def write(path: Path, episode: Episode, player: str | None) -> None:
    provenance = Provenance.of_game(player, 0, episode.game_id) if player else None
    of = episode.game_id, episode.guid, episode.win_levels
    with RecordingWriter(path, *of, provenance) as writer:
        for t in range(len(episode) + 1):
            action = Action(0) if t == 0 else Action(1 + int(episode.actions_A3[t - 1, 0]) % 5)
            frame = [episode.frames_THW[t]]
            writer.write(frame, action, "NOT_FINISHED", min(t // 6, 3), (1, 2, 3, 4, 5), t == 0)


@pytest.fixture
def data(tmp_path: Path, make_episode: MakeEpisode, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two recordings of each of three players; one of them is named by `split.json` alone."""
    monkeypatch.setenv("ARCWORLD_CACHE", str(tmp_path / "cache"))
    for number, player in enumerate(("anna", "anna", "ben", "ben", None, None)):
        episode = make_episode(number, frames=24, guid=f"guid-{number}", undo=False)
        write(tmp_path / "data" / f"{number}.jsonl", episode, player)
    names = {"players": {"cleo": ["guid-4"]}}
    (tmp_path / "data/split.json").write_text(json.dumps(names))
    return tmp_path / "data"


def test_players_are_those_of_the_recordings_or_of_the_split_file(data: Path) -> None:
    dataset = open_dataset(data)
    assert dataset.players == ("anna", "ben", "cleo", "recorded")
    assert {e.guid: e.player for e in dataset.episodes}["guid-4"] == "cleo"
    assert dataset.of_players(["ben"]).guids == ("guid-2", "guid-3")


def test_players_held_out_are_in_neither_part(data: Path) -> None:
    dataset = open_dataset(data).hold_out_players(["ben", "cleo"])
    named = dataset.split.train | dataset.split.validation
    assert named == {"guid-0", "guid-1", "guid-5"}
    assert len(dataset.guids) == 6, "they are still there to be evaluated"
    with pytest.raises(ArcworldError, match="no recording by 'dora'"):
        dataset.hold_out_players(["dora"])


class Trained:
    """What `unseen_players` needs of a run."""

    def __init__(self, guids: set[str], **about: object) -> None:
        self.guids, self.about = guids, about

    def trained_on(self) -> set[str]:
        return self.guids


@pytest.mark.parametrize(
    ("run", "unseen"),
    [
        (Trained(set(), players=["anna", "recorded"]), ("ben", "cleo")),
        (Trained({"guid-0", "guid-2"}), ("cleo", "recorded")),
        (Trained({"elsewhere"}), ("anna", "ben", "cleo")),
    ],
)
def test_a_run_knows_the_players_it_was_trained_on(
    data: Path, run: Run, unseen: tuple[str, ...]
) -> None:
    dataset = open_dataset(data)
    assert unseen_players(run, dataset) == unseen
    assert of_unseen_players(run, dataset).players == unseen


def test_no_player_that_was_never_seen(data: Path) -> None:
    dataset: Dataset = open_dataset(data)
    run = Trained(set(), players=list(dataset.players))
    with pytest.raises(ArcworldError, match="only players that the run was trained on"):
        of_unseen_players(run, dataset)  # type: ignore[arg-type]


@pytest.mark.timeout(900)
def test_a_run_is_measured_on_a_player_that_was_held_out(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from arcworld.training import recipes

    full = recipes.debug("v2")
    short = {
        f"{stage}_schedule": replace(getattr(full, f"{stage}_schedule"), steps=2)
        for stage in ("vqvae", "world_model", "policy")
    }
    monkeypatch.setitem(recipes.RECIPES, "debug", lambda _: replace(full, **short))
    run = str(tmp_path / "run")
    words = ["train", "--data", str(data), "--recipe", "debug", "--out", run]
    assert main([*words, "--hold-out-player", "ben"]) == 0
    about = json.loads((tmp_path / "run/run.json").read_text())
    assert "ben" not in about["players"] and "anna" in about["players"]
    trained = np.concatenate(list(about["trained_on"].values()))
    assert not {"guid-2", "guid-3"} & set(trained)
    capsys.readouterr()
    out = tmp_path / "unseen.json"
    words = ["evaluate", run, "--data", str(data), "--split", "unseen_players"]
    assert main([*words, "--json", str(out)]) == 0
    assert "players never seen (ben" in capsys.readouterr().out
    found = json.loads(out.read_text())
    assert "ben" in found["about"]["players"] and found["about"]["trained_on"] == 0
    assert main(["evaluate", run, "--data", str(data)]) == 0
    assert "players never seen in training: ben" in capsys.readouterr().out
