"""The inverse of `to_token_ids`, to check that a sequence holds all that it should."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from arcworld.recordings.episode import Outcome
from arcworld.tokens.cells import NO_CELL
from arcworld.tokens.sequence import CodedEpisode
from arcworld.tokens.vocabulary import Vocabulary


def from_token_ids(vocabulary: Vocabulary, ids_L: NDArray[np.int32]) -> CodedEpisode:
    """The episode of a valid sequence; places in v1 and game over get default values."""
    starts = np.flatnonzero(ids_L == vocabulary.frame)
    actions = np.flatnonzero(ids_L == vocabulary.act)
    types = ids_L[actions + 1] - vocabulary.codebook_size
    cells = np.full(len(actions), NO_CELL)
    if vocabulary.has_locations:
        cells = ids_L[actions + 2] - vocabulary.location_id(0)
    won_at = np.flatnonzero(ids_L == vocabulary.level_complete)
    won = np.isin(actions + vocabulary.action_tokens, won_at)
    return CodedEpisode(
        vocabulary.indices(ids_L[starts[:, None] + np.arange(1, 65)]),
        types.astype(np.int16),
        cells.astype(np.int16),
        won.astype(np.uint8) * np.uint8(Outcome.LEVEL_WON),
        np.zeros(len(types), dtype=np.bool_),
        opens=int(ids_L[0]) == vocabulary.game_start,
    )
