"""The history of a play, as world models read it: the newest frames as codes, and the actions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arcworld.recordings.episode import Action, Outcome
from arcworld.tokens.cells import type_and_cell
from arcworld.tokens.sequence import CodedEpisode

type Past = tuple[int, int, int]
"""Id, cell (64 if it is not a click) and outcome of an action."""


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """One or more frames, and the actions between them. A value: each method makes another.

    >>> first = History((np.zeros(64, np.int32),))
    >>> later = first.then(Action(6, 62, 26), np.ones(64, np.int32))
    >>> later.window().cells_A.tolist(), len(first.codes), later.newest(1).opens
    ([31], 1, False)

    Attributes:
        codes: int32 [64] for each frame, as the tokenizer returns them.
        past: the actions between the frames, one less than `codes`.
        opens: whether the first frame begins a scene.
    """

    codes: tuple[NDArray[np.int32], ...]
    past: tuple[Past, ...] = ()
    opens: bool = True

    def then(
        self, action: Action, codes_C: NDArray[np.int32], outcome: Outcome = Outcome.NOTHING
    ) -> History:
        """Return the history one action and one frame later."""
        past = (*self.past, (*type_and_cell(action), int(outcome)))
        return History((*self.codes, codes_C), past, self.opens)

    def newest(self, frames: int) -> History:
        """Return the history without all but the last `frames` frames (one or more)."""
        cut = len(self.codes) - frames
        return self if cut <= 0 else History(self.codes[cut:], self.past[cut:], opens=False)

    def window(self) -> CodedEpisode:
        """Return it in the form that models read, ending in the last frame."""
        return self._coded(self.past)

    def with_action(self, action: Action) -> CodedEpisode:
        """Return it with a pending action, whose next frame is to be predicted."""
        return self._coded((*self.past, (*type_and_cell(action), int(Outcome.NOTHING))))

    def _coded(self, past: tuple[Past, ...]) -> CodedEpisode:
        rows = np.array(past, dtype=np.int16).reshape(-1, 3)
        outcomes, winning = rows[:, 2].astype(np.uint8), np.zeros(len(rows), np.bool_)
        return CodedEpisode(
            np.stack(self.codes), rows[:, 0], rows[:, 1], outcomes, winning, self.opens
        )
