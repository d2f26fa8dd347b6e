"""Candidate actions: every legal action type and, in v2, one click per cell."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arcworld.frames.tokenizer import CELLS
from arcworld.recordings.episode import CLICK, RESET
from arcworld.tokens.cells import NO_CELL


@dataclass(frozen=True, eq=False)
class Candidates:
    """N actions as (type, cell); cell 64 means that the action is no click.

    >>> len(Candidates.legal([1, 2, 3, 4])), len(Candidates.legal([0, 5, 6]))
    (4, 65)
    """

    types_N: NDArray[np.int16]
    cells_N: NDArray[np.int16]

    def __len__(self) -> int:
        return len(self.types_N)

    @classmethod
    def legal(cls, ids: Collection[int]) -> Candidates:
        """Return all candidates for a set of legal action ids; RESET is never a candidate."""
        simple = [(i, NO_CELL) for i in sorted(set(ids)) if i not in (RESET, CLICK)]
        clicks = [(CLICK, cell) for cell in range(CELLS)] if CLICK in ids else []
        pairs = np.array(simple + clicks, dtype=np.int16).reshape(-1, 2)
        return cls(pairs[:, 0], pairs[:, 1])
