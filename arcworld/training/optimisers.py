"""Choose the optimiser of each weight: Muon for hidden matrices, AdamW for all others.

Embeddings, heads and gains stay with AdamW. Both share one learning rate, since Muon's updates
have the size of AdamW's.

Models cache values that depend on weights, and compare the version of the weights to know when a
cache is outdated. PyTorch's fused AdamW does not count up that version, so it is done here.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.autograd.graph import increment_version

from arcworld.training.muon import Muon
from arcworld.training.precision import fast_dtype


def make_optimisers(
    module: nn.Module, *, muon: bool, weight_decay: float
) -> list[torch.optim.Optimizer]:
    """Return AdamW, and also Muon if `muon` and the module has hidden matrices to train."""
    trained = [p for p in module.parameters() if p.requires_grad]
    hidden = [p for p in hidden_matrices(module) if p.requires_grad] if muon else []
    known = {id(p) for p in hidden}
    rest = [p for p in trained if id(p) not in known]
    adam = torch.optim.AdamW(rest, lr=0.0, weight_decay=weight_decay, fused=True)
    adam.register_step_post_hook(lambda *_: increment_version(rest))
    found: list[torch.optim.Optimizer] = [adam]
    if hidden:
        found.append(Muon(hidden, lr=0.0, weight_decay=weight_decay, dtype=fast_dtype()))
    return found


HIDDEN = ("backbone", "frame_encoder")
"""The parts of a model between its embeddings and its heads."""


def hidden_matrices(module: nn.Module) -> list[Tensor]:
    """Return the weights of linear layers in the hidden parts, and of all convolutions.

    The list is empty if the model has no hidden part.
    """
    inner = [part for name, part in module.named_children() if name in HIDDEN]
    if not inner:
        return []
    linear = [p.weight for part in inner for p in part.modules() if isinstance(p, nn.Linear)]
    return linear + [part.weight for part in module.modules() if isinstance(part, nn.Conv2d)]


def flat_state(optimisers: list[torch.optim.Optimizer]) -> dict[str, Tensor]:
    """Return the state of all optimisers as tensors by name."""
    return {
        f"{number}.{index}.{key}": torch.as_tensor(value)
        for number, optimiser in enumerate(optimisers)
        for index, values in optimiser.state_dict()["state"].items()
        for key, value in values.items()
    }


def restore_state(optimisers: list[torch.optim.Optimizer], flat: Mapping[str, Tensor]) -> None:
    """Load what `flat_state` returned into optimisers, in place."""
    states: list[dict[int, dict[str, Tensor]]] = [{} for _ in optimisers]
    for name, value in flat.items():
        number, index, key = name.split(".", 2)
        states[int(number)].setdefault(int(index), {})[key] = value
    for optimiser, state in zip(optimisers, states, strict=True):
        groups = optimiser.state_dict()["param_groups"]
        optimiser.load_state_dict({"state": state, "param_groups": groups})
