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
from scipy import ndimage

from arcworld.goals import GoalMemory, Hypothesis, Scene, progress
from arcworld.goals.lattice import LARGEST, lattice_of
from arcworld.planning.modular import fewest, solve
from arcworld.recordings.episode import CLICK, SIDE, Action

LEAST = 4
"""Pixels of the smallest cell's side."""
RARE = 0.1
"""Share of the changed pixels below which a colour is a mark's."""
FULL = 0.6
"""Share of a cell's pixels that change where the cell does: marks of clicks change fewer."""

type Cell = tuple[int, int]
"""Row and column."""
type Effects = dict[Cell, NDArray[np.bool_]]
"""Which cells [rows, columns] a click on each cell moves on."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Cells of `size` pixels, the first at row `top`, column `left`."""

    size: int
    top: int
    left: int

    @property
    def shape(self) -> Cell:
        """Rows and columns."""
        return (SIDE - self.top) // self.size, (SIDE - self.left) // self.size

    def at(self, y: int, x: int) -> Cell | None:
        """The cell of a pixel; None outside."""
        row, column = (y - self.top) // self.size, (x - self.left) // self.size
        rows, columns = self.shape
        return (row, column) if 0 <= row < rows and 0 <= column < columns else None

    def click(self, cell: Cell) -> Action:
        """A click on the middle of a cell."""
        y, x = (at * self.size + self.size // 2 for at in cell)
        return Action(CLICK, self.left + x, self.top + y)

    def blocks[T: np.generic](self, array_HW: NDArray[T]) -> NDArray[T]:
        """The pixels of each cell, [rows, columns, size * size]."""
        (rows, columns), n = self.shape, self.size
        part = array_HW[self.top : self.top + rows * n, self.left : self.left + columns * n]
        return part.reshape(rows, n, columns, n).swapaxes(1, 2).reshape(rows, columns, n * n)


class ClickEffects:
    """What clicks did on one level."""

    def __init__(self) -> None:
        self._changed: dict[Cell, NDArray[np.bool_]] = {}
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
        opened_HW = ndimage.binary_opening(differs_HW, np.ones((LEAST, LEAST), np.bool_))
        changed_HW = np.asarray(opened_HW, np.bool_)
        self._changed[action.y, action.x] = changed_HW
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
        grid = _grid_of(list(self._changed.values())) if self.following else None
        if grid is None:
            return None
        found: Effects = {}
        for (y, x), changed_HW in self._changed.items():
            cell = grid.at(y, x)
            if cell is not None:
                found[cell] = grid.blocks(changed_HW).mean(axis=2) >= FULL
        return grid, found

    def untried(self) -> tuple[Action, ...]:
        """Clicks on cells whose effect was not observed; () where clicks switch nothing."""
        known = self.effects()
        if known is None:
            return ()
        grid, seen = known
        return tuple(grid.click(cell) for cell in _cells(grid.shape) if cell not in seen)

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


def _grid_of(masks: list[NDArray[np.bool_]]) -> Grid | None:
    """The coarsest grid on whose lines most of what changed begins and ends."""
    lines = np.zeros((2, SIDE + 1))
    for mask in masks:
        padded = np.pad(mask, 1).astype(np.int8)
        for axis in (0, 1):
            lines[axis] += np.abs(np.diff(padded, axis=axis)).sum(axis=1 - axis)
    lines[:, [0, SIDE]] = 0
    lattice = lattice_of(lines, LARGEST, LEAST) if lines.any(axis=1).all() else None
    return lattice and Grid(*lattice)


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
    blocks = grid.blocks(frame_HW)
    places = grid.blocks(np.arange(SIDE * SIDE).reshape(SIDE, SIDE))
    need_RC = np.full(grid.shape, -1, np.intp)
    sizes: set[int] = set()
    for cell in _cells(grid.shape):
        colour = int(np.bincount(blocks[cell]).argmax())
        cycle = _cycle(following, colour)
        if not cycle:
            continue
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
