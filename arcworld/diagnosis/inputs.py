"""Inputs of a diagnosis: a run, and the transitions on which it is measured.

A label encodes a choice: an action type, or in v2 the cell of a click (8 + cell). v1 chooses no
cell, so its label is the type alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from arcworld.evaluation.evaluate import training_of
from arcworld.evaluation.measures.baselines import ActionBaselines, choices
from arcworld.evaluation.measures.inference import ProgressCallback, code_all, window_at
from arcworld.evaluation.measures.transitions import Transitions, lay_out
from arcworld.frames.tokenizer import CELLS
from arcworld.models.run import Run
from arcworld.recordings.dataset import Dataset
from arcworld.recordings.episode import ACTION_IDS, CLICK, RESET, Outcome
from arcworld.tokens.sequence import CodedEpisode

TYPES = len(ACTION_IDS)
LABELS = TYPES + CELLS


@dataclass(frozen=True, eq=False)
class DiagnosisInputs:
    """A run and N transitions.

    Attributes:
        run: the run.
        dataset: the part of the data set that is measured.
        transitions: its transitions.
        coded: the episodes of the transitions, encoded by the run's tokenizer.
        trained: all transitions that the run was trained on; None if some are missing here.
        progress: called with (stage, done, total).
    """

    run: Run
    dataset: Dataset
    transitions: Transitions
    coded: Sequence[CodedEpisode]
    trained: Transitions | None
    progress: ProgressCallback

    @property
    def placed(self) -> bool:
        """Whether the run's policy chooses the cell of a click."""
        return self.run.world_model.vocabulary.has_locations

    @property
    def games_N(self) -> NDArray[np.str_]:
        """Game of each transition."""
        return self.transitions.games_N

    @cached_property
    def groups_N(self) -> NDArray[np.intp]:
        """Number of the stretch of play of each transition.

        A stretch begins with an episode, after a RESET, after a level was won, and after game over.
        """
        t = self.transitions
        ends = t.is_reset_N | (t.outcomes_N != Outcome.NOTHING)
        starts = (t.t_N == 0) | np.append(False, ends[:-1])
        return starts.cumsum()

    @cached_property
    def chosen_N(self) -> NDArray[np.bool_]:
        """Whether each action was chosen by a player: any action but RESET."""
        return ~self.transitions.is_reset_N

    @cached_property
    def winning_N(self) -> NDArray[np.bool_]:
        """Whether each transition is on a winning stretch and not a RESET."""
        return self.transitions.winning_N & self.chosen_N

    @cached_property
    def legal_N8(self) -> NDArray[np.bool_]:
        """Which types are legal, of those for which the scheme has a token."""
        legal = self.transitions.legal_types()
        legal[:, self.run.world_model.vocabulary.actions :] = False
        legal[~legal.any(1), CLICK] = True
        return legal

    @cached_property
    def truth_N(self) -> NDArray[np.intp]:
        """The demo's choice as a label."""
        return self.labels(*choices(self.transitions))

    @cached_property
    def baseline_choices(self) -> dict[str, NDArray[np.int16]]:
        """Type and cell [N, 2] of each action baseline; empty without the training recordings."""
        if self.trained is None:
            return {}
        return ActionBaselines(self.trained).predictions(self.transitions)

    @cached_property
    def baselines(self) -> dict[str, NDArray[np.intp]]:
        """The same as labels [N]."""
        return {name: self.labels(*choice.T) for name, choice in self.baseline_choices.items()}

    def labels(
        self, types_N: NDArray[np.integer], cells_N: NDArray[np.integer]
    ) -> NDArray[np.intp]:
        """Convert types and cells to labels."""
        if not self.placed:
            return types_N.astype(np.intp)
        clicked = (types_N == CLICK) & (cells_N < CELLS)
        return np.where(clicked, TYPES + cells_N, types_N).astype(np.intp)

    def window(self, i: int, *, pending: bool = False) -> CodedEpisode:
        """History up to transition i's frame (and its action, if `pending`), as long as fits."""
        frames = self.run.world_model.config.context_frames
        return window_at(self.transitions, self.coded, i, frames, pending=pending)

    def some(self, among_N: NDArray[np.bool_], per_game: int) -> NDArray[np.intp]:
        """Indices of up to `per_game` transitions of each game, evenly spread."""
        parts: list[NDArray[np.intp]] = []
        for game in np.unique(self.games_N):
            at = np.flatnonzero(among_N & (self.games_N == game))
            chosen = np.linspace(0, len(at) - 1, min(per_game, len(at))).round().astype(int)
            parts.append(at[chosen])
        return np.concatenate(parts)


def gather(run: Run, dataset: Dataset, split: str, progress: ProgressCallback) -> DiagnosisInputs:
    """Prepare one part of a data set for a run.

    Raises:
        ArcworldError: the part is empty.
    """
    dataset = run.with_split(dataset)
    part = dataset.part(split)
    transitions = lay_out(list(part.episodes), run.novelty_index)
    return DiagnosisInputs(
        run,
        part,
        transitions,
        code_all(transitions, run.tokenizer),
        training_of(run, dataset),
        progress,
    )


def past_labels(inputs: DiagnosisInputs, at: NDArray[np.intp], back: int) -> NDArray[np.intp]:
    """The demo's label `back` actions before each index; `LABELS` if there is none."""
    t = inputs.transitions.t_N
    types, cells = choices(inputs.transitions)
    labels = inputs.labels(types, np.where(types == RESET, CELLS, cells))
    before = np.maximum(at - back, 0)
    return np.where(t[at] >= back, labels[before], LABELS)
