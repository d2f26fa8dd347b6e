"""Segmentation, window hashes and bounded tables."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from arcworld.online.trust import HitRates, OutcomeTable, bounded
from arcworld.online.view import EDGE, Segmenter, patch_hash, shifted
from tests.online.scenes import AVATAR, room, tile


def random_frame(seed: int, colours: int = 4) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, colours, (64, 64), dtype=np.uint8)


def test_parts_are_the_regions_of_one_colour() -> None:
    frame = random_frame(0, 6)
    view = Segmenter().view(frame)
    for colour in range(6):
        labels = np.empty((64, 64), np.int32)
        count = ndimage.label(frame == colour, structure=np.ones((3, 3)), output=labels)
        assert sum(part.colour == colour for part in view.parts) == count
    for number, part in enumerate(view.parts):
        assert (view.labels[part.pixels] == number).all() and len(part.pixels) == part.area
        rows, columns = part.pixels >> 6, part.pixels & 63
        assert (part.y, part.x) == (rows.min(), columns.min())
        assert part.height == rows.max() - part.y + 1 and part.width == columns.max() - part.x + 1


def test_a_look_does_not_depend_on_the_place() -> None:
    segmenter = Segmenter()
    looks = set[int]()
    for y, x in ((8, 8), (20, 44), (52, 52)):
        view = segmenter.view(tile(room(), y, x, AVATAR))
        looks |= {part.look for part in view.parts if part.colour == AVATAR}
    assert len(looks) == 1


def test_windows_find_a_patch_wherever_it_is() -> None:
    frame = random_frame(1)
    view = Segmenter().view(frame)
    for y, x, height, width in ((0, 0, 3, 5), (40, 51, 13, 13), (60, 60, 4, 4)):
        patch = frame[y : y + height, x : x + width]
        found = np.argwhere(view.windows(height, width) == np.uint64(patch_hash(patch)))
        assert [y, x] in found.tolist()
        for row, column in found.tolist():
            assert (frame[row : row + height, column : column + width] == patch).all()


def test_a_shift_over_the_edge_loses_pixels() -> None:
    pixels = np.array([0, 63, 64 * 63])
    moved, inside = shifted(pixels, (0, 1))
    assert moved.tolist() == [1, 64 * 63 + 1]
    assert inside is not None and inside.tolist() == [True, False, True]
    assert EDGE == 1 << 16


def test_segmentation_caches_are_bounded() -> None:
    segmenter = Segmenter(views=8, layers=16)
    for seed in range(30):
        segmenter.view(random_frame(seed))
    assert len(segmenter._views) <= 8 and len(segmenter._layers) <= 16


def test_tables_are_bounded_and_forget() -> None:
    table: dict[int, int] = {}
    for k in range(300):
        table[k] = k
        bounded(table, 100)
    assert len(table) <= 100 and 299 in table
    outcomes: OutcomeTable[str] = OutcomeTable(0.5)
    for outcome in ("a", "a", "b", "b"):
        outcomes.add("key", outcome)
    best = outcomes.best("key")
    assert best is not None and best[0] == "b"
    hits = HitRates()
    assert hits.rate("new", 0.3) == 0.3
    hits.add("new", True)
    assert hits.rate("new", 0.3) > 0.5
