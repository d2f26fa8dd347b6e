"""Clicks whose effects add up in any order: lights that switch their neighbours, tiles that cycle.

Each click moves some cells on by one colour of a cycle of k colours. Which clicks are needed, and
how often, is a linear system modulo k, solved by elimination (Anderson and Feil, "Turning lights
out with linear algebra", 1998), where a search would have to be as deep as there are clicks. The
effects are those observed on the level; a click that was not tried is taken to do what most others
do beside it. Worth: 22 of the 29 levels of five games with lights (docs/LOG.md).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arcworld.goals import GoalMemory, Hypothesis, Scene, progress
from arcworld.planning.click_grid import Cell, Grid, grid_of, opened
from arcworld.planning.modular import fewest, solve
from arcworld.recordings.episode import CLICK, SIDE, Action

RARE = 0.1
"""Share of the changed pixels below which a colour is a mark's."""
FULL = 0.6
"""Share of a cell's pixels of colours that switch that do where it does: marks change fewer."""

type Effects = dict[Cell, NDArray[np.bool_]]
"""Which cells [rows, columns] a click on each cell moves on."""


@dataclass(frozen=True, slots=True, eq=False)
class _Click:
    """The frame before a click, what it changed, and the same without what is thin; [64, 64]."""

    before_HW: NDArray[np.uint8]
    differs_HW: NDArray[np.bool_]
    opened_HW: NDArray[np.bool_]


class ClickEffects:
    """What clicks did on one level."""

    def __init__(self) -> None:
        self._clicked: dict[Cell, _Click] = {}
        self._colours: dict[int, Counter[int]] = defaultdict(Counter)
        self._known: tuple[Grid, Effects] | None = None
        self._is_new = False

    def observe(
        self,
        before_HW: NDArray[np.uint8],
        action: Action,
        after_HW: NDArray[np.uint8],
        visible_HW: NDArray[np.bool_],
    ) -> None:
        """Learn from one action that neither won nor lost the level.

        Args:
            before_HW: the frame acted in, uint8 [64, 64].
            action: the action; only clicks are looked at.
            after_HW: the frame after it.
            visible_HW: pixels outside the rim, bool [64, 64].
        """
        if action.id != CLICK or action.x is None or action.y is None:
            return
        differs_HW = (before_HW != after_HW) & visible_HW
        changed_HW = opened(differs_HW)
        self._clicked[action.y, action.x] = _Click(before_HW, differs_HW, changed_HW)
        old, new = (frame_HW[changed_HW].tolist() for frame_HW in (before_HW, after_HW))
        pairs = Counter(zip(old, new, strict=True))
        for (colour, following), count in pairs.items():
            self._colours[colour][following] += count
        self._is_new = True

    @property
    def following(self) -> dict[int, int]:
        """The colour that follows each colour; {} unless colours that change form cycles."""
        total = sum(news.total() for news in self._colours.values())
        often = {k: news for k, news in self._colours.items() if news.total() >= RARE * total}
        found = {old: news.most_common(1)[0][0] for old, news in often.items()}
        return found if set(found.values()) == set(found) else {}

    def effects(self) -> tuple[Grid, Effects] | None:
        """The grid, and which cells [rows, columns] each clicked cell moves on, if any."""
        if self._is_new:
            self._known, self._is_new = self._find(), False
        return self._known

    def _find(self) -> tuple[Grid, Effects] | None:
        switching = self.following
        clicks = self._clicked.values()
        opened_masks, masks = [c.opened_HW for c in clicks], [c.differs_HW for c in clicks]
        grid = grid_of(opened_masks, masks) if switching else None
        if grid is None:
            return None
        found: Effects = {}
        for (y, x), click in self._clicked.items():
            cell = grid.at(y, x)
            if cell is not None:
                shown = grid.shows(switching, click.before_HW)
                switched_HW = click.differs_HW & np.isin(click.before_HW, list(switching))
                switched = grid.blocks(switched_HW).sum(axis=2)
                found[cell] = (switched >= FULL * shown) & (shown > 0)
        return grid, found

    def untried(self, frame_HW: NDArray[np.uint8]) -> tuple[Action, ...]:
        """Clicks on cells of colours that switch whose effect was not observed; () without any."""
        known = self.effects()
        if known is None:
            return ()
        grid, seen = known
        shown = grid.shows(self.following, frame_HW)
        cells = [cell for cell in _cells(grid.shape) if cell not in seen]
        return tuple(grid.click(cell) for cell in cells if shown[cell])

    def solution(
        self, hypothesis: Hypothesis, scene: Scene, frame_HW: NDArray[np.uint8], memory: GoalMemory
    ) -> tuple[Action, ...] | None:
        """Clicks that make a goal true if their effects add up; () where none are known.

        Returns None where clicks switch nothing, or nothing that the goal is about.

        Args:
            hypothesis: the goal.
            scene: of the level.
            frame_HW: the frame to begin in, uint8 [64, 64].
            memory: of the goal.
        """
        known = self.effects()
        wanted = known and _wanted(known[0], self.following, hypothesis, scene, frame_HW, memory)
        if known is None or wanted is None:
            return None
        (grid, seen), (size, need_RC) = known, wanted
        guesses = (_guessed(seen, grid.shape, wraps=wraps) for wraps in (False, True))
        for effects in (seen, *guesses):
            times = _times(effects, need_RC, size)
            if times:
                return tuple(grid.click(cell) for cell, n in times.items() for _ in range(n))
        return ()


def _cells(shape: Cell) -> list[Cell]:
    return [(row, column) for row in range(shape[0]) for column in range(shape[1])]


def _wanted(
    grid: Grid,
    following: dict[int, int],
    hypothesis: Hypothesis,
    scene: Scene,
    frame_HW: NDArray[np.uint8],
    memory: GoalMemory,
) -> tuple[int, NDArray[np.intp]] | None:
    """(k, by how many colours each cell has to move on, -1 where it does not matter)."""
    blocks, shown = grid.blocks(frame_HW), grid.shows(following, frame_HW)
    places = grid.blocks(np.arange(SIDE * SIDE).reshape(SIDE, SIDE))
    need_RC = np.full(grid.shape, -1, np.intp)
    sizes: set[int] = set()
    for cell in _cells(grid.shape):
        if not shown[cell]:
            continue
        colour = max(following, key=lambda c: int((blocks[cell] == c).sum()))
        cycle = _cycle(following, colour)
        sizes.add(len(cycle))
        far: list[float] = []
        for other in cycle:
            painted_HW = frame_HW.copy()
            painted_HW.reshape(-1)[places[cell][blocks[cell] == colour]] = other
            far.append(progress(hypothesis, scene, painted_HW, memory).distance)
        if max(far) > min(far):
            need_RC[cell] = int(np.argmin(far))
    return (sizes.pop(), need_RC) if len(sizes) == 1 and (need_RC > 0).any() else None


def _cycle(following: dict[int, int], colour: int) -> list[int]:
    """Colours from one on, until it comes again; [] if it does not."""
    found = [colour]
    while (after := following.get(found[-1], colour)) not in found:
        found.append(after)
    return found if len(found) > 1 and after == colour else []


def _guessed(seen: Effects, shape: Cell, *, wraps: bool) -> Effects:
    """Effects of all cells: where a click was not tried, what most of those tried do around it.

    Args:
        seen: effects of the cells that were clicked.
        shape: rows and columns.
        wraps: whether what would lie beyond an edge lies at the opposite one.
    """
    rows, columns = shape
    active = {cell: moves for cell, moves in seen.items() if moves.any()}
    if not active:
        return seen
    if wraps:
        rolled = [np.roll(m, (-r, -c), axis=(0, 1)) for (r, c), m in active.items()]
        usual = np.sum(rolled, axis=0) * 2 > len(active)
        return {c: np.roll(usual, c, axis=(0, 1)) for c in _cells(shape)} | seen
    votes = np.zeros((2 * rows - 1, 2 * columns - 1), np.intp)
    boxes = {
        (r, c): np.s_[rows - 1 - r : 2 * rows - 1 - r, columns - 1 - c : 2 * columns - 1 - c]
        for r, c in _cells(shape)
    }
    for cell, moves in active.items():
        votes[boxes[cell]] += np.where(moves, 1, -1)
    return {cell: votes[box] > 0 for cell, box in boxes.items()} | seen


def _times(moves: Effects, need_RC: NDArray[np.intp], size: int) -> dict[Cell, int]:
    """How often each cell is clicked; {} where there is no way."""
    cells = [cell for cell in moves if moves[cell].any()]
    matters = need_RC.reshape(-1) >= 0
    if not cells:
        return {}
    system = np.stack([moves[cell].reshape(-1)[matters] for cell in cells], axis=1)
    solved = solve(system.astype(np.intp), need_RC.reshape(-1)[matters], size)
    if solved is None:
        return {}
    return {c: n for c, n in zip(cells, fewest(*solved, size).tolist(), strict=True) if n}
