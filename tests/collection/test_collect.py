"""Collecting for real on small games: targets, near-duplicates, resume, provenance."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from arcworld.cli import main
from arcworld.collection import collect as collect_module
from arcworld.collection.collect import collect
from arcworld.collection.log import NAME
from arcworld.collection.settings import CollectSettings
from arcworld.errors import ArcworldError
from arcworld.play.toolkit import OWN_GAMES
from arcworld.recordings import open_dataset, read_recording
from arcworld.recordings.recording import Recording
from arcworld.tournament.playing import play_once
from arcworld.tournament.results import PlayResult
from arcworld.tournament.settings import Play, Settings


@pytest.fixture
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> list[Play]:
    """Play without worker processes; returns the list of what is played."""
    played: list[Play] = []

    def play_here(settings: Settings, plays: Iterator[Play], workers: int) -> Iterator[PlayResult]:
        for play in plays:
            played.append(play)
            yield play_once(settings, play)

    monkeypatch.setattr(collect_module, "play_in_processes", play_here)
    return played


def settings(out: Path, *agents: str, game: str = "keys", **more: int) -> CollectSettings:
    play = Settings(agents, only=(game,), max_actions=20, seeds=more.get("seeds", 2))
    return CollectSettings(replace(play, recordings=out), more.get("target", 1000))


def files(out: Path) -> set[str]:
    return {path.name.removesuffix(".recording.jsonl.gz") for path in out.rglob("*.gz")}


def test_each_play_is_a_recording_that_names_its_player(
    tmp_path: Path, in_this_process: list[Play]
) -> None:
    out = tmp_path / "out"
    found = collect(settings(out, "random", "explorer"))
    assert [(one.agent, one.seed) for one in found] == [
        ("random", 0), ("explorer", 0), ("random", 1), ("explorer", 1),
    ]  # fmt: skip
    assert all(one.kept and one.novel > 0 and one.actions == 20 for one in found)
    assert files(out) == {"random-0", "random-1", "explorer-0", "explorer-1"}
    dataset = open_dataset(out, cache=tmp_path / "cache")
    assert {episode.player for episode in dataset.episodes} == {"random", "explorer"}
    assert not dataset.skipped and len(dataset.guids) == 4


def test_a_game_is_finished_at_its_target(tmp_path: Path, in_this_process: list[Play]) -> None:
    found = collect(settings(tmp_path / "out", "random", "explorer", target=5, seeds=5))
    assert len(in_this_process) == 1 and found[0].novel >= 5
    further = settings(tmp_path / "out", "random", "explorer", target=found[0].novel + 1, seeds=5)
    (more,) = collect(further)[1:]
    assert more.agent == "explorer" and len(in_this_process) == 2


def test_progress_counts_novel_transitions_or_actions_and_ends_in_full(
    tmp_path: Path, in_this_process: list[Play]
) -> None:
    reported: list[tuple[int, int, float]] = []

    def progress(what: str, done: int, total: int, /, **measures: float) -> None:
        reported.append((done, total, measures["plays"]))

    collect(settings(tmp_path / "out", "random", seeds=4, target=1000), progress=progress)
    assert reported == [(250, 1000, 1), (500, 1000, 2), (750, 1000, 3), (1000, 1000, 4)]


def test_near_duplicates_are_left_out_and_end_a_game(
    tmp_path: Path, in_this_process: list[Play]
) -> None:
    known = tmp_path / "known"
    collect(settings(known, "random"))
    again = replace(settings(tmp_path / "out", "random", seeds=9), known=known)
    found = collect(again)
    assert [one.kept for one in found[:2]] == [False, False] and found[0].novel == 0
    assert "random-0" not in files(tmp_path / "out")
    everything = replace(again, least_novel=1.0)
    everything = replace(everything, play=replace(everything.play, recordings=tmp_path / "none"))
    assert len(collect(everything)) == everything.dull_plays == 2


def test_a_recording_that_won_more_levels_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A win may be the only novel transition of a long recording."""

    def play_here(settings: Settings, plays: Iterator[Play], workers: int) -> Iterator[PlayResult]:
        for play in plays:
            yield replace(play_once(settings, play), levels_completed=min(play.seed, 1))

    monkeypatch.setattr(collect_module, "play_in_processes", play_here)
    made = settings(tmp_path / "out", "random", seeds=3)
    longer = replace(made.play, max_actions=80)
    found = collect(replace(made, play=longer, least_novel=1.0))
    assert all(0 < one.novel < one.actions for one in found)
    assert [one.kept for one in found] == [False, True, False]


def test_what_is_played_is_not_played_again(tmp_path: Path, in_this_process: list[Play]) -> None:
    out = tmp_path / "out"
    collect(settings(out, "random", seeds=1))
    first = read_recording(next(out.rglob("*.gz")))
    found = collect(settings(out, "random", seeds=3))
    assert [play.seed for play in in_this_process] == [0, 1, 2] and len(found) == 3
    collect(settings(tmp_path / "once-more", "random", seeds=1))
    again = read_recording(next((tmp_path / "once-more").rglob("*.gz")))
    assert again.guid == first.guid
    assert (again.episodes[0].frames_THW == first.episodes[0].frames_THW).all()


def test_a_play_that_crashes_leaves_no_recording(
    tmp_path: Path, in_this_process: list[Play], monkeypatch: pytest.MonkeyPatch
) -> None:
    from arcworld.play.agents.random import RandomAgent

    def fail(*_: object) -> None:
        raise RuntimeError("no idea")

    made = settings(tmp_path / "out", "random", seeds=1)
    monkeypatch.setattr(RandomAgent, "observe", fail)
    (found,) = collect(made)
    assert found.error is not None and "no idea" in found.error and not found.kept
    assert not list((tmp_path / "out").rglob("*.gz"))


def test_a_recording_that_contradicts_itself_is_a_play_that_failed(
    tmp_path: Path, in_this_process: list[Play], monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(path: Path) -> Recording:
        if path.name.startswith("random-0"):
            raise ArcworldError(f"{path}: levels_completed contradicts the action")
        return read_recording(path)

    monkeypatch.setattr(collect_module, "read_recording", read)
    failed, kept = collect(settings(tmp_path / "out", "random"))
    assert failed.error is not None and "contradicts" in failed.error and not failed.kept
    assert kept.error is None and files(tmp_path / "out") == {"random-1"}


def test_other_settings_and_other_folders_are_refused(
    tmp_path: Path, in_this_process: list[Play]
) -> None:
    out = tmp_path / "out"
    collect(settings(out, "random", seeds=1))
    with pytest.raises(ArcworldError, match=r"found agents.*expected the settings"):
        collect(settings(out, "explorer", seeds=1))
    (tmp_path / "full").mkdir()
    (tmp_path / "full/notes.txt").write_text("mine")
    with pytest.raises(ArcworldError, match=r"found files but no collect\.json"):
        collect(settings(tmp_path / "full", "random"))
    (out / NAME).write_text("[]")
    with pytest.raises(ArcworldError, match="found no log"):
        collect(settings(out, "random", seeds=1))


@pytest.mark.parametrize(
    ("option", "value"), [("--least-novel", "2"), ("--target", "0"), ("--agents", "nobody")]
)
def test_bad_options_are_refused_before_anything_is_played(
    tmp_path: Path, option: str, value: str, in_this_process: list[Play]
) -> None:
    assert main(["collect", "--out", str(tmp_path / "out"), option, value]) == 2
    assert not in_this_process and not (tmp_path / "out").exists()


def test_the_command_plays_in_processes_and_check_accepts_the_result(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    words = ["collect", "--games", str(OWN_GAMES), "--only", "keys", "--agents", "random,explorer"]
    words += ["--max-actions", "15", "--plays", "2", "--workers", "2", "--out", str(out)]
    assert main(words) == 0
    shown = capsys.readouterr().out
    assert "explorer" in shown and f"arcworld check {out}" in shown
    log = json.loads((out / NAME).read_text())
    assert len(log["plays"]) == 4 and log["settings"]["target"] == 2000
    assert main(["check", str(out)]) == 0
    assert "4 files, 4 usable" in capsys.readouterr().out
