"""Return to the start of a level, with a made-up world model: one tile, three colours."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from arcworld.play.agent import Decision, Source
from arcworld.play.strategies.return_to_start import ReturnToStart, ReturnToStartConfig
from arcworld.recordings.episode import RESET, Action
from arcworld.tokens.cells import cell_of
from tests.planning import turning_cells
from tests.planning.turning_cells import HOME, OTHER, TILE, history, make_run, same

CONFIG = ReturnToStartConfig(turning_cells.CONFIG)


@pytest.fixture
def way(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The strategy in a world in which a click turns its cell to the next of three colours."""
    models = SimpleNamespace(run=make_run(monkeypatch), gate=SimpleNamespace(asks=True))
    return ReturnToStart(models, CONFIG)  # type: ignore[arg-type]


class Remembered:
    """A memory of one level that began in an empty frame."""

    def __init__(self, *movers: Action, displaced: Sequence[Action] = ()) -> None:
        self._movers, self._displaced = list(movers), list(displaced)
        self.graph = SimpleNamespace(shown=same)

    def opening(self) -> Any:
        return HOME

    def movers(self) -> list[Action]:
        return self._movers

    def displaced(self) -> list[Action]:
        return self._displaced

    def untried(self) -> list[Any]:
        return []

    def is_useless(self, action: Action) -> bool:
        return False


def test_return_begins_after_leaving_the_path_and_ends_at_the_start(way: Any) -> None:
    memory, at = Remembered(TILE, OTHER), cell_of(12, 12)
    assert way.step(memory, history(**{f"c{at}": 2})) is None
    way.leave_path()
    nearer = way.step(memory, history(**{f"c{at}": 2}))
    assert nearer is not None and nearer.action == TILE
    assert way.step(memory, history()) is None
    assert way.step(memory, history(**{f"c{at}": 2})) is None


def test_return_ends_when_steps_come_no_nearer(way: Any) -> None:
    memory, at = Remembered(TILE), cell_of(12, 12)
    way.leave_path()
    taken = [way.step(memory, history(**{f"c{at}": 2})) for _ in range(CONFIG.max_failed + 2)]
    assert [step is None for step in taken] == [False] * CONFIG.max_failed + [True] * 2


def test_a_click_that_changed_something_is_repeated_before_look_ahead(way: Any) -> None:
    memory, at = Remembered(TILE, displaced=[OTHER, TILE]), cell_of(12, 12)
    way.leave_path()
    steps = [way.step(memory, history(**{f"c{at}": 2})) for _ in range(2 * CONFIG.look.depth)]
    assert [step.action for step in steps] == [OTHER] * CONFIG.look.depth + [
        TILE
    ] * CONFIG.look.depth
    imagined = way.step(memory, history(**{f"c{at}": 2}))
    assert imagined is not None and imagined.action == TILE and "after 1" in imagined.why


def answered(action: Action, *, own: bool = False, other_level: bool = False) -> Any:
    return SimpleNamespace(decision=Decision(action), own=own, other_level=other_level)


def proposed(way: ReturnToStart, colour: int) -> Decision | None:
    at = cell_of(12, 12)
    way.models.history = SimpleNamespace(coded=history(**{f"c{at}": colour}))  # type: ignore[assignment]
    context: Any = SimpleNamespace(memory=Remembered(TILE, OTHER))
    return way.propose(context)


def test_it_proposes_after_an_action_that_the_agent_did_not_choose(way: Any) -> None:
    way.observe(None, answered(TILE, own=True))
    assert proposed(way, 2) is None
    way.observe(None, answered(TILE))
    decision = proposed(way, 2)
    assert decision is not None and decision.action == TILE
    assert decision.source is Source.RETURN and decision.expected == {"distance": 64.0}


@pytest.mark.parametrize("last", [answered(Action(RESET)), answered(TILE, other_level=True)])
def test_a_level_that_begins_needs_no_return(way: Any, last: Any) -> None:
    way.observe(None, answered(TILE))
    way.observe(None, last)
    assert proposed(way, 2) is None


def test_it_proposes_nothing_where_the_models_do_not_decide(way: Any) -> None:
    way.observe(None, answered(TILE))
    way.models.gate.asks = False
    assert proposed(way, 2) is None
