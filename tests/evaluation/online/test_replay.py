"""Online evaluation of models for which the correct numbers are known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from arcworld.errors import ArcworldError
from arcworld.evaluation.measures.calibration import calibration_error
from arcworld.evaluation.online.baselines import (
    CopyModel,
    FrameState,
    LastEffectModel,
    LookupModel,
)
from arcworld.evaluation.online.plays import LAST_ACTION, Play, lay_out
from arcworld.evaluation.online.prequential import evaluate_online
from arcworld.evaluation.online.replay import replay
from arcworld.models.interface import Prediction, make_prediction
from arcworld.recordings.episode import Action, Episode, Outcome, Step

type EpisodeOf = Callable[..., Episode]
type StepsOf = Callable[..., list[Step]]
SHARES = (
    "changed_pixel_acc", "exact_frame", "exact_masked", "exact_changed", "sure_share", "sure_right",
    "open_loop_1_exact", "open_loop_10_exact", "open_loop_10_sure_share", "open_loop_10_sure_right",
)  # fmt: skip


def blank(*pixels: tuple[int, int, int]) -> NDArray[np.uint8]:
    """A frame of colour 0, except for some pixels (y, x, colour)."""
    frame_HW = np.zeros((64, 64), np.uint8)
    for y, x, colour in pixels:
        frame_HW[y, x] = colour
    return frame_HW


@pytest.fixture
def play(episode_of: EpisodeOf, steps_of: StepsOf) -> Play:
    return lay_out([episode_of(steps_of())], "walk.jsonl")


@dataclass(frozen=True, eq=False)
class Place:
    """A state that contains its index in the episode."""

    frame_HW: NDArray[np.uint8]
    t: int


def knowing(episode: Episode) -> Callable[..., Any]:
    """The class of a model that returns the true frames of the episode."""

    def at(t: int) -> Place:
        return Place(episode.frames_THW[t], t)

    class Perfect:
        name = "perfect"

        def __init__(self, seed: int = 0) -> None:
            del seed

        def reset(self, frame_HW: Any, available_actions: Sequence[int] = ()) -> Place:
            return at(0)

        def observe(self, state: Place, step: Step) -> Place:
            return at(state.t + 1)

        def predict(self, state: Place, actions: Sequence[Action]) -> Prediction[Place]:
            return make_prediction([at(state.t + 1) for _ in actions], 1.0)

    return Perfect


def test_a_perfect_model_has_every_share_and_no_error(play: Play) -> None:
    found = evaluate_online(knowing(play.episodes[0]), [play])
    for subset in ("all", "novel"):
        for game in ("walk", "mean", "pooled"):
            values = found.online["all"][subset][game]
            assert [values[name] for name in SHARES] == [1.0] * len(SHARES)
            assert values["false_change"] == values["ece"] == 0.0
    assert found.calibration == [{"confidence": 1.0, "right": 1.0, "count": float(len(play))}]


def test_copy_is_right_where_nothing_changed_and_nowhere_else(play: Play) -> None:
    values = evaluate_online(CopyModel, [play]).online["all"]["all"]["walk"]
    frames = play.episodes[0].frames_THW
    same = [np.array_equal(frames[t], frames[t + 1]) for t in play.places_N2[:, 1]]
    assert 0 < np.mean(same) < 1 or not any(same)
    assert values["exact_frame"] == pytest.approx(np.mean(same))
    assert values["changed_pixel_acc"] == values["exact_changed"] == values["false_change"] == 0.0
    assert values["sure_share"] == 0.0 and values["sure_right"] is None
    assert values["open_loop_10_exact"] == values["open_loop_10_copy"]


def test_counts_of_one_prediction(episode_of: EpisodeOf) -> None:
    """Two pixels change; the model gets one right, and wrongly changes a third."""
    before, after = blank(), blank((20, 20, 3), (20, 21, 3))
    predicted = blank((20, 20, 3), (40, 40, 1))

    class Fixed(CopyModel):
        def predict(self, state: FrameState, actions: Sequence[Action]) -> Prediction[FrameState]:
            return make_prediction([FrameState(predicted)] * len(actions), 0.95)

    step = Step(before, Action(1), Outcome.NOTHING, after)
    values = evaluate_online(Fixed, [lay_out([episode_of([step])], "a")]).online["0-30"]["all"]
    assert values["walk"]["changed_pixel_acc"] == 0.5
    assert values["walk"]["false_change"] == 1 / (4096 - 2)
    assert values["walk"]["sure_right"] == 0.0
    assert values["walk"]["ece"] == pytest.approx(0.95)


def test_lookup_knows_what_it_met_and_novel_leaves_that_out(episode_of: EpisodeOf) -> None:
    """A pixel turns on and off: the first round is novel, the others are known."""
    off, on = blank(), blank((20, 20, 3))
    pair = [Step(off, Action(1), Outcome.NOTHING, on), Step(on, Action(1), Outcome.NOTHING, off)]
    play = lay_out([episode_of(pair * 6)], "a")
    assert play.novel_N.tolist() == [True, True] + [False] * 10
    found = evaluate_online(LookupModel, [play]).online["0-30"]
    assert found["novel"]["walk"]["exact_changed"] == 0.0
    assert found["all"]["walk"]["exact_changed"] == pytest.approx(10 / 12)


def test_last_effect_moves_to_the_clicked_object_of_the_same_look(episode_of: EpisodeOf) -> None:
    frames = [
        blank((20, 20, 3), (40, 30, 3)),
        blank((20, 20, 4), (40, 30, 3)),
        blank((20, 20, 4), (40, 30, 4)),
    ]
    steps = [
        Step(frames[0], Action(6, 20, 20), Outcome.NOTHING, frames[1]),
        Step(frames[1], Action(6, 30, 40), Outcome.NOTHING, frames[2]),
    ]
    found = replay(LastEffectModel(), lay_out([episode_of(steps)], "a"))
    assert found.counts_NK[:, 4].tolist() == [0, 1]


def test_scene_changes_are_not_scored_and_windows_count_every_action(play: Play) -> None:
    episode = play.episodes[0]
    t_N = play.places_N2[:, 1]
    assert (episode.actions_A3[t_N, 0] != 0).all() and not episode.outcomes_A[t_N].any()
    assert len(play) == len(episode) - 4  # two RESETs, a level won, a game over
    assert play.actions_N.tolist() == t_N.tolist()


def test_only_the_first_400_actions_count(episode_of: EpisodeOf) -> None:
    steps = [Step(blank(), Action(1), Outcome.NOTHING, blank())] * 300
    play = lay_out([episode_of(steps), episode_of(steps, start=301)], "a")
    assert play.actions_N.max() == LAST_ACTION - 1 and len(play) == 399
    assert len(replay(CopyModel(), play).counts_NK) == 399


def test_rollouts_start_where_ten_scored_transitions_follow(play: Play) -> None:
    t_N = play.places_N2[:, 1]
    assert len(play.starts_S) > 0 and (np.diff(play.starts_S) >= 10).all()
    for start in play.starts_S:
        assert t_N[start + 9] - t_N[start] == 9


def test_the_status_bar_is_masked_whatever_the_model_says(play: Play) -> None:
    """The made-up bar in the last row grows by a pixel an action."""
    assert not play.counted_HW[63, 10:40].any() and play.counted_HW[8:56, 8:56].all()
    values = evaluate_online(CopyModel, [play]).online["all"]["all"]["walk"]
    exact, masked = values["exact_frame"], values["exact_masked"]
    assert exact is not None and masked is not None and exact < masked


def test_each_play_gets_a_new_model_and_mean_weighs_games_alike(episode_of: EpisodeOf) -> None:
    made: list[int] = []

    class Counted(CopyModel):
        def __init__(self, seed: int = 0) -> None:
            made.append(seed)

    still = [Step(blank(), Action(1), Outcome.NOTHING, blank())] * 20
    move = [Step(blank(), Action(1), Outcome.NOTHING, blank((9, 9, 1)))]
    plays = [
        lay_out([episode_of(still, "still-1")], "a"),
        lay_out([episode_of(move, "move-1")], "b"),
    ]
    games = evaluate_online(Counted, plays, seed=3).online["0-30"]["all"]
    assert made == [3, 3, 3]  # one to ask its name, one for each play
    assert games["still"]["exact_frame"] == 1.0 and games["move"]["exact_frame"] == 0.0
    assert games["mean"]["exact_frame"] == 0.5
    assert games["pooled"]["exact_frame"] == pytest.approx(20 / 21)
    assert games["mean"]["exact_frame_low"] == 0.0 and games["mean"]["exact_frame_high"] == 1.0
    assert games["mean"]["transitions"] == 21.0


@pytest.mark.parametrize("method", ["reset", "predict", "observe"])
def test_a_model_that_raises_is_named_with_recording_and_action(play: Play, method: str) -> None:
    class Broken(CopyModel):
        name = "broken"

    def fail(self: Any, *given: Any) -> Any:
        raise KeyError("lost")

    setattr(Broken, method, fail)
    with pytest.raises(ArcworldError) as caught:
        replay(Broken(), play)
    text = str(caught.value)
    assert text.startswith("walk.jsonl, action 0") and f"{method}()" in text
    assert "'broken' raised KeyError" in text and "\n" not in text


def test_a_prediction_of_a_wrong_form_is_refused(play: Play) -> None:
    class Empty(CopyModel):
        def predict(self, state: FrameState, actions: Sequence[Action]) -> Prediction[FrameState]:
            found = super().predict(state, actions)
            return Prediction(found.frames_NHW, found.confidence_N, found.outcomes_NO, ())

    with pytest.raises(ArcworldError, match=r"walk.jsonl, action 0 .*found 0 states, expected 1"):
        replay(Empty(), play)


def test_a_model_cannot_write_into_the_recording(play: Play) -> None:
    class Writer(CopyModel):
        def observe(self, state: FrameState, step: Step) -> FrameState:
            step.next_frame_HW[:] = 0
            return FrameState(step.next_frame_HW)

    with pytest.raises(ArcworldError, match="read-only"):
        replay(Writer(), play)


def test_no_plays_is_an_error() -> None:
    with pytest.raises(ArcworldError, match="no transition to score"):
        evaluate_online(CopyModel, [])


def test_calibration_error_is_zero_only_where_confidence_is_the_share_right() -> None:
    right = np.array([True, True, True, False])
    assert calibration_error(np.full(4, 0.75, np.float32), right) == pytest.approx(0)
    assert calibration_error(np.full(4, 0.25, np.float32), right) == pytest.approx(0.5)
