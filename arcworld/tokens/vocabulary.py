"""The vocabularies v1 and v2: which token has which id.

Ids begin with the codes of the tokenizer. Then follow the actions, the locations (v2), the special
tokens, and `<MASK>`, which the policy reads and no model predicts. An id past `<MASK>` is a spelled
cell (see `frames.lexicon`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from arcworld.recordings.episode import ACTION_IDS
from arcworld.tokens.cells import NO_CELL

Scheme = Literal["v1", "v2"]
V1_ACTIONS = 7
"""v1 has tokens for actions 0-6; ACTION7 (undo) has none there."""


@dataclass(frozen=True)
class Vocabulary:
    """The token ids of a scheme, for a codebook of some size.

    >>> v2 = Vocabulary("v2", 512)
    >>> len(v2), v2.token(v2.action_id(6)), v2.token(v2.location_id(46)), v2.token(v2.mask)
    (589, '<ACT_TYPE_6>', '<ACT_LOC_46>', '<MASK>')
    >>> v1 = Vocabulary("v1", 512)
    >>> len(v1), v1.token(v1.action_id(6)), v1.has_locations
    (523, '<ACT_6>', False)
    """

    scheme: Scheme
    codebook_size: int = 512

    def __post_init__(self) -> None:
        if self.scheme not in get_args(Scheme):
            raise ValueError(f"scheme is v1 or v2; found {self.scheme!r}")

    @property
    def has_locations(self) -> bool:
        """Whether the place of a click has a token: only in v2."""
        return self.scheme == "v2"

    @property
    def actions(self) -> int:
        """The number of action ids that have a token."""
        return len(ACTION_IDS) if self.has_locations else V1_ACTIONS

    @property
    def locations(self) -> int:
        """The number of location tokens: 64 cells and NULL in v2, none in v1."""
        return NO_CELL + 1 if self.has_locations else 0

    @property
    def _marks(self) -> int:
        return self.codebook_size + self.actions + self.locations

    @property
    def frame(self) -> int:
        """The id of `<FRAME>`, which begins every frame."""
        return self._marks

    @property
    def act(self) -> int:
        """The id of `<ACT>`, which begins every action."""
        return self._marks + 1

    @property
    def level_complete(self) -> int:
        """The id of `<LEVEL_COMPLETE>`, which follows an action that won a level."""
        return self._marks + 2

    @property
    def game_start(self) -> int:
        """The id of `<GAME_START>`, which begins an episode."""
        return self._marks + 3

    @property
    def mask(self) -> int:
        """The id of `<MASK>`, which hides an action from the policy."""
        return self._marks + 4

    def __len__(self) -> int:
        """The number of tokens that can be predicted: all but `<MASK>`."""
        return self.mask

    @property
    def action_tokens(self) -> int:
        """The number of tokens of an action: `<ACT>`, the type and, in v2, the location."""
        return 3 if self.has_locations else 2

    @property
    def step_tokens(self) -> int:
        """The number of tokens of a step: 67 in v1, 68 in v2."""
        return 1 + 64 + self.action_tokens

    def has_action(self, action: int) -> bool:
        """Whether an action id has a token."""
        return 0 <= action < self.actions

    def action_id(self, action: int) -> int:
        """Return the token of an action id.

        Raises:
            ValueError: the scheme has no token for it.
        """
        if not self.has_action(action):
            raise ValueError(
                f"{self.scheme} has tokens for actions 0-{self.actions - 1}; found {action}"
            )
        return self.codebook_size + action

    def location_id(self, cell: int) -> int:
        """Return the token of a click's cell 0-63, or of no place (64).

        Raises:
            ValueError: the scheme has no locations, or the cell does not exist.
        """
        if not 0 <= cell < self.locations:
            raise ValueError(f"{self.scheme} has {self.locations} locations; found {cell}")
        return self.codebook_size + self.actions + cell

    def cell_ids(self, indices: NDArray[np.int32]) -> NDArray[np.int32]:
        """Convert tokenizer ids to token ids: the ids of spelled cells move past `<MASK>`."""
        past = np.int32(self.mask + 1 - self.codebook_size)
        return np.where(indices < self.codebook_size, indices, indices + past)

    def indices(self, cell_ids: NDArray[np.int32]) -> NDArray[np.int32]:
        """Convert token ids to tokenizer ids; the inverse of `cell_ids`."""
        past = np.int32(self.mask + 1 - self.codebook_size)
        return np.where(cell_ids < self.codebook_size, cell_ids, cell_ids - past)

    def token(self, token_id: int) -> str:
        """Return the name of a token.

        Raises:
            ValueError: the id is negative.
        """
        if token_id < 0:
            raise ValueError(f"token ids are 0 and more; found {token_id}")
        if token_id > self.mask:
            return f"<SPELLED_{token_id - self.mask - 1}>"
        offset = token_id - self.codebook_size
        if token_id < self.codebook_size:
            return f"<VQ_{token_id:03d}>"
        if offset < self.actions:
            return f"<ACT_TYPE_{offset}>" if self.has_locations else f"<ACT_{offset}>"
        if token_id < self.frame:
            cell = offset - self.actions
            return "<ACT_LOC_NULL>" if cell == NO_CELL else f"<ACT_LOC_{cell}>"
        marks = ("<FRAME>", "<ACT>", "<LEVEL_COMPLETE>", "<GAME_START>", "<MASK>")
        return marks[token_id - self.frame]
