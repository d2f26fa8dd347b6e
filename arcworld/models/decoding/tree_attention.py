"""Tree attention: compute many continuations of one history in one forward pass.

The continuations form a tree of tokens, in which each token attends to the history and to its own
ancestors. A common prefix is computed once.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from arcworld.models.transformer.world_model import WorldModel


def tree_attention(model: WorldModel, ids_L: Tensor, branches_NK: Tensor, cache: Any) -> Tensor:
    """Return hidden states [N, D] at the ends of N continuations of K tokens of one history.

    Args:
        model: the world model.
        ids_L: ids of the history.
        branches_NK: ids of the continuations.
        cache: key-value cache of the history, one row; unchanged afterwards.
    """
    nodes_M, depth_M, of_NK = _tree(branches_NK)
    count, width = branches_NK.shape
    whole = torch.cat([ids_L.expand(count, -1), branches_NK], dim=1)
    vectors = model.embedding(whole, None, width).flatten(0, 1)[nodes_M]
    sees_MM = torch.zeros(len(nodes_M), len(nodes_M), dtype=torch.bool, device=ids_L.device)
    for depth in range(width):
        for above in range(depth + 1):
            sees_MM[of_NK[:, depth], of_NK[:, above]] = True
    past = torch.ones(len(nodes_M), len(ids_L), dtype=torch.bool, device=ids_L.device)
    hidden = model.read(
        vectors[None],
        cache,
        attends_BQK=torch.cat([past, sees_MM], dim=1)[None],
        positions_BQ=len(ids_L) + depth_M[None],
    )
    cache.crop(-len(nodes_M))
    return hidden[0, of_NK[:, -1]]


def _tree(branches_NK: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Merge common prefixes of branches into a tree of M nodes.

    Returns the index of each node in the flattened branches [M], its depth [M], and the node of
    each token of each branch [N, K].

    >>> nodes, depth, of = _tree(torch.tensor([[7, 1], [7, 2], [8, 1]]))
    >>> nodes.tolist(), depth.tolist(), of.tolist()
    ([0, 4, 1, 3, 5], [0, 0, 1, 1, 1], [[0, 2], [0, 3], [1, 4]])
    """
    count, width = branches_NK.shape
    rows = torch.arange(count, device=branches_NK.device)
    nodes: list[Tensor] = []
    depths: list[Tensor] = []
    of_NK = torch.empty_like(branches_NK)
    begun = 0
    for depth in range(width):
        _, kind = branches_NK[:, : depth + 1].unique(dim=0, return_inverse=True)
        kinds = int(kind.max()) + 1
        first = torch.full((kinds,), count, device=rows.device).scatter_reduce(
            0, kind, rows, "amin"
        )
        nodes.append(first * width + depth)
        depths.append(torch.full_like(first, depth))
        of_NK[:, depth] = begun + kind
        begun += kinds
    return torch.cat(nodes), torch.cat(depths), of_NK
