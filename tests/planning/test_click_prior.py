"""The world model's predicted effects of clicks, and how memory uses them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from arcworld.models.transformer.backbone import BackboneConfig
from arcworld.models.transformer.world_model import WorldModel, WorldModelConfig
from arcworld.planning import click_prior as click_prior_module
from arcworld.planning.click_prior import click_prior
from arcworld.planning.memory.memory import Memory
from arcworld.recordings.episode import Action
from arcworld.tokens.cells import cell_of
from arcworld.tokens.sequence import CodedEpisode

TINY = BackboneConfig(width=16, layers=1, heads=2, kv_heads=1, mlp=32)
NONE = np.zeros(0, np.int16)
FRAME = CodedEpisode(
    np.arange(64, dtype=np.int32)[None] % 16,
    NONE,
    NONE,
    NONE.astype(np.uint8),
    NONE.astype(np.bool_),
)


def model(scheme: Any = "v2") -> WorldModel:
    torch.manual_seed(0)
    return WorldModel(WorldModelConfig(scheme=scheme, codebook_size=16, backbone=TINY)).eval()


def test_effects_are_shares_of_the_largest_without_changes_of_every_click(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unlikely(_: object, ids_BL: torch.Tensor) -> list[torch.Tensor]:
        """The last cell changes always, the first where one clicks in cell 9, or in 10 a little."""
        nats = torch.zeros(len(ids_BL), 64)
        nats[:, 63] = 20.0
        for i, ids in enumerate(ids_BL.tolist()):
            nats[i, 0] = {9: 8.0, 10: 2.0}.get(ids[-66] - vocabulary.location_id(0), 0.0)
        return list(nats)

    world_model = model()
    vocabulary = world_model.vocabulary
    monkeypatch.setattr(click_prior_module, "_unlikely", unlikely)
    effects = click_prior(world_model, FRAME)
    assert effects is not None
    assert effects[9] == 1.0 and effects[10] == 0.25 and np.count_nonzero(effects) == 2
    monkeypatch.setattr(
        click_prior_module, "_unlikely", lambda _, ids: list(torch.ones(len(ids), 64))
    )
    assert click_prior(world_model, FRAME) is None


def test_without_click_tokens_there_is_no_prior() -> None:
    assert click_prior(model("v1"), FRAME) is None


def test_a_model_is_asked_about_every_cell() -> None:
    effects = click_prior(model(), FRAME)
    assert effects is None or (effects.shape == (64,) and effects.max() == 1.0)


def test_memory_first_tries_clicks_predicted_to_change_something() -> None:
    frame = np.zeros((64, 64), np.uint8)
    for x in range(4, 60, 8):
        frame[20:24, x : x + 4] = 3
    seen: Any = SimpleNamespace(
        frame_HW=frame, state="NOT_FINISHED", levels_completed=0, available_actions=(6,),
        legal_actions=(0, 6), full_reset=False,
    )  # fmt: skip
    memory = Memory()
    memory.begin(seen)
    effects = np.zeros(64)
    wanted = cell_of(46, 22)
    effects[wanted] = 1.0
    memory.set_click_prior(effects)
    route = memory.route()
    assert route is not None and not route.rows
    assert cell_of(*route.last[1:]) == wanted
    memory.set_click_prior(None)
    memory.observe(Action.from_row(route.last), seen)
    assert memory.is_useless(Action.from_row(route.last))
