"""The patch codebook: a lossless frame tokenizer whose codes are cells of 8x8 pixels.

Nothing is learned by gradient: the most frequent cells of the training data become the codes. Any
other cell is spelled: a code plus strokes that change some of its pixels (see `lexicon`). Its id
is `codebook_size` or more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from arcworld.frames.lexicon import PIXELS, Lexicon, one_hot
from arcworld.frames.tokenizer import CELLS, GRID, FrameTokenizer, from_cells, to_cells
from arcworld.recordings.episode import COLOURS


@dataclass(frozen=True)
class PatchCodebookConfig:
    """Size of a `PatchCodebook`.

    Attributes:
        codebook_size: number of codes. If training has fewer distinct cells, cells of one colour
            and cells of two colours with a straight edge fill the rest.
        shown_by: a cell becomes a code only if at least this many recordings show it. With 2, cells
            of a single recording are spelled, as the new cells of an unseen recording will be. So
            the model learns to spell on realistic examples.
    """

    codebook_size: int = 4096
    shown_by: int = 2


class PatchCodebook(FrameTokenizer):
    """Encodes a frame as 8x8 cell ids and decodes it without loss.

    Attributes:
        patches: colours of the cells, uint8 [codebook_size, 64].
        highest: of the whole numbers in its state; checked where it is loaded.
    """

    patches: Tensor
    highest: Mapping[str, int] = {"patches": COLOURS - 1}

    def __init__(self, config: PatchCodebookConfig) -> None:
        super().__init__()
        self.config = config
        self.codebook_size, self.code_dim = config.codebook_size, PIXELS * COLOURS
        self.register_buffer("patches", torch.zeros(config.codebook_size, PIXELS).byte())
        self.register_load_state_dict_post_hook(_forget_lexicon)
        self._lexicon: Lexicon | None = None

    @property
    def lexicon(self) -> Lexicon:
        """The cells by id: the codes, and every cell spelled since `fit` or loading."""
        if self._lexicon is None:
            self._lexicon = Lexicon(self.patches.cpu().numpy())
        return self._lexicon

    def fit(self, recordings: Sequence[NDArray[np.uint8]]) -> None:
        """Make the most frequent cells of some recordings the codes.

        Args:
            recordings: the frames of each recording, uint8 [T, 64, 64].
        """
        frames: Counter[bytes] = Counter()
        shown_by: Counter[bytes] = Counter()
        for frames_THW in recordings:
            cells = to_cells(torch.from_numpy(frames_THW)).reshape(-1, PIXELS).numpy()
            kinds, counts = np.unique(cells, axis=0, return_counts=True)
            names = [kind.tobytes() for kind in kinds]
            frames.update(dict(zip(names, counts.tolist(), strict=True)))
            shown_by.update(names)
        needed = min(self.config.shown_by, len(recordings))
        ranked = [name for name, _ in frames.most_common() if shown_by[name] >= needed]
        kinds = np.frombuffer(b"".join(ranked), dtype=np.uint8).reshape(-1, PIXELS)
        rows = _first_of_equals(np.concatenate([kinds, plain_cells()]))[: self.codebook_size]
        self.patches[: len(rows)] = torch.from_numpy(rows)
        self.patches[len(rows) :] = self.patches[0]
        self._lexicon = None

    def encode(self, frames_BHW: Tensor) -> Tensor:
        """See `FrameTokenizer.encode`; the id of a spelled cell is `codebook_size` or more."""
        cells = to_cells(frames_BHW).reshape(-1, PIXELS).to("cpu", torch.uint8).numpy()
        ids = torch.from_numpy(self.lexicon.ids(cells))
        return ids.reshape(-1, CELLS).to(frames_BHW.device)

    def decode(self, indices_BC: Tensor) -> Tensor:
        """See `FrameTokenizer.decode`."""
        cells = torch.from_numpy(self.lexicon.cells(indices_BC.cpu().numpy()))
        return from_cells(cells.unflatten(-1, (GRID, GRID))).to(indices_BC.device)

    def codes(self) -> Tensor:
        """Return the pixels of codes, one-hot over 16 colours: float32 [codebook_size, 1024]."""
        return one_hot(self.patches)

    def spelled_tokens(self, indices_TC: NDArray[np.integer]) -> NDArray[np.int64]:
        """Return how many tokens the spelled cells of each frame take beyond its 64, int64 [T]."""
        extra = np.zeros(indices_TC.shape, dtype=np.int64)
        for place in zip(*np.nonzero(indices_TC >= self.codebook_size), strict=True):
            extra[place] = self.lexicon.spelling(int(indices_TC[place])).tokens
        return extra.sum(1)


def _forget_lexicon(module: nn.Module, _: object) -> None:
    assert isinstance(module, PatchCodebook)
    module._lexicon = None


def _first_of_equals(rows_NP: NDArray[np.uint8]) -> NDArray[np.uint8]:
    _, first = np.unique(rows_NP, axis=0, return_index=True)
    return rows_NP[np.sort(first)]


def plain_cells() -> NDArray[np.uint8]:
    """Return cells of one colour, then of two colours with a straight edge, uint8 [N, 64]."""
    colours = np.arange(COLOURS, dtype=np.uint8)
    plain = np.repeat(colours[:, None], PIXELS, axis=1)
    left, right = (side.ravel() for side in np.meshgrid(colours, colours, indexing="ij"))
    pairs = left != right
    left, right = left[pairs][:, None, None], right[pairs][:, None, None]
    at = np.broadcast_to(np.arange(GRID), (len(left), GRID, GRID))
    upright = [np.where(at < edge, left, right) for edge in range(1, GRID)]
    level = [cell.swapaxes(1, 2) for cell in upright]
    return np.concatenate([plain, *(c.reshape(-1, PIXELS) for c in upright + level)])
