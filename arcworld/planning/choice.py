"""The rule of choice: the goal when one action clearly leads, explore when the policy cannot be
trusted here, else the policy; and never again what is known to change nothing here.

Knows probabilities, not models; how to explore is another's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arcworld.frames.tokenizer import CELLS, GRID
from arcworld.planning.candidates import Candidates
from arcworld.recordings.episode import CLICK, Action
from arcworld.tokens.cells import cell_centre, pixel_of


@dataclass(frozen=True)
class SelectionConfig:
    """When to go for a goal, and how the policy is drawn from.

    Attributes:
        goal_at_least: P(LEVEL_COMPLETE | action) the leading action needs.
        goal_lead: by how much it leads the second.
        goal_prior: where the policy is followed, it must give the goal this probability at least:
            it knows the way there.
        temperature: of the policy, for each time that it started the level over: at first the
            likeliest is taken.
        repeated: factor on an action's probability for each time it was taken in this state.
    """

    goal_at_least: float = 0.5
    goal_lead: float = 0.2
    goal_prior: float = 0.01
    temperature: float = 0.3
    repeated: float = 0.25


@dataclass(frozen=True)
class SelectedAction:
    """The chosen candidate and the part of the rule that chose it: goal or policy; or explore,
    which leaves the candidate open.
    """

    index: int | None
    reason: str


def choose(
    config: SelectionConfig,
    level_N: NDArray[np.floating],
    prior_N: NDArray[np.floating],
    taken_N: NDArray[np.integer],
    useless_N: NDArray[np.bool_],
    missed_N: NDArray[np.bool_],
    explore: bool,
    rng: np.random.Generator,
) -> SelectedAction:
    """Choose among N candidates.

    Args:
        config: the thresholds.
        level_N: P(LEVEL_COMPLETE | action).
        prior_N: the policy's probability of each.
        taken_N: how often each was taken in this state.
        useless_N: known to change nothing here, or to end the game; never chosen.
        missed_N: taken for the goal on this level before, and did not win it; a goal no more.
        explore: whether the policy is not to be trusted here.
        rng: draws where the rule leaves it open.
    """
    open_N = ~useless_N
    if not open_N.any():
        return SelectedAction(None, "explore")
    level_N = np.where(missed_N, 0.0, level_N)
    best = int(np.where(open_N, level_N, -1.0).argmax())
    lead = float(level_N[best] - np.delete(level_N, best).max(initial=0.0))
    likely = explore or prior_N[best] >= config.goal_prior
    if likely and level_N[best] >= config.goal_at_least and lead >= config.goal_lead:
        return SelectedAction(best, "goal")
    if explore:
        return SelectedAction(None, "explore")
    scores = open_scores(config, prior_N, taken_N, useless_N)
    drawn = scores + config.temperature * rng.gumbel(size=len(scores))
    return SelectedAction(int(drawn.argmax()), "policy")


def open_scores(
    config: SelectionConfig,
    prior_N: NDArray[np.floating],
    taken_N: NDArray[np.integer],
    useless_N: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """Log of what is left of each candidate's probability: less each time it was taken in this
    state, and -inf where it is useless.
    """
    with np.errstate(divide="ignore"):
        scores = np.log(prior_N) + np.log(config.repeated) * taken_N
    return np.where(useless_N, -np.inf, np.maximum(scores, -1e9))


def prior_over(
    candidates: Candidates, types_8: NDArray[np.floating], places_65: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Probability of each candidate from logits of types [8] and locations [65]."""
    types = _softmax(types_8)[candidates.types_N]
    cells = _softmax(places_65[:CELLS])
    clicks = candidates.types_N == CLICK
    placed = np.where(clicks, cells[np.minimum(candidates.cells_N, CELLS - 1)], 1.0)
    weights = types * placed
    return weights / max(weights.sum(), 1e-12)


def _softmax(logits: NDArray[np.floating]) -> NDArray[np.float64]:
    shifted = np.exp(logits.astype(np.float64) - logits.max())
    return shifted / shifted.sum()


def click_pixel(
    frame_HW: NDArray[np.uint8], cell: int, offset: int | None = None
) -> tuple[int, int]:
    """The pixel (x, y) to click in a cell: the learned offset, else the part that stands out, else
    the centre.

    What stands out is the colour of the cell that is rarest in the whole frame; of its pixels, the
    one nearest to their mean.

    >>> frame = np.zeros((64, 64), np.uint8)
    >>> frame[9, 14] = 3
    >>> click_pixel(frame, 9), click_pixel(frame, 0), click_pixel(frame, 9, offset=63)
    ((14, 9), (4, 4), (15, 15))
    """
    if offset is not None:
        return pixel_of(cell, offset)
    top, left = cell // GRID * GRID, cell % GRID * GRID
    pixels = frame_HW[top : top + GRID, left : left + GRID]
    colours = np.unique(pixels)
    if len(colours) == 1:
        return cell_centre(cell)
    counts = np.bincount(frame_HW.ravel(), minlength=16)
    ys, xs = np.nonzero(pixels == colours[counts[colours].argmin()])
    nearest = int(((ys - ys.mean()) ** 2 + (xs - xs.mean()) ** 2).argmin())
    return left + int(xs[nearest]), top + int(ys[nearest])


def as_action(
    candidates: Candidates, index: int, frame_HW: NDArray[np.uint8], offset: int | None = None
) -> Action:
    """A candidate as an action; a click lands on a pixel of its cell (see `click_pixel`)."""
    kind, cell = int(candidates.types_N[index]), int(candidates.cells_N[index])
    if kind != CLICK:
        return Action(kind)
    return Action(kind, *click_pixel(frame_HW, cell, offset))
