import pytest
import torch
from torch import nn

from arcworld.models.policies.policy import MaskedPolicy, PolicyConfig
from arcworld.training.optimisers import (
    flat_state,
    hidden_matrices,
    make_optimisers,
    restore_state,
)


class Model(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.table = nn.Embedding(7, 4)
        self.backbone = nn.Sequential(nn.Linear(4, 6), nn.LayerNorm(6), nn.Linear(6, 4))

    def loss(self) -> torch.Tensor:
        return (self.backbone(self.table.weight) - 1).square().mean()


def train(model: Model, optimisers: list[torch.optim.Optimizer], steps: int) -> None:
    for _ in range(steps):
        model.loss().backward()
        for optimiser in optimisers:
            for group in optimiser.param_groups:
                group["lr"] = 0.01
            optimiser.step()
            optimiser.zero_grad()


def test_muon_has_the_body_s_matrices_and_adamw_the_rest() -> None:
    model = Model()
    adamw, muon = make_optimisers(model, muon=True, weight_decay=0.0)
    matrices = hidden_matrices(model)
    assert [p.shape for p in matrices] == [(6, 4), (4, 6)]
    assert all(a is b for a, b in zip(muon.param_groups[0]["params"], matrices, strict=True))
    assert len(adamw.param_groups[0]["params"]) == 5
    assert len(make_optimisers(model, muon=False, weight_decay=0.0)) == 1
    assert len(make_optimisers(nn.Linear(2, 2), muon=True, weight_decay=0.0)) == 1


def test_muon_has_a_policy_s_look_and_adamw_its_heads() -> None:
    policy = MaskedPolicy(PolicyConfig(width=8, type_width=8, location_width=4, blocks=1))
    adamw, muon = make_optimisers(policy, muon=True, weight_decay=0.0)
    known = {id(p) for p in muon.param_groups[0]["params"]}
    names = {name for name, p in policy.named_parameters() if id(p) in known}
    assert names == {
        f"frame_encoder.{n}.weight"
        for n in ("frame_conv.convs.0", "frame_conv.out", "reduce", "whole_frame")
    }
    assert len(adamw.param_groups[0]["params"]) == len(list(policy.parameters())) - 4


@pytest.mark.parametrize("muon", [False, True])
def test_what_is_kept_goes_on_to_the_same_weights(muon: bool) -> None:
    whole, half = Model(), Model()
    train(whole, make_optimisers(whole, muon=muon, weight_decay=0.1), 6)
    first = make_optimisers(half, muon=muon, weight_decay=0.1)
    train(half, first, 3)
    again = make_optimisers(half, muon=muon, weight_decay=0.1)
    restore_state(again, {k: v.clone() for k, v in flat_state(first).items()})
    train(half, again, 3)
    for a, b in zip(whole.parameters(), half.parameters(), strict=True):
        assert torch.equal(a, b)


def test_every_step_says_of_every_weight_that_it_changed() -> None:
    """A model compares the version of its weights to know that a cached value is outdated."""
    model = Model()
    before = {name: p._version for name, p in model.named_parameters()}
    train(model, make_optimisers(model, muon=True, weight_decay=0.0), steps=1)
    assert all(p._version > before[name] for name, p in model.named_parameters())
