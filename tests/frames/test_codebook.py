from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from arcworld.frames.codebook import PatchCodebook, PatchCodebookConfig, plain_cells
from arcworld.frames.tokenizer import from_cells, to_cells
from arcworld.models.checkpoint import load_model, save_model
from arcworld.recordings.episode import Episode


def fitted(frames: np.ndarray, codes: int = 512) -> PatchCodebook:
    codebook = PatchCodebook(PatchCodebookConfig(codes))
    codebook.fit(frames)
    return codebook.eval()


@given(st.integers(0, 2**32 - 1), st.integers(1, 4))
def test_frames_of_known_cells_come_back_exactly(seed: int, count: int) -> None:
    frames = np.random.default_rng(seed).integers(0, 16, (count, 64, 64), dtype=np.uint8)
    codebook = fitted(frames)
    indices = codebook.encode_frames(frames)
    assert np.array_equal(codebook.decode_frames(indices), frames)
    again = torch.from_numpy(frames)
    assert torch.equal(from_cells(to_cells(again)), again)


@given(st.integers(0, 2**32 - 1))
def test_an_unknown_cell_becomes_the_code_with_fewest_other_pixels(seed: int) -> None:
    rng = np.random.default_rng(seed)
    codebook = fitted(rng.integers(0, 16, (1, 64, 64), dtype=np.uint8), codes=96)
    strange = rng.integers(0, 16, (1, 64, 64), dtype=np.uint8)
    codes = codebook.encode(torch.from_numpy(strange))[0]
    cells = to_cells(torch.from_numpy(strange)).reshape(64, 64)
    other = (cells[:, None] != codebook.patches[None]).sum(-1)
    assert torch.equal(other[torch.arange(64), codes], other.min(1).values)


def test_the_most_frequent_cells_are_kept_when_there_are_too_many() -> None:
    frames = np.zeros((3, 64, 64), np.uint8)
    frames[:, :8, :8] = 7
    frames[2, 20, 20] = 3
    codebook = fitted(frames, codes=2)
    back = codebook.decode_frames(codebook.encode_frames(frames))
    assert np.array_equal(back[:2], frames[:2])
    assert (back[2] != frames[2]).sum() == 1


def test_spare_codes_are_plain_cells_and_edges(make_episode: Callable[..., Episode]) -> None:
    assert len(plain_cells()) == 16 + 16 * 15 * 7 * 2
    codebook = fitted(make_episode().frames_THW, codes=4096)
    stripes = np.repeat([[2] * 5 + [11] * 3], 64, axis=0).astype(np.uint8)
    stripes = np.tile(stripes, (1, 8))[None]
    assert np.array_equal(codebook.decode_frames(codebook.encode_frames(stripes)), stripes)


def test_it_saves_and_loads(make_episode: Callable[..., Episode], tmp_path: Path) -> None:
    frames = make_episode().frames_THW
    codebook = fitted(frames)
    save_model(tmp_path, codebook, codebook.config)
    again = load_model(tmp_path)
    assert isinstance(again, PatchCodebook)
    assert np.array_equal(again.encode_frames(frames), codebook.encode_frames(frames))
    assert codebook.codes().shape == (512, 1024)
