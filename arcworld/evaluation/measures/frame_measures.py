"""Accuracy of predicted frames by cell; a cell is right if all its 8x8 pixels are right."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from arcworld.evaluation.measures.pooling import Ratio, Table
from arcworld.evaluation.measures.transitions import Transitions
from arcworld.frames.tokenizer import CELLS, GRID


def same_cells(a_NHW: NDArray[np.uint8], b_NHW: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Whether each cell is equal in both frames in every pixel, bool [N, 64].

    >>> a, b = np.zeros((1, 64, 64), np.uint8), np.zeros((1, 64, 64), np.uint8)
    >>> b[0, 63, 63] = 1
    >>> np.flatnonzero(~same_cells(a, b)[0]).tolist()
    [63]
    """
    equal = (a_NHW == b_NHW).reshape(-1, GRID, GRID, GRID, GRID)
    return equal.all(axis=(2, 4)).reshape(-1, CELLS)


def frame_ratios(
    last_NHW: NDArray[np.uint8], true_NHW: NDArray[np.uint8], predicted_NHW: NDArray[np.uint8]
) -> dict[str, Ratio]:
    """`cell_acc`, `changed_cell_acc`, `false_change` and `exact_frame` of N predictions.

    Args:
        last_NHW: the frames before, uint8 [N, 64, 64].
        true_NHW: the true next frames.
        predicted_NHW: the predicted next frames.
    """
    changed = ~same_cells(last_NHW, true_NHW)
    right = same_cells(true_NHW, predicted_NHW)
    cells = np.full(len(right), CELLS)
    return {
        "cell_acc": Ratio(right.sum(1), cells),
        "changed_cell_acc": Ratio((right & changed).sum(1), changed.sum(1)),
        "false_change": Ratio((~right & ~changed).sum(1), (~changed).sum(1)),
        "exact_frame": Ratio(right.all(1), np.ones(len(right))),
    }


def frame_table(
    transitions: Transitions,
    predicted_NHW: NDArray[np.uint8],
    more: dict[str, Ratio] | None = None,
    subsets: dict[str, NDArray[np.bool_]] | None = None,
) -> Table:
    """Table of the frame measures, one prediction per transition, and of the measures in `more`."""
    ratios = frame_ratios(transitions.frames_NHW, transitions.next_NHW, predicted_NHW)
    return transitions.grouping(subsets).table({**ratios, **(more or {})})
