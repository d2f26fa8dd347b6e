"""Look-ahead with a made-up world model: one tile, three colours."""

from __future__ import annotations

from typing import Any

import pytest

from arcworld.planning.lookahead import look_ahead
from arcworld.tokens.cells import cell_of
from tests.planning.turning_cells import CONFIG, HOME, OTHER, TILE, history, make_run, same


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Any:
    return make_run(monkeypatch)


def test_an_action_is_repeated_until_it_comes_nearer(run: Any) -> None:
    at = cell_of(12, 12)
    once = look_ahead(run, history(**{f"c{at}": 2}), [OTHER, TILE], HOME, same, CONFIG)
    twice = look_ahead(run, history(**{f"c{at}": 1}), [OTHER, TILE], HOME, same, CONFIG)
    assert once is not None and (once.action, once.times, once.distance) == (TILE, 1, 0)
    assert twice is not None and (twice.action, twice.times, twice.distance) == (TILE, 2, 0)


def test_no_action_if_none_comes_nearer_or_none_is_given(run: Any) -> None:
    at = cell_of(12, 12)
    assert look_ahead(run, history(**{f"c{at}": 1}), [OTHER], HOME, same, CONFIG) is None
    assert look_ahead(run, history(**{f"c{at}": 1}), [], HOME, same, CONFIG) is None
