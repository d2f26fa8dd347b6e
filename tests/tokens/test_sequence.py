import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arcworld.recordings.episode import Outcome
from arcworld.tokens.cells import NO_CELL, cell_centre, cell_of
from arcworld.tokens.sequence import CodedEpisode, mask_actions, to_token_ids
from arcworld.tokens.vocabulary import Scheme, Vocabulary
from tests.tokens.token_ids import from_token_ids

CODES = 32


def coded(seed: int, frames: int, pending: bool, opens: bool, actions: int) -> CodedEpisode:
    rng = np.random.default_rng(seed)
    count = frames if pending else frames - 1
    types = rng.integers(0, actions, count).astype(np.int16)
    cells = np.where(types == 6, rng.integers(0, 64, count), NO_CELL).astype(np.int16)
    return CodedEpisode(
        rng.integers(0, CODES, (frames, 64)).astype(np.int32),
        types,
        cells,
        (rng.random(count) < 0.3).astype(np.uint8) * np.uint8(Outcome.LEVEL_WON),
        np.zeros(count, dtype=np.bool_),
        opens,
    )


@given(
    seed=st.integers(0, 2**32 - 1),
    frames=st.integers(1, 5),
    pending=st.booleans(),
    opens=st.booleans(),
    scheme=st.sampled_from(["v1", "v2"]),
)
def test_unpack_is_the_inverse_of_pack(
    seed: int, frames: int, pending: bool, opens: bool, scheme: Scheme
) -> None:
    vocabulary = Vocabulary(scheme, CODES)
    episode = coded(seed, frames, pending, opens, vocabulary.actions)
    back = from_token_ids(vocabulary, to_token_ids(vocabulary, episode))
    assert np.array_equal(back.indices_TC, episode.indices_TC)
    assert np.array_equal(back.types_A, episode.types_A)
    assert np.array_equal(back.outcomes_A, episode.outcomes_A)
    assert back.opens == episode.opens
    if scheme == "v2":
        assert np.array_equal(back.cells_A, episode.cells_A)
    else:
        assert (back.cells_A == NO_CELL).all()


def test_the_layout_is_the_design_s_to_the_token() -> None:
    episode = CodedEpisode(
        np.arange(128, dtype=np.int32).reshape(2, 64) % CODES,
        np.array([6, 2], dtype=np.int16),
        np.array([46, NO_CELL], dtype=np.int16),
        np.array([Outcome.LEVEL_WON, Outcome.GAME_OVER], dtype=np.uint8),
        np.zeros(2, dtype=np.bool_),
    )
    vocabulary = Vocabulary("v2", CODES)
    names = [vocabulary.token(int(i)) for i in to_token_ids(vocabulary, episode)]
    codes = [f"<VQ_{i % CODES:03d}>" for i in range(64)]
    first = ["<GAME_START>", "<FRAME>", *codes, "<ACT>", "<ACT_TYPE_6>", "<ACT_LOC_46>"]
    second = ["<LEVEL_COMPLETE>", "<FRAME>", *codes, "<ACT>", "<ACT_TYPE_2>", "<ACT_LOC_NULL>"]
    assert names == first + second
    v1 = Vocabulary("v1", CODES)
    names = [v1.token(int(i)) for i in to_token_ids(v1, episode)]
    assert names[66:70] == ["<ACT>", "<ACT_6>", "<LEVEL_COMPLETE>", "<FRAME>"]


def test_undo_has_no_token_in_v1() -> None:
    episode = coded(0, 2, False, True, 7)
    episode.types_A[:] = 7
    assert to_token_ids(Vocabulary("v2", CODES), episode) is not None
    with pytest.raises(ValueError, match="v1 has tokens for actions 0-6; found 7"):
        to_token_ids(Vocabulary("v1", CODES), episode)


def test_the_mask_hides_every_action_and_nothing_else() -> None:
    vocabulary = Vocabulary("v2", CODES)
    a, b = coded(1, 4, False, True, 8), coded(1, 4, False, True, 8)
    b.types_A[:] = 6
    b.cells_A[:] = 11
    masked = mask_actions(vocabulary, to_token_ids(vocabulary, a))
    assert np.array_equal(masked, mask_actions(vocabulary, to_token_ids(vocabulary, b)))
    assert (masked == vocabulary.mask).sum() == 9
    kept = masked != vocabulary.mask
    assert np.array_equal(masked[kept], to_token_ids(vocabulary, a)[kept])


@given(st.integers(0, 63), st.integers(0, 63))
def test_a_cell_s_centre_lies_in_the_cell(x: int, y: int) -> None:
    cell = cell_of(x, y)
    centre = cell_centre(cell)
    assert 0 <= cell < 64 and cell_of(*centre) == cell
    assert max(abs(centre[0] - x), abs(centre[1] - y)) <= 4
