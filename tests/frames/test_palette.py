import numpy as np
import pytest

from arcworld.frames.palette import PALETTE, contact_sheet, difference, to_rgb


def test_the_palette_is_the_toolkit_s() -> None:
    from arc_agi.rendering import COLOR_MAP

    official = [tuple(int(COLOR_MAP[c][i : i + 2], 16) for i in (1, 3, 5)) for c in range(16)]
    assert [tuple(row) for row in PALETTE.tolist()] == official


def test_difference_marks_what_differs_and_nothing_else() -> None:
    a = np.zeros((64, 64), np.uint8)
    b = a.copy()
    b[3, 7] = 9
    red = (difference(a, b, zoom=1) == [220, 30, 30]).all(-1)
    assert np.argwhere(red).tolist() == [[3, 7]]


def test_a_sheet_has_a_page_for_its_rows() -> None:
    frame = np.arange(4096).reshape(64, 64).astype(np.uint8) % 16
    page = contact_sheet([[to_rgb(frame, 2)], [to_rgb(frame, 2), to_rgb(frame, 2)]], gap=4)
    assert page.shape == (2 * 132 + 4, 2 * 132 + 4, 3)
    with pytest.raises(ValueError, match="found none"):
        contact_sheet([[]])
