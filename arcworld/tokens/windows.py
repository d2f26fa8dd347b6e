"""Sample windows of episodes for training, with data augmentation.

A batch depends only on (seed, step), so a run that was stopped and resumed trains on the same
batches. `tokens.batches` turns windows into a batch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, replace
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from arcworld.frames.lexicon import Lexicon
from arcworld.recordings.episode import COLOURS, Outcome
from arcworld.tokens.batches import Batch, Layout, LossWeights, chosen
from arcworld.tokens.counterfactual_negatives import CounterfactualNegatives
from arcworld.tokens.sequence import CodedEpisode
from arcworld.tokens.vocabulary import Vocabulary

PALETTES = 64
"""Number of colour permutations that are sampled from."""


@dataclass(frozen=True)
class WindowConfig:
    """How windows are cut and sampled.

    Attributes:
        frames: frames in a window (30 frames are about 2,048 tokens).
        stride: frames between the starts of windows.
        won_factor: how much more often a window that wins a level is sampled.
        distinct: whether equal windows (winning paths repeat) count as one.
        scheduled_sampling: share of windows in whose last frame the world model reads some cells as
            it predicts them itself (`training.scheduled_sampling`).
        colour_permutation: share of windows whose colours are permuted, in the same way in all
            frames: cells then look as in an unseen game. Needs a lexicon.
        patch_permutation: share of those windows whose cells are also replaced by others. Shapes
            then have no meaning, and the model can only learn which cells stay the same.
        counterfactual_negatives: share of windows that end where a level was won, with another
            action in place of the winning one (`tokens.counterfactual_negatives`). Only the outcome
            of that action is a target.
    """

    frames: int = 30
    stride: int = 10
    won_factor: float = 3.0
    distinct: bool = False
    scheduled_sampling: float = 0.0
    colour_permutation: float = 0.0
    patch_permutation: float = 0.0
    counterfactual_negatives: float = 0.0


class WindowSampler:
    """Samples windows: all games equally often, windows that win a level more often."""

    def __init__(
        self,
        vocabulary: Vocabulary,
        episodes: Sequence[CodedEpisode],
        games: Sequence[str],
        config: WindowConfig,
        weights: LossWeights,
        lexicon: Lexicon | None = None,
    ) -> None:
        """Collect all windows. `games[i]` is the game of `episodes[i]`; `lexicon` has the cells."""
        assert lexicon is not None or not config.colour_permutation
        self._lexicon, self._palettes_N16 = lexicon, _palettes()
        self.vocabulary, self.episodes, self.config = vocabulary, episodes, config
        self._layout = Layout(vocabulary, weights)
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
        self._negatives = CounterfactualNegatives(episodes, games, config.frames - 1, placed=placed)

    def draw(self, size: int, *key: int) -> list[CodedEpisode]:
        """Sample `size` windows; `key` (seed, step) seeds the random numbers."""
        rng = np.random.default_rng(key)
        drawn = rng.choice(len(self.starts), size=size, p=self._odds)
        starts = [self.starts[i] for i in drawn]
        windows = [self.episodes[i].window(start, self.config.frames) for i, start in starts]
        windows = [
            self._negatives.instead(w, self.config.counterfactual_negatives, rng) for w in windows
        ]
        return [self._permuted(window, rng) for window in windows]

    def plain(self) -> WindowSampler:
        """Return a sampler of the same windows without data augmentation."""
        plain = copy(self)
        plain.config = replace(self.config, colour_permutation=0.0, counterfactual_negatives=0.0)
        return plain

    def choosing(self) -> WindowSampler:
        """Return a sampler, without augmentation, of windows with a target for the policy.

        If no window has one, all windows are sampled.
        """
        found = self.plain()
        if self._chooses.any():
            found._odds = _even_by_game(self._shares * self._chooses, self._names)
        return found

    def _permuted(self, window: CodedEpisode, rng: np.random.Generator) -> CodedEpisode:
        if rng.random() >= self.config.colour_permutation or self._lexicon is None:
            return window
        palette = self._palettes_N16[rng.integers(len(self._palettes_N16))]
        ids, back = np.unique(window.indices_TC, return_inverse=True)
        if rng.random() < self.config.patch_permutation and len(ids) <= self._lexicon.codes:
            ids = rng.choice(self._lexicon.codes, size=len(ids), replace=False)
        painted = self._lexicon.ids(palette[self._lexicon.cells(ids)]).astype(np.int32)
        return replace(window, indices_TC=painted[back].reshape(window.indices_TC.shape))

    def batch(self, size: int, *key: int) -> Batch:
        """Return the windows of `draw` as a batch."""
        return self.lay_out(self.draw(size, *key))

    def lay_out(self, windows: Sequence[CodedEpisode]) -> Batch:
        """Return windows as a batch."""
        return self._layout.batch(windows)


def _content(window: CodedEpisode) -> bytes:
    """Return a digest of a window; windows with equal content have equal digests."""
    digest = blake2b(bytes([window.opens]), digest_size=16)
    for column in (window.indices_TC, window.types_A, window.cells_A, window.outcomes_A):
        digest.update(np.ascontiguousarray(column).tobytes())
    return digest.digest()


def _palettes() -> NDArray[np.uint8]:
    """Return the colour permutations, uint8 [PALETTES, 16]; few, to keep the lexicon small."""
    rng = np.random.default_rng(0)
    return np.stack([rng.permutation(COLOURS).astype(np.uint8) for _ in range(PALETTES)])


def _even_by_game(odds: NDArray[np.float64], games: NDArray[np.str_]) -> NDArray[np.float64]:
    odds = odds.copy()
    for game in np.unique(games):
        odds[games == game] /= max(odds[games == game].sum(), 1e-12)
    return odds / odds.sum()
