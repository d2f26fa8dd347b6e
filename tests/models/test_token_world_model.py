"""The token model with the world-model interface."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import pytest
import torch

from arcworld.errors import ArcworldError
from arcworld.frames.codebook import PatchCodebook, PatchCodebookConfig
from arcworld.models.conformance import check_world_model, made_up_steps
from arcworld.models.policies.shared_head import SharedHeadPolicy
from arcworld.models.run import Run
from arcworld.models.token_world_model import TokenWorldModel, open_token_model
from arcworld.models.transformer.backbone import BackboneConfig
from arcworld.models.transformer.world_model import WorldModel, WorldModelConfig
from arcworld.recordings.episode import Action, Outcome, Step
from arcworld.recordings.novelty import NoveltyIndex
from arcworld.tokens.vocabulary import Scheme


def make_run(scheme: Scheme = "v2") -> Run:
    """A run of untrained models."""
    torch.manual_seed(0)
    tokenizer = PatchCodebook(PatchCodebookConfig(16))
    tokenizer.fit([np.stack([step.frame_HW for step in made_up_steps()])])
    body = BackboneConfig(width=16, layers=1, heads=2, kv_heads=1, mlp=16)
    model = WorldModel(WorldModelConfig(scheme, 16, 3, True, body, reads_cells=True)).eval()
    model.start_from(tokenizer)
    empty = np.zeros(0, dtype=np.uint64)
    seen = NoveltyIndex(empty, empty)
    return Run(Path("none"), {}, tokenizer.eval(), model, SharedHeadPolicy(), seen)


@pytest.fixture(scope="module")
def run() -> Run:
    return make_run()


@pytest.mark.parametrize("scheme", ["v1", "v2"])
def test_it_keeps_the_interface(scheme: Scheme) -> None:
    """Twelve steps have two RESETs, a level won, a game over and a jump; v1 has no ACTION7."""
    factory = functools.partial(TokenWorldModel, make_run(scheme))
    assert check_world_model(factory, list(made_up_steps(12)))


def test_an_action_without_a_token_changes_nothing_and_is_not_sure() -> None:
    model = TokenWorldModel(make_run("v1"))
    state = model.reset(np.full((64, 64), 5, np.uint8))
    found = model.predict(state, [Action(7)])
    assert np.array_equal(found.frames_NHW[0], state.frame_HW) and found.confidence_N[0] == 0
    after = model.observe(state, Step(state.frame_HW, Action(7), Outcome.NOTHING, state.frame_HW))
    assert len(after.history.codes) == 1


def test_a_run_that_is_not_there() -> None:
    with pytest.raises(ArcworldError, match="nowhere: found no run"):
        open_token_model("nowhere")


def test_frames_that_cannot_be_written_are_read_without_a_warning(run: Run) -> None:
    frame_HW = np.full((64, 64), 5, np.uint8)
    frame_HW.flags.writeable = False
    assert TokenWorldModel(run).reset(frame_HW).frame_HW is frame_HW


def test_the_history_is_cut_to_what_the_model_reads(run: Run) -> None:
    model = TokenWorldModel(run)
    frames = run.world_model.config.context_frames
    frame = np.full((64, 64), 5, np.uint8)
    state = model.reset(frame)
    for number in range(frames + 2):
        assert len(state.history.codes) == min(number + 1, frames) == len(state.history.past) + 1
        assert state.history.opens == (number < frames)
        state = model.observe(state, Step(frame, Action(1), Outcome.LEVEL_WON, frame))


def test_confidence_is_the_share_of_right_predictions_of_a_kind_of_action(run: Run) -> None:
    model = TokenWorldModel(run)
    state = model.reset(np.full((64, 64), 5, np.uint8))
    before = model.predict(state, [Action(1), Action(2)])
    assert before.confidence_N.tolist() == [0.5, 0.5]
    right = Step(state.frame_HW, Action(1), Outcome.NOTHING, before.frames_NHW[0])
    after = model.observe(state, right)
    confidence = model.predict(after, [Action(1), Action(2)]).confidence_N
    assert confidence.tolist() == pytest.approx([2 / 3, 0.5])
    wrong_HW = before.frames_NHW[0] ^ 1
    after = model.observe(state, Step(state.frame_HW, Action(1), Outcome.NOTHING, wrong_HW))
    assert model.predict(after, [Action(1)]).confidence_N[0] == pytest.approx(0.5)
