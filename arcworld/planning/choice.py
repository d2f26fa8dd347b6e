"""Choose one of the candidate actions: goal first, then policy, else explore.

- Goal: one action clearly leads in P(level won).
- Policy: sample from the policy, if it is trusted here (`policy_gate`).
- Explore: leave the choice to the explorer.

Actions that are known to be useless here are never chosen.
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
    """Thresholds of the goal, and how the policy is sampled.

    Attributes:
        goal_at_least: minimum P(level won) of the leading action.
        goal_lead: minimum lead of its P(level won) over the second.
        goal_prior: where the policy is followed, the minimum probability that the policy must give
            to the goal action.
        temperature: of sampling, times the number of times the policy restarted the level; 0 (the
            most probable action) before the first restart.
        repeated: factor on an action's probability for each time it was taken in this state.
    """

    goal_at_least: float = 0.5
    goal_lead: float = 0.2
    goal_prior: float = 0.01
    temperature: float = 0.3
    repeated: float = 0.25


@dataclass(frozen=True)
class SelectedAction:
    """The chosen candidate and the rule that chose it.

    Attributes:
        index: of the candidate; None for explore.
        reason: "goal", "policy" or "explore".
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
        level_N: P(level won | action).
        prior_N: the policy's probability of each candidate.
        taken_N: how often each was taken in this state.
        useless_N: whether each is known to change nothing here, or to end the game.
        missed_N: whether each was taken as a goal on this level before and did not win it.
        explore: whether the policy is not trusted here.
        rng: for sampling.
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
    """Log-probability of each candidate, lowered for each time it was taken in this state; -inf if
    useless."""
    with np.errstate(divide="ignore"):
        scores = np.log(prior_N) + np.log(config.repeated) * taken_N
    return np.where(useless_N, -np.inf, np.maximum(scores, -1e9))


def prior_over(
    candidates: Candidates, types_8: NDArray[np.floating], places_65: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Probability of each candidate, from logits of types [8] and locations [65]."""
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
    """Pixel (x, y) to click in a cell: the learned offset, else the salient pixel, else the centre.

    Salient is the colour of the cell that is rarest in the whole frame; of its pixels, the one
    nearest to their mean is taken.

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
    """Convert a candidate to an action; a click goes to a pixel of its cell (see `click_pixel`)."""
    kind, cell = int(candidates.types_N[index]), int(candidates.cells_N[index])
    if kind != CLICK:
        return Action(kind)
    return Action(kind, *click_pixel(frame_HW, cell, offset))
