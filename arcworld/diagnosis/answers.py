"""What a policy answers to histories, whole or edited.

Knows the interface of policies; knows nothing of what the answers mean. Sampling takes its noise
from (seed, place), so that two answers to one question differ only where the logits do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from arcworld.diagnosis.inputs import DiagnosisInputs
from arcworld.evaluation.inference import batches_by_length
from arcworld.frames.tokenizer import CELLS
from arcworld.models.policy import Policy, mask_illegal
from arcworld.recordings.episode import CLICK
from arcworld.tokens.cells import NO_CELL
from arcworld.tokens.sequence import CodedEpisode, to_token_ids


@dataclass(frozen=True, eq=False)
class PolicyAnswers:
    """Logits for N questions.

    Attributes:
        types_N8: float64, -inf where not legal.
        cells_N64: float64.
    """

    inputs: DiagnosisInputs
    types_N8: NDArray[np.float64]
    cells_N64: NDArray[np.float64]

    def greedy(self) -> NDArray[np.intp]:
        """The likeliest legal type and the likeliest cell, as labels [N]."""
        return self.inputs.labels(self.types_N8.argmax(1), self.cells_N64.argmax(1))

    def sampled(self, seed: int) -> NDArray[np.intp]:
        """A type and a cell drawn by their probabilities, as labels [N]."""
        rng = np.random.default_rng(seed)
        types = (self.types_N8 + rng.gumbel(size=self.types_N8.shape)).argmax(1)
        cells = (self.cells_N64 + rng.gumbel(size=self.cells_N64.shape)).argmax(1)
        return self.inputs.labels(types, cells)

    def likelihood(
        self, types_N: NDArray[np.integer], cells_N: NDArray[np.integer]
    ) -> NDArray[np.float64]:
        """Log-probability of a type and, for a click, its cell, [N]."""
        rows = np.arange(len(types_N))
        nats = log_softmax(self.types_N8)[rows, types_N]
        if not self.inputs.placed:
            return nats
        placed = log_softmax(self.cells_N64)[rows, np.minimum(cells_N, CELLS - 1)]
        return nats + np.where((types_N == CLICK) & (cells_N < CELLS), placed, 0.0)

    def take(self, at: NDArray[np.integer]) -> PolicyAnswers:
        """The answers to some of the questions."""
        return PolicyAnswers(self.inputs, self.types_N8[at], self.cells_N64[at])

    def difference(self, other: PolicyAnswers) -> NDArray[np.float64]:
        """The largest difference of any logit, [N]: exactly 0 where nothing was changed."""
        pairs = ((self.types_N8, other.types_N8), (self.cells_N64, other.cells_N64))
        with np.errstate(invalid="ignore"):  # -inf twice is no difference
            gaps = [np.where(a == b, 0.0, np.abs(a - b)).max(1) for a, b in pairs]
        return np.maximum(*gaps)


def log_softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logarithms of probabilities along the last axis."""
    shifted = logits - logits.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


def ask(
    inputs: DiagnosisInputs,
    at: NDArray[np.intp],
    windows: Sequence[CodedEpisode],
    what: str = "policy",
) -> PolicyAnswers:
    """Ask the run's policy what to do at the end of each window; `at` says what is legal there."""
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
    """The likeliest pixel within each window's chosen cell, [N], or None where none is learned."""
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
    """Changes one part of a window and nothing else; what comes in its place is drawn by seed."""

    def __init__(self, inputs: DiagnosisInputs, seed: int = 0) -> None:
        self._material = inputs
        self._rng = np.random.default_rng(seed)

    def other_actions(self, i: int) -> CodedEpisode:
        """Every past action replaced by another legal one (on click games: another cell)."""
        window = self._material.window(i)
        types, cells = window.types_A.copy(), window.cells_A.copy()
        legal = np.flatnonzero(self._material.legal_N8[i])
        for k in range(len(types)):
            others = [kind for kind in legal if kind != types[k] or kind == CLICK]
            kind = int(self._rng.choice(others)) if others else int(types[k])
            shift = int(self._rng.integers(1, CELLS))
            cells[k] = (int(cells[k]) + shift) % CELLS if kind == CLICK else NO_CELL
            types[k] = kind
        return replace(window, types_A=types, cells_A=cells)

    def other_past(self, i: int) -> CodedEpisode:
        """Every frame before the last replaced by frames of elsewhere in the game."""
        window = self._material.window(i)
        indices = window.indices_TC.copy()
        for k in range(len(indices) - 1):
            indices[k] = self._elsewhere(i, indices[k])
        return replace(window, indices_TC=indices)

    def other_screen(self, i: int) -> CodedEpisode:
        """The last frame, the one to act in, replaced by a frame of elsewhere in the game."""
        window = self._material.window(i)
        indices = window.indices_TC.copy()
        indices[-1] = self._elsewhere(i, indices[-1])
        return replace(window, indices_TC=indices)

    def _elsewhere(self, i: int, codes_C: NDArray[np.int32]) -> NDArray[np.int32]:
        """The codes of another frame of transition i's game, another than `codes_C` if there is."""
        t = self._material.transitions
        places = np.flatnonzero(t.games_N == t.games_N[i])
        found = codes_C
        for _ in range(20):
            j = int(self._rng.choice(places))
            found = self._material.coded[int(t.episode_N[j])].indices_TC[int(t.t_N[j])]
            if not np.array_equal(found, codes_C):
                break
        return found
