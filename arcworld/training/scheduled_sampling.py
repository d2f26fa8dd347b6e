"""Windows read as the model predicts them: it decodes on its own cells, and must know them.

Knows a world model and a batch; knows nothing of steps or schedules. Taught on true cells alone, a
model leans on each cell of a frame to tell the next, and one wrong cell wrecks the rest. So in some
windows a part of the last frame's cells is exchanged for what the model predicts there after the
true cells before (parallel scheduled sampling, Duckworth et al. 2019); what came stays the target.
"""

from __future__ import annotations

import torch
from torch import Tensor

from arcworld.frames.tokenizer import CELLS
from arcworld.models.world_model import WorldModel
from arcworld.tokens.batches import Batch
from arcworld.tokens.vocabulary import Vocabulary


def mix_in_predictions(model: WorldModel, batch: Batch, share: float) -> Batch:
    """The batch with a share of its windows read in part as predicted; draws from torch's state."""
    rows = (torch.rand(len(batch.input_ids_BL)) < share).nonzero()[:, 0].to(model.device)
    if not len(rows):
        return batch
    ids = batch.input_ids_BL[rows]
    at = last_cells(model.vocabulary, ids)
    found = _predicted(model, ids, at)
    taken = torch.rand(at.shape, device=at.device) < torch.rand(len(at), 1, device=at.device)
    true = ids.gather(1, at)
    read = ids.scatter(1, at, torch.where(taken & (found >= 0), found, true))
    return batch._replace(input_ids_BL=batch.input_ids_BL.index_copy(0, rows, read))


def last_cells(vocabulary: Vocabulary, ids_BL: Tensor) -> Tensor:
    """Where the last frame's cells stand in each row, padding left aside: int64 [B, 64]."""
    is_cell = (ids_BL < vocabulary.codebook_size) | (ids_BL > vocabulary.mask)
    places = torch.arange(ids_BL.shape[1], device=ids_BL.device)
    last = torch.where(is_cell, places, -1).amax(1)
    return last[:, None] + torch.arange(1 - CELLS, 1, device=ids_BL.device)


@torch.no_grad()
def _predicted(model: WorldModel, ids_BL: Tensor, at_BC: Tensor) -> Tensor:
    """The likeliest cell at each place after the true ones before it; -1 for one not seen yet."""
    before = at_BC - 1
    rows = torch.arange(len(ids_BL), device=ids_BL.device)[:, None].expand_as(before)
    hidden = model.hidden(ids_BL)[rows, before].flatten(0, 1)
    cell_context = model.cell_context(ids_BL, (rows, before))
    return model.likeliest_known_cells(hidden, cell_context).unflatten(0, before.shape)
