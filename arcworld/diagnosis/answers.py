"""The policy's answers to histories, unmodified or edited.

The noise of sampling depends on (seed, index), so that two answers to one question differ only
where their logits do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from arcworld.diagnosis.inputs import DiagnosisInputs
from arcworld.evaluation.measures.inference import batches_by_length
from arcworld.frames.tokenizer import CELLS
from arcworld.models.policies.policy import Policy, mask_illegal
from arcworld.recordings.episode import CLICK
from arcworld.tokens.cells import NO_CELL
from arcworld.tokens.sequence import CodedEpisode, to_token_ids


@dataclass(frozen=True, eq=False)
class PolicyAnswers:
    """Logits of the policy for N questions.

    Attributes:
        inputs: what the questions are about.
        types_N8: float64; -inf where not legal.
        cells_N64: float64.
    """

    inputs: DiagnosisInputs
    types_N8: NDArray[np.float64]
    cells_N64: NDArray[np.float64]

    def greedy(self) -> NDArray[np.intp]:
        """Most probable legal type and most probable cell, as labels [N]."""
        return self.inputs.labels(self.types_N8.argmax(1), self.cells_N64.argmax(1))

    def sampled(self, seed: int) -> NDArray[np.intp]:
        """A type and a cell sampled from the probabilities, as labels [N]."""
        rng = np.random.default_rng(seed)
        types = (self.types_N8 + rng.gumbel(size=self.types_N8.shape)).argmax(1)
        cells = (self.cells_N64 + rng.gumbel(size=self.cells_N64.shape)).argmax(1)
        return self.inputs.labels(types, cells)

    def likelihood(
        self, types_N: NDArray[np.integer], cells_N: NDArray[np.integer]
    ) -> NDArray[np.float64]:
        """Log-probability of a type and, for a click, of its cell, [N]."""
        rows = np.arange(len(types_N))
        nats = log_softmax(self.types_N8)[rows, types_N]
        if not self.inputs.placed:
            return nats
        placed = log_softmax(self.cells_N64)[rows, np.minimum(cells_N, CELLS - 1)]
        return nats + np.where((types_N == CLICK) & (cells_N < CELLS), placed, 0.0)

    def take(self, at: NDArray[np.integer]) -> PolicyAnswers:
        """The answers to the questions with these indices."""
        return PolicyAnswers(self.inputs, self.types_N8[at], self.cells_N64[at])

    def difference(self, other: PolicyAnswers) -> NDArray[np.float64]:
        """Largest difference of any logit, [N]; exactly 0 if no logit changed."""
        pairs = ((self.types_N8, other.types_N8), (self.cells_N64, other.cells_N64))
        with np.errstate(invalid="ignore"):  # -inf in both is no difference
            gaps = [np.where(a == b, 0.0, np.abs(a - b)).max(1) for a, b in pairs]
        return np.maximum(*gaps)


def log_softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log-probabilities along the last axis."""
    shifted = logits - logits.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


def ask(
    inputs: DiagnosisInputs,
    at: NDArray[np.intp],
    windows: Sequence[CodedEpisode],
    what: str = "policy",
) -> PolicyAnswers:
    """Ask the run's policy for an action at the end of each window.

    Args:
        inputs: with the run and the legal actions.
        at: indices of the transitions, for the legal actions.
        windows: histories.
        what: name of this stage for the progress.
    """
    policy: Policy = inputs.run.policy
    model = inputs.run.world_model
    types = np.full((len(at), 8), -np.inf)
    cells = np.zeros((len(at), CELLS))
    done = 0
    for some in batches_by_length(
        [len(to_token_ids(model.vocabulary, window)) for window in windows]
    ):
        reported, places = policy.prior_logits(model, [windows[i] for i in some])
        types[some] = mask_illegal(reported, inputs.legal_N8[at[some]]).double().cpu().numpy()
        cells[some] = places[:, :CELLS].double().cpu().numpy()
        done += len(some)
        inputs.progress(what, done, len(at))
    return PolicyAnswers(inputs, types, cells)


def offsets(
    inputs: DiagnosisInputs, windows: Sequence[CodedEpisode], cells: Sequence[int]
) -> NDArray[np.intp] | None:
    """Most probable pixel within each window's chosen cell, [N]; None if none were learned."""
    policy: Policy = inputs.run.policy
    model = inputs.run.world_model
    found = np.zeros(len(windows), dtype=np.intp)
    for some in batches_by_length(
        [len(to_token_ids(model.vocabulary, window)) for window in windows]
    ):
        logits = policy.offset_logits(model, [windows[i] for i in some], [cells[i] for i in some])
        if logits is None:
            return None
        found[some] = logits.argmax(-1).cpu().numpy()
    return found


class Editor:
    """Changes one part of a window and nothing else; replacements are drawn with a seed."""

    def __init__(self, inputs: DiagnosisInputs, seed: int = 0) -> None:
        self._inputs = inputs
        self._rng = np.random.default_rng(seed)

    def other_actions(self, i: int) -> CodedEpisode:
        """Replace every past action by another legal one (in games of clicks: by another cell)."""
        window = self._inputs.window(i)
        types, cells = window.types_A.copy(), window.cells_A.copy()
        legal = np.flatnonzero(self._inputs.legal_N8[i])
        for k in range(len(types)):
            others = [kind for kind in legal if kind != types[k] or kind == CLICK]
            kind = int(self._rng.choice(others)) if others else int(types[k])
            shift = int(self._rng.integers(1, CELLS))
            cells[k] = (int(cells[k]) + shift) % CELLS if kind == CLICK else NO_CELL
            types[k] = kind
        return replace(window, types_A=types, cells_A=cells)

    def other_past(self, i: int) -> CodedEpisode:
        """Replace every frame before the last by other frames of the game."""
        window = self._inputs.window(i)
        indices = window.indices_TC.copy()
        for k in range(len(indices) - 1):
            indices[k] = self._elsewhere(i, indices[k])
        return replace(window, indices_TC=indices)

    def other_screen(self, i: int) -> CodedEpisode:
        """Replace the last frame, in which an action is chosen, by another frame of the game."""
        window = self._inputs.window(i)
        indices = window.indices_TC.copy()
        indices[-1] = self._elsewhere(i, indices[-1])
        return replace(window, indices_TC=indices)

    def _elsewhere(self, i: int, codes_C: NDArray[np.int32]) -> NDArray[np.int32]:
        """Codes of another frame of the game of transition i; different from `codes_C` if there is
        one."""
        t = self._inputs.transitions
        places = np.flatnonzero(t.games_N == t.games_N[i])
        found = codes_C
        for _ in range(20):
            j = int(self._rng.choice(places))
            found = self._inputs.coded[int(t.episode_N[j])].indices_TC[int(t.t_N[j])]
            if not np.array_equal(found, codes_C):
                break
        return found
