from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from arcworld.frames.codebook import PatchCodebook, PatchCodebookConfig, plain_cells
from arcworld.frames.lexicon import Lexicon, paint, strokes_between
from arcworld.frames.tokenizer import from_cells, to_cells
from arcworld.models.storage.checkpoint import load_model, save_model
from arcworld.recordings.episode import Episode


def fitted(*recordings: np.ndarray, codes: int = 512, shown_by: int = 1) -> PatchCodebook:
    codebook = PatchCodebook(PatchCodebookConfig(codes, shown_by))
    codebook.fit(recordings)
    return codebook.eval()


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 4))
def test_any_frame_comes_back_exactly(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    known = rng.integers(0, 16, (1, 64, 64), dtype=np.uint8)
    strange = rng.integers(0, 16, (count, 64, 64), dtype=np.uint8)
    codebook = fitted(known, codes=70)
    both = np.concatenate([known, strange, known])
    indices = codebook.encode_frames(both)
    assert np.array_equal(codebook.decode_frames(indices), both)
    assert np.array_equal(indices[0], indices[-1])
    again = torch.from_numpy(both)
    assert torch.equal(from_cells(to_cells(again)), again)


def test_a_cell_that_is_no_code_is_spelled_from_the_nearest() -> None:
    rng = np.random.default_rng(0)
    codebook = fitted(rng.integers(0, 16, (1, 64, 64), dtype=np.uint8), codes=96)
    strange = rng.integers(0, 16, (1, 64, 64), dtype=np.uint8)
    ids = codebook.encode(torch.from_numpy(strange))[0]
    cells = to_cells(torch.from_numpy(strange)).reshape(64, 64)
    other = (cells[:, None] != codebook.patches[None]).sum(-1)
    assert (ids >= 96).all()
    spellings = [codebook.lexicon.spelling(int(i)) for i in ids]
    bases = torch.tensor([spelling.base for spelling in spellings])
    assert torch.equal(other[torch.arange(64), bases], other.min(1).values)
    for spelling, cell in zip(spellings, cells.numpy(), strict=True):
        base = codebook.patches[spelling.base].numpy()
        assert np.array_equal(paint(base, spelling.strokes), cell)
    tokens = codebook.spelled_tokens(ids[None].numpy())
    assert tokens.tolist() == [sum(spelling.tokens for spelling in spellings)]


@given(st.integers(0, 2**32 - 1), st.integers(1, 4))
def test_strokes_turn_one_cell_into_another(seed: int, colours: int) -> None:
    rng = np.random.default_rng(seed)
    base, cell = rng.integers(0, colours, (2, 64), dtype=np.uint8)
    strokes = strokes_between(base, cell)
    assert np.array_equal(paint(base, strokes), cell)
    assert len(strokes) <= (base != cell).sum()


def test_ids_are_by_content_and_equal_codes_are_one() -> None:
    lexicon = Lexicon(np.repeat(np.arange(3, dtype=np.uint8) // 2, 64).reshape(3, 64))
    assert lexicon.ids(np.zeros((2, 64), np.uint8)).tolist() == [0, 0]
    dotted = np.zeros((1, 64), np.uint8)
    dotted[0, 5] = 9
    assert lexicon.ids(dotted).tolist() == [3] == lexicon.ids(dotted).tolist()
    assert np.array_equal(lexicon.cells(np.array([3])), dotted)
    table, keys = lexicon.table(torch.device("cpu"))
    assert len(table) == len(keys) == len(lexicon) == 4


def test_the_most_frequent_cells_are_kept_when_there_are_too_many() -> None:
    frames = np.zeros((3, 64, 64), np.uint8)
    frames[:, :8, :8] = 7
    frames[2, 20, 20] = 3
    indices = fitted(frames, codes=2).encode_frames(frames)
    assert (indices[:2] < 2).all() and (indices[2] >= 2).sum() == 1


def test_what_one_recording_alone_shows_is_spelled() -> None:
    one, two = np.zeros((2, 1, 64, 64), np.uint8)
    one[0, 20, 20] = one[0, 50, 50] = two[0, 50, 50] = 3
    indices = fitted(one, two, codes=4096, shown_by=2).encode_frames(one)[0]
    assert np.flatnonzero(indices >= 4096).tolist() == [2 * 8 + 2]
    assert (fitted(one, codes=4096, shown_by=2).encode_frames(one) < 4096).all()


def test_spare_codes_are_plain_cells_and_edges(make_episode: Callable[..., Episode]) -> None:
    assert len(plain_cells()) == 16 + 16 * 15 * 7 * 2
    codebook = fitted(make_episode().frames_THW, codes=4096)
    stripes = np.repeat([[2] * 5 + [11] * 3], 64, axis=0).astype(np.uint8)
    stripes = np.tile(stripes, (1, 8))[None]
    assert (codebook.encode_frames(stripes) < 4096).all()


def test_it_saves_and_loads(make_episode: Callable[..., Episode], tmp_path: Path) -> None:
    frames = make_episode().frames_THW
    codebook = fitted(frames)
    save_model(tmp_path, codebook, codebook.config)
    again = load_model(tmp_path, PatchCodebook)
    assert np.array_equal(again.encode_frames(frames), codebook.encode_frames(frames))
    assert again.lexicon is not codebook.lexicon
    assert codebook.codes().shape == (512, 1024)
