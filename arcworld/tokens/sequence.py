"""Convert an episode into a sequence of tokens.

    v1, 67 tokens a step:  <FRAME> vq0..vq63 <ACT> <ACT_k>
    v2, 68 tokens a step:  <FRAME> vq0..vq63 <ACT> <ACT_TYPE_k> <ACT_LOC_j>

Both begin with <GAME_START> and put <LEVEL_COMPLETE> after an action that won a level. The t-th
action is between frames t and t + 1. Game over has no token.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arcworld.frames.tokenizer import CELLS, FrameTokenizer
from arcworld.recordings.episode import CLICK, Episode, Outcome, winning_segments
from arcworld.tokens.cells import NO_CELL, cell_of, offset_of
from arcworld.tokens.vocabulary import Vocabulary


@dataclass(frozen=True, eq=False)
class CodedEpisode:
    """An episode, or a part of one, whose frames are encoded.

    Attributes:
        indices_TC: int32 codes of T frames, as the tokenizer returns them.
        types_A: int16 action ids; T - 1 of them, or T if the last action is pending (its next
            frame is to be predicted).
        cells_A: int16 cell of each click, 64 for an action without a place.
        outcomes_A: uint8 values of `Outcome`.
        winning_A: bool, whether each action belongs to a winning segment, from which a policy
            learns.
        opens: whether the first frame begins the episode (`<GAME_START>`).
        offsets_A: int16 pixel of each click in its cell (`cells.offset_of`), or None. It is a
            target of the policy; no token contains it.
    """

    indices_TC: NDArray[np.int32]
    types_A: NDArray[np.int16]
    cells_A: NDArray[np.int16]
    outcomes_A: NDArray[np.uint8]
    winning_A: NDArray[np.bool_]
    opens: bool = True
    offsets_A: NDArray[np.int16] | None = None

    def window(self, start: int, frames: int, pending: bool = False) -> CodedEpisode:
        """Return `frames` frames from `start` and the actions between them.

        With `pending`, the action taken in the last frame is added, with the outcome `NOTHING`: its
        true outcome is hidden, so that `to_token_ids` does not write it.
        """
        last = start + frames - (0 if pending else 1)
        outcomes = self.outcomes_A[start:last]
        if pending and len(outcomes) == frames:
            outcomes = np.append(outcomes[:-1], np.uint8(Outcome.NOTHING))
        return CodedEpisode(
            self.indices_TC[start : start + frames],
            self.types_A[start:last],
            self.cells_A[start:last],
            outcomes,
            self.winning_A[start:last],
            self.opens and start == 0,
            None if self.offsets_A is None else self.offsets_A[start:last],
        )


def cells_of(actions_A3: NDArray[np.integer]) -> NDArray[np.int16]:
    """Return the cell of each action (id, x, y), int16 [A]; 64 if it is not a click."""
    action_id, x, y = actions_A3.astype(np.int16).reshape(-1, 3).T
    return np.where(action_id == CLICK, cell_of(x, y), NO_CELL).astype(np.int16)  # type: ignore[arg-type]


def offsets_of(actions_A3: NDArray[np.integer]) -> NDArray[np.int16]:
    """Return the offset in its cell of each action (id, x, y), int16 [A]; only clicks have one."""
    _, x, y = actions_A3.astype(np.int16).reshape(-1, 3).T
    return offset_of(x, y).astype(np.int16)  # type: ignore[union-attr]


def encode_episode(episode: Episode, tokenizer: FrameTokenizer) -> CodedEpisode:
    """Encode the frames of an episode with a tokenizer."""
    return CodedEpisode(
        tokenizer.encode_frames(episode.frames_THW),
        episode.actions_A3[:, 0].astype(np.int16),
        cells_of(episode.actions_A3),
        episode.outcomes_A,
        winning_segments(episode),
        offsets_A=offsets_of(episode.actions_A3),
    )


def to_token_ids(vocabulary: Vocabulary, episode: CodedEpisode) -> NDArray[np.int32]:
    """Return the tokens of an episode or a window of one, int32 [L].

    Raises:
        ValueError: an action has no token in the scheme (ACTION7 in v1).
    """
    frames, actions = len(episode.indices_TC), len(episode.types_A)
    assert actions in (frames - 1, frames)
    if actions and int(episode.types_A.max()) >= vocabulary.actions:
        vocabulary.action_id(int(episode.types_A.max()))
    won = episode.outcomes_A == Outcome.LEVEL_WON
    ids = np.full((frames, vocabulary.step_tokens + 1), -1, dtype=np.int32)
    ids[:, 0] = vocabulary.frame
    ids[:, 1 : CELLS + 1] = vocabulary.cell_ids(episode.indices_TC)
    ids[:actions, CELLS + 1] = vocabulary.act
    ids[:actions, CELLS + 2] = vocabulary.codebook_size + episode.types_A
    if vocabulary.has_locations:
        first = vocabulary.location_id(0)
        ids[:actions, CELLS + 3] = first + episode.cells_A
    ids[:actions, -1] = np.where(won, vocabulary.level_complete, -1)
    head = [vocabulary.game_start] if episode.opens else []
    flat = np.concatenate([np.asarray(head, np.int32), ids.ravel()])
    return flat[flat >= 0]


def mask_actions(vocabulary: Vocabulary, input_ids: NDArray[np.int32]) -> NDArray[np.int32]:
    """Replace `<ACT>`, type and location of each action by `<MASK>`, as the policy reads them."""
    first, last = vocabulary.codebook_size, vocabulary.frame
    is_action = ((input_ids >= first) & (input_ids < last)) | (input_ids == vocabulary.act)
    return np.where(is_action, np.int32(vocabulary.mask), input_ids)
