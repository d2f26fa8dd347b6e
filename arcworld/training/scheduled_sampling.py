"""Scheduled sampling: train on cells that the model predicted itself, as it will when decoding.

Trained on true cells only, a model relies on every cell of a frame to predict the next one, and
one wrong cell spoils the rest of the frame. So in some windows a part of the last frame's input
cells is replaced by the model's predictions from the true cells before them (parallel scheduled
sampling, Duckworth et al. 2019). The targets remain the true cells.
"""

from __future__ import annotations

import torch
from torch import Tensor

from arcworld.frames.tokenizer import CELLS
from arcworld.models.transformer.world_model import WorldModel
from arcworld.tokens.batches import Batch
from arcworld.tokens.vocabulary import Vocabulary


def mix_in_predictions(model: WorldModel, batch: Batch, share: float) -> Batch:
    """Return the batch with predicted input cells in a share of its windows.

    The share of replaced cells is random for each window. Random numbers come from torch's global
    generator.
    """
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
    """Return the positions of the last frame's cells in each row, int64 [B, 64]."""
    is_cell = (ids_BL < vocabulary.codebook_size) | (ids_BL > vocabulary.mask)
    places = torch.arange(ids_BL.shape[1], device=ids_BL.device)
    last = torch.where(is_cell, places, -1).amax(1)
    return last[:, None] + torch.arange(1 - CELLS, 1, device=ids_BL.device)


@torch.no_grad()
def _predicted(model: WorldModel, ids_BL: Tensor, at_BC: Tensor) -> Tensor:
    """Return the most likely cell at each position, given the true ones before; -1 if it is new."""
    before = at_BC - 1
    rows = torch.arange(len(ids_BL), device=ids_BL.device)[:, None].expand_as(before)
    hidden = model.hidden(ids_BL)[rows, before].flatten(0, 1)
    cell_context = model.cell_context(ids_BL, (rows, before))
    return model.likeliest_known_cells(hidden, cell_context).unflatten(0, before.shape)
