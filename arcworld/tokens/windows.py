"""Windows of episodes as training batches: token ids, loss weights, targets.

Knows sequences and what each token's loss weighs; knows nothing of models. A batch is a function
of (seed, step) alone, so a run that was stopped goes on as if it never was.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from arcworld.frames.lexicon import Lexicon
from arcworld.frames.tokenizer import CELLS
from arcworld.recordings.episode import CLICK, COLOURS, RESET, Outcome
from arcworld.tokens.sequence import CodedEpisode, mask_actions, pack
from arcworld.tokens.untaken import Untaken
from arcworld.tokens.vocabulary import Vocabulary

PALETTES = 64
IGNORE = -100
"""What stands where there is no target (as in PyTorch's cross-entropy)."""


@dataclass(frozen=True)
class LossWeights:
    """Weight of each kind of token as a target; the defaults are the seed's v2.

    Attributes:
        vq: a frame's codes.
        action: `<ACT_k>` in v1; `<ACT_TYPE_k>` and `<ACT_LOC_j>` in v2 weigh 1.5 times as much.
        level_complete: `<LEVEL_COMPLETE>`.
        no_level: `<FRAME>` right after an action: 0 is the seed's (nothing teaches that a level
            was *not* won, the outcome head neither), 1 mends it.
        changed: factor on codes that differ from the frame before.
        first_frame: factor on a window's first frame, which nothing foretells.
    """

    vq: float = 1.0
    action: float = 2.0
    level_complete: float = 5.0
    no_level: float = 1.0
    changed: float = 1.0
    first_frame: float = 1.0

    def table(self, vocabulary: Vocabulary) -> NDArray[np.float32]:
        """Weight of every token id, float32 [len(vocabulary) + 1]."""
        weights = np.zeros(len(vocabulary) + 1, dtype=np.float32)
        weights[: vocabulary.codebook_size] = self.vq
        factor = 1.5 if vocabulary.has_locations else 1.0
        weights[vocabulary.codebook_size : vocabulary.frame] = self.action * factor
        weights[vocabulary.level_complete] = self.level_complete
        return weights


class Batch(NamedTuple):
    """Windows of one scheme, padded on the right with weight 0.

    Attributes:
        input_ids_BL: int64 tokens, as they are read.
        labels_BL: int64 tokens, as they are: what is to be foretold.
        masked_ids_BL: the same with every action token `<MASK>`: the policy's view.
        weights_BL: float32 weight of each token as a target.
        outcomes_BL: int64 `Outcome` at each action's last token, else `IGNORE`.
        types_BL: int64 id of the action to choose, at each frame's last code, else `IGNORE`.
        cells_BL: int64 cell of that action (64: no place), else `IGNORE`.
        offsets_BL: int64 pixel of that click in its cell, else `IGNORE`.
    """

    input_ids_BL: Tensor
    labels_BL: Tensor
    masked_ids_BL: Tensor
    weights_BL: Tensor
    outcomes_BL: Tensor
    types_BL: Tensor
    cells_BL: Tensor
    offsets_BL: Tensor

    def to(self, device: torch.device) -> Batch:
        """The batch on a device."""
        return Batch(*(column.to(device) for column in self))


@dataclass(frozen=True)
class WindowConfig:
    """How windows are cut and drawn.

    Attributes:
        frames: frames a window holds (2,048 tokens are 30).
        stride: frames between the starts of windows that may be drawn.
        won_factor: how much likelier a window that wins a level is drawn.
        distinct: whether windows that are equal (winning paths repeat) are drawn as one.
        own: share of windows whose last frame the world model reads in part as it foretells it
            itself, each cell at a rate drawn anew (`training.own_cells`).
        recoloured: share of windows whose colours are exchanged, the same way in all frames: cells
            then look as in a game never seen. Needs a lexicon.
        exchanged: share of those whose cells are also exchanged for others: shapes then tell
            nothing either, and what is left to learn is what stays.
        untaken: share of windows that end where a level was won, with another action of that game
            in place of the one that won (`tokens.untaken`): they teach what came of it alone.
    """

    frames: int = 30
    stride: int = 10
    won_factor: float = 3.0
    distinct: bool = False
    own: float = 0.0
    recoloured: float = 0.0
    exchanged: float = 0.0
    untaken: float = 0.0


class WindowSampler:
    """Draws windows: games evenly, windows that win a level more often."""

    def __init__(
        self,
        vocabulary: Vocabulary,
        episodes: Sequence[CodedEpisode],
        games: Sequence[str],
        config: WindowConfig,
        weights: LossWeights,
        lexicon: Lexicon | None = None,
    ) -> None:
        """`games[i]` is the game of `episodes[i]`; the lexicon knows the cells of their codes."""
        assert lexicon is not None or not config.recoloured
        self._lexicon, self._palettes_N16 = lexicon, _palettes()
        self.vocabulary, self.episodes, self.config = vocabulary, episodes, config
        self.weights, self._table = weights, weights.table(vocabulary)
        self.starts, odds, names, contents, chooses = [], [], [], [], []
        for i, (episode, game) in enumerate(zip(episodes, games, strict=True)):
            last = max(len(episode.indices_TC) - config.frames, 0)
            for start in sorted({*range(0, last + 1, config.stride), last}):
                window = episode.window(start, config.frames)
                won = bool((window.outcomes_A == Outcome.LEVEL_WON).any())
                self.starts.append((i, start))
                odds.append(config.won_factor if won else 1.0)
                names.append(game)
                contents.append(_content(window))
                chooses.append(bool(chosen(window).any()))
        alike = Counter(contents)
        self._shares = np.asarray(odds) / [alike[k] if config.distinct else 1 for k in contents]
        self._names, self._chooses = np.asarray(names, dtype=np.str_), np.asarray(chooses)
        self._odds = _even_by_game(self._shares, self._names)
        placed = vocabulary.has_locations
        self._untaken = Untaken(episodes, games, config.frames - 1, placed=placed)

    def draw(self, size: int, *key: int) -> list[CodedEpisode]:
        """`size` windows drawn by `key` (seed, step)."""
        rng = np.random.default_rng(key)
        drawn = rng.choice(len(self.starts), size=size, p=self._odds)
        starts = [self.starts[i] for i in drawn]
        windows = [self.episodes[i].window(start, self.config.frames) for i, start in starts]
        windows = [self._untaken.instead(w, self.config.untaken, rng) for w in windows]
        return [self._recoloured(window, rng) for window in windows]

    def plain(self) -> WindowSampler:
        """The same windows as they are."""
        plain = copy(self)
        plain.config = replace(self.config, recoloured=0.0, untaken=0.0)
        return plain

    def choosing(self) -> WindowSampler:
        """The windows that hold a choice to learn, as they are; all of them where none does."""
        found = self.plain()
        if self._chooses.any():
            found._odds = _even_by_game(self._shares * self._chooses, self._names)
        return found

    def _recoloured(self, window: CodedEpisode, rng: np.random.Generator) -> CodedEpisode:
        if rng.random() >= self.config.recoloured or self._lexicon is None:
            return window
        palette = self._palettes_N16[rng.integers(len(self._palettes_N16))]
        ids, back = np.unique(window.indices_TC, return_inverse=True)
        if rng.random() < self.config.exchanged and len(ids) <= self._lexicon.codes:
            ids = rng.choice(self._lexicon.codes, size=len(ids), replace=False)
        painted = self._lexicon.ids(palette[self._lexicon.cells(ids)]).astype(np.int32)
        return replace(window, indices_TC=painted[back].reshape(window.indices_TC.shape))

    def batch(self, size: int, *key: int) -> Batch:
        """The windows of `draw` as a batch."""
        return self.lay_out(self.draw(size, *key))

    def lay_out(self, windows: Sequence[CodedEpisode]) -> Batch:
        """Windows as a batch."""
        rows = [self._row(window) for window in windows]
        length = max(len(row[0]) for row in rows)
        fills = (*[self.vocabulary.frame] * 2, 0.0, *[IGNORE] * 4)
        columns = [
            torch.from_numpy(np.stack([_pad(row[k], length, fill) for row in rows]))
            for k, fill in enumerate(fills)
        ]
        ids, *rest = (c if c.is_floating_point() else c.long() for c in columns)
        return Batch(ids, ids, *rest)

    def _row(self, window: CodedEpisode) -> tuple[NDArray[np.generic], ...]:
        vocabulary = self.vocabulary
        ids = pack(vocabulary, window)
        starts = np.flatnonzero(ids == vocabulary.frame)
        ends = np.flatnonzero(ids == vocabulary.act) + vocabulary.action_tokens - 1
        outcomes, types, cells, offsets = np.full((4, len(ids)), IGNORE, dtype=np.int16)
        taught = (window.outcomes_A != Outcome.NOTHING) | bool(self.weights.no_level)
        outcomes[ends] = np.where(taught, window.outcomes_A.astype(np.int16), IGNORE)
        choices = chosen(window)
        last_codes = starts[: len(ends)] + CELLS
        types[last_codes] = np.where(choices, window.types_A, IGNORE)
        cells[last_codes] = np.where(choices, window.cells_A, IGNORE)
        if window.offsets_A is not None:
            clicks = choices & (window.types_A == CLICK)
            offsets[last_codes] = np.where(clicks, window.offsets_A, IGNORE)
        weights = self._weigh(ids, window, starts, ends)
        masked = mask_actions(vocabulary, ids)
        return ids, masked, weights, outcomes, types, cells, offsets

    def _weigh(
        self,
        ids: NDArray[np.int32],
        window: CodedEpisode,
        starts: NDArray[np.intp],
        ends: NDArray[np.intp],
    ) -> NDArray[np.float32]:
        weights = self._table[np.where(ids > self.vocabulary.mask, 0, ids)]
        codes_at = starts[:, None] + np.arange(1, CELLS + 1)
        weights[codes_at[0]] *= self.weights.first_frame
        changed = window.indices_TC[1:] != window.indices_TC[:-1]
        weights[codes_at[1:]] *= np.where(changed, np.float32(self.weights.changed), 1)
        after = ends[ends + 1 < len(ids)] + 1
        weights[after[ids[after] == self.vocabulary.frame]] = self.weights.no_level
        if len(window.types_A) == len(window.indices_TC):  # nobody took the last action
            weights[ends[-1] - self.vocabulary.action_tokens + 1 :] = 0.0
        return weights


def chosen(window: CodedEpisode) -> NDArray[np.bool_]:
    """Which actions a policy learns from: those on winning stretches, RESET aside: bool [A]."""
    return window.winning_A & (window.types_A != RESET)


def _content(window: CodedEpisode) -> bytes:
    """A digest that is equal where windows teach the same."""
    digest = blake2b(bytes([window.opens]), digest_size=16)
    for column in (window.indices_TC, window.types_A, window.cells_A, window.outcomes_A):
        digest.update(np.ascontiguousarray(column).tobytes())
    return digest.digest()


def _palettes() -> NDArray[np.uint8]:
    """The exchanges of colours that are drawn from: few, so that the lexicon stays small."""
    rng = np.random.default_rng(0)
    return np.stack([rng.permutation(COLOURS).astype(np.uint8) for _ in range(PALETTES)])


def _even_by_game(odds: NDArray[np.float64], games: NDArray[np.str_]) -> NDArray[np.float64]:
    odds = odds.copy()
    for game in np.unique(games):
        odds[games == game] /= max(odds[games == game].sum(), 1e-12)
    return odds / odds.sum()


def _pad[T: np.generic](row: NDArray[T], length: int, fill: float) -> NDArray[T]:
    return np.concatenate([row, np.full(length - len(row), fill, dtype=row.dtype)])
