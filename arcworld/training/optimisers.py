"""Which optimiser trains which weight: Muon what is hidden inside a model, AdamW all else.

Knows modules and optimisers; knows nothing of steps. Muon is for hidden matrices alone:
embeddings, heads and gains stay with AdamW, whose rate it shares by matching the size of its
updates. PyTorch's fused AdamW changes weights and leaves their version as it was, by which a model
knows that what it remembers of them is old; so it is counted up here.
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
    """AdamW, and Muon beside it where it is asked for and there is a body to train."""
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
"""Parts of a model that lie between what it reads and what it says."""


def hidden_matrices(module: nn.Module) -> list[Tensor]:
    """Weights of the linear layers of a model's hidden parts, and of all convolutions beside them;
    none where it has no such part.
    """
    inner = [part for name, part in module.named_children() if name in HIDDEN]
    if not inner:
        return []
    linear = [p.weight for part in inner for p in part.modules() if isinstance(p, nn.Linear)]
    return linear + [part.weight for part in module.modules() if isinstance(part, nn.Conv2d)]


def flat_state(optimisers: list[torch.optim.Optimizer]) -> dict[str, Tensor]:
    """The state of all as tensors by name."""
    return {
        f"{number}.{index}.{key}": torch.as_tensor(value)
        for number, optimiser in enumerate(optimisers)
        for index, values in optimiser.state_dict()["state"].items()
        for key, value in values.items()
    }


def restore_state(optimisers: list[torch.optim.Optimizer], flat: Mapping[str, Tensor]) -> None:
    """The inverse of `flat_state`."""
    states: list[dict[int, dict[str, Tensor]]] = [{} for _ in optimisers]
    for name, value in flat.items():
        number, index, key = name.split(".", 2)
        states[int(number)].setdefault(int(index), {})[key] = value
    for optimiser, state in zip(optimisers, states, strict=True):
        groups = optimiser.state_dict()["param_groups"]
        optimiser.load_state_dict({"state": state, "param_groups": groups})
