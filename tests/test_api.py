"""The public names: which they are, that they load late, and that each shows how it is used."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import arcworld
from arcworld.errors import ArcworldError
from arcworld.models.token_world_model import TokenWorldModel
from arcworld.play.toolkit import OWN_GAMES, Toolkit
from arcworld.recordings.episode import Outcome, Step
from tests.test_house import NOT_FOR_HELP

NAMES = [
    "Action",
    "ArcEnv",
    "Dataset",
    "Episode",
    "Prediction",
    "Run",
    "WorldModelEnv",
    "evaluate",
    "from_pretrained",
    "load_dataset",
    "make_agent",
    "play",
    "train",
]


def test_the_names_are_pinned() -> None:
    assert arcworld.__all__ == NAMES
    assert set(NAMES) <= set(dir(arcworld))


def test_importing_the_package_loads_nothing_heavy() -> None:
    """`import arcworld` takes 7 ms; what would make it slow is one of these."""
    code = f"import sys, arcworld\nprint(*[m for m in {NOT_FOR_HELP!r} if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert found.stdout.split() == []


@pytest.mark.parametrize("name", NAMES)
def test_each_name_shows_its_use_in_a_doctest(name: str) -> None:
    from arcworld.play.session import play

    documented = play if name == "play" else getattr(arcworld, name)
    assert callable(getattr(arcworld, name))
    assert ">>> " in (documented.__doc__ or "") and "arcworld." in (documented.__doc__ or "")


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'load_datasets'"):
        _ = arcworld.load_datasets  # type: ignore[attr-defined]


def test_the_package_play_is_also_the_function(tmp_path: Path) -> None:
    from arcworld.play.session import GameResult

    result = arcworld.play("random", "keys", max_actions=3, recording=str(tmp_path / "plays"))
    assert isinstance(result, GameResult)
    assert result.recording is not None and Path(result.recording).parent == tmp_path / "plays"


def test_paths_may_be_strings() -> None:
    with Toolkit(str(OWN_GAMES)) as toolkit:
        assert "keys-3d1f7a92" in toolkit.games()
    env = arcworld.ArcEnv("keys", games=str(OWN_GAMES))
    env.reset()
    env.close()


@pytest.fixture(scope="module")
def small() -> arcworld.Run:
    return arcworld.from_pretrained("small")


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> arcworld.Episode:
    folder = tmp_path_factory.mktemp("played")
    arcworld.play("random", "keys", max_actions=4, recording=folder)
    return arcworld.load_dataset(str(folder), cache=str(folder / "cache")).episodes[0]


def test_predict_equals_the_world_model(small: arcworld.Run, played: arcworld.Episode) -> None:
    model = TokenWorldModel(small)
    state = model.reset(played.frames_THW[0])
    step = next(played.steps())
    state = model.observe(
        state, Step(step.frame_HW, step.action, Outcome.NOTHING, step.next_frame_HW)
    )
    wanted = model.predict(state, [played.action(1)])
    found = small.predict(played.frames_THW[:2], [played.action(0), played.action(1)])
    assert np.array_equal(found.frame_HW, wanted.frames_NHW[0])
    assert np.allclose(found.outcomes_NO, wanted.outcomes_NO)


@pytest.mark.parametrize(
    ("frames", "actions", "reason"),
    [
        (np.zeros((2, 64, 64), int), 1, "found 1 actions for 2 frames"),
        (np.zeros((32, 32), int), 1, "expected whole colours 0-15"),
        (np.full((64, 64), 16), 1, "expected whole colours 0-15"),
    ],
)
def test_predict_refuses_other_forms(
    small: arcworld.Run, frames: np.ndarray, actions: int, reason: str
) -> None:
    with pytest.raises(ArcworldError, match=reason):
        small.predict(frames, [arcworld.Action(1)] * actions)
