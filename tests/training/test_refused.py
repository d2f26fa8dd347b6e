"""Data and options that cannot be trained with are refused before anything is written."""

import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from arcworld.errors import ArcworldError
from arcworld.recordings.dataset import Dataset, open_dataset
from arcworld.recordings.episode import Action, Episode, Outcome
from arcworld.recordings.writer import RecordingWriter
from arcworld.training.recipes import RECIPES, recipe
from arcworld.training.train import _check, train


def recorded(episode: Episode, folder: Path) -> Dataset:
    for guid in ("one", "two"):
        path = folder / "data" / f"{guid}.jsonl"
        with RecordingWriter(path, episode.game_id, guid, 7) as writer:
            for t, frame in enumerate(episode.frames_THW):
                action = episode.action(t - 1) if t else Action(0)
                level = int(episode.levels_T[t])
                writer.write([frame], action, "NOT_FINISHED", level, [1, 6, 7], t == 0)
    return open_dataset(folder / "data", cache=folder / "cache")


def plain(make_episode: Callable[..., Episode], kind: int, won: bool) -> Episode:
    episode = make_episode(frames=5)
    episode.actions_A3[:] = (kind, -1, -1)
    episode.outcomes_A[:] = Outcome.NOTHING
    episode.levels_T[:] = np.append(np.zeros(4), won)
    return episode


def test_undo_in_v1_is_one_line_and_leaves_no_run(
    make_episode: Callable[..., Episode], tmp_path: Path
) -> None:
    data = recorded(plain(make_episode, 7, True), tmp_path)
    with pytest.raises(ArcworldError, match=r"has action 7; expected actions 0-6.*--scheme v2"):
        train(recipe("debug", "v1"), data, tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("devices", ["two", "0", "-1", ""])
def test_devices_that_are_none(
    make_episode: Callable[..., Episode], tmp_path: Path, devices: str
) -> None:
    data = recorded(plain(make_episode, 1, True), tmp_path)
    with pytest.raises(ArcworldError, match="expected `auto` or a number from 1"):
        train(recipe("debug"), data, tmp_path / "run", devices=devices)
    assert not (tmp_path / "run").exists()


def test_recordings_without_a_won_level_are_warned_of(
    make_episode: Callable[..., Episode], tmp_path: Path
) -> None:
    data = recorded(plain(make_episode, 1, False), tmp_path)
    with pytest.warns(UserWarning, match="no level is won"):
        _check(recipe("debug"), data.part("train"))
    won = recorded(plain(make_episode, 1, True), tmp_path / "won")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        _check(recipe("debug"), won.part("train"))


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("scheme", ["v1", "v2"])
def test_every_recipe_fits_together(name: str, scheme: str) -> None:
    made = recipe(name, scheme)  # type: ignore[arg-type]
    codes = made.codebook.codebook_size if made.codebook else made.vqvae.codebook_size
    assert made.name == name and made.scheme == scheme
    assert made.world_model.codebook_size == codes
    assert made.policy.width == made.world_model.backbone.width
    tokens = made.windows.frames * 68 + 1
    assert tokens <= max(made.world_model.backbone.positions, 2048)
    assert made.windows.frames == made.world_model.context_frames + 1


def test_an_unknown_recipe_gets_the_nearest_suggested() -> None:
    with pytest.raises(ArcworldError, match="did you mean 'small'"):
        recipe("smal")
