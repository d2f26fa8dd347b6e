"""Measure whether the world model sees where a click went, and which action was taken.

The next frame is predicted four times, after true history: with the true action, with the position
of another click of the game, with a click without position, and with the action before it (which a
model learns if its actions are off by one). Only cells that truly change are counted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from arcworld.diagnosis.estimates import Measure, line
from arcworld.diagnosis.finding import Finding, as_text
from arcworld.diagnosis.inputs import DiagnosisInputs
from arcworld.evaluation.measures.baselines import FrameBaselines, choices
from arcworld.evaluation.measures.frame_measures import same_cells
from arcworld.evaluation.measures.inference import BATCH
from arcworld.models.decoding.decode import predict_next
from arcworld.recordings.episode import CLICK
from arcworld.tokens.cells import NO_CELL
from arcworld.tokens.sequence import CodedEpisode

PER_GAME = 100
SEEN = 0.02
"""Minimum gain of the true position over another, in changed cells, to count as seeing."""


@dataclass(frozen=True, eq=False)
class PredictedFrames:
    """Predicted next frames of M transitions, by the action used.

    Attributes:
        inputs: what the transitions are from.
        at: their indices, [M].
        frames: action (`true`, `elsewhere`, `no place`, `shifted`) -> uint8 [M, 64, 64]. Where an
            edit does not apply, the frame is that of `true`.
        is_click: whether each action is a click.
        has_past: whether an action came before it.
    """

    inputs: DiagnosisInputs
    at: NDArray[np.intp]
    frames: dict[str, NDArray[np.uint8]]
    is_click: NDArray[np.bool_]
    has_past: NDArray[np.bool_]

    def right(self, name: str) -> NDArray[np.bool_]:
        """Whether each cell was predicted correctly, bool [M, 64]."""
        return same_cells(self.inputs.transitions.next_NHW[self.at], self.frames[name])

    @property
    def changed(self) -> NDArray[np.bool_]:
        """Whether each cell truly changes, bool [M, 64]."""
        t = self.inputs.transitions
        return ~same_cells(t.frames_NHW[self.at], t.next_NHW[self.at])

    def share(self, label: str, name: str, among: NDArray[np.bool_] | None = None) -> Measure:
        """Share of changed cells predicted correctly with the action `name`."""
        kept = self.changed & (True if among is None else among[:, None])
        return self._line(label, "share", (self.right(name) & kept).sum(1), kept.sum(1))

    def gain(self, label: str, name: str, among: NDArray[np.bool_]) -> Measure:
        """Additional share of changed cells that are correct with the true action, compared with
        `name`."""
        kept = self.changed & among[:, None]
        more = self.right("true").astype(int) - self.right(name)
        return self._line(label, "points", (more * kept).sum(1), kept.sum(1))

    def _line(
        self, label: str, unit: str, top: NDArray[np.int_], bottom: NDArray[np.int_]
    ) -> Measure:
        games, groups = self.inputs.games_N[self.at], self.inputs.groups_N[self.at]
        return line(label, unit, top, bottom, games, groups)  # type: ignore[arg-type]


def predict(inputs: DiagnosisInputs, seed: int = 0) -> PredictedFrames:
    """Predict up to `PER_GAME` ordinary transitions per game with each action."""
    t = inputs.transitions
    at = inputs.some(t.subsets()["ordinary"], PER_GAME)
    true = [inputs.window(int(i), pending=True) for i in at]
    is_click = t.actions_N3[at, 0] == CLICK
    has_past = t.t_N[at] > 0
    edits = {
        "elsewhere": (is_click, _shuffled(inputs, at, true, seed)),
        "no place": (is_click, [_placed(w, NO_CELL) for w in true]),
        "shifted": (
            has_past,
            [_shifted(inputs, int(i), w) for i, w in zip(at, true, strict=True)],
        ),
    }
    frames = {"true": _predict(inputs, true, "predicted: true action")}
    for name, (among, windows) in edits.items():
        frames[name] = frames["true"].copy()
        if (among.any() and inputs.placed) or name == "shifted":
            chosen = [windows[k] for k in np.flatnonzero(among)]
            frames[name][among] = _predict(inputs, chosen, f"predicted: {name}")
    return PredictedFrames(inputs, at, frames, is_click, has_past)


def _predict(inputs: DiagnosisInputs, windows: list[CodedEpisode], what: str) -> NDArray[np.uint8]:
    parts: list[NDArray[np.int32]] = []
    for start in range(0, len(windows), BATCH):
        some = windows[start : start + BATCH]
        parts.append(predict_next(inputs.run.world_model, some).indices_BC)
        inputs.progress(what, start + len(some), len(windows))
    return inputs.run.tokenizer.decode_frames(np.concatenate(parts))


def _placed(window: CodedEpisode, cell: int) -> CodedEpisode:
    cells = window.cells_A.copy()
    cells[-1] = cell
    return replace(window, cells_A=cells)


def _shuffled(
    inputs: DiagnosisInputs, at: NDArray[np.intp], windows: list[CodedEpisode], seed: int
) -> list[CodedEpisode]:
    """Replace each click's cell by that of another click of its game, else by any other cell."""
    rng = np.random.default_rng(seed)
    cells, games = choices(inputs.transitions)[1], inputs.games_N
    pools = {str(g): cells[(games == g) & (cells < NO_CELL)] for g in np.unique(games)}
    edited: list[CodedEpisode] = []
    for i, window in zip(at, windows, strict=True):
        grouping = pools[str(games[i])]
        others = grouping[grouping != cells[i]]
        some = others if len(others) else np.delete(np.arange(NO_CELL), min(cells[i], NO_CELL - 1))
        edited.append(_placed(window, int(rng.choice(some))))
    return edited


def _shifted(inputs: DiagnosisInputs, i: int, window: CodedEpisode) -> CodedEpisode:
    """Replace the last action by the one before it."""
    types, cells = choices(inputs.transitions)
    before = max(i - 1, 0)
    new_types = window.types_A.copy()
    new_types[-1] = types[before]
    return replace(_placed(window, int(cells[before])), types_A=new_types)


def see_clicks(predicted: PredictedFrames) -> Finding:
    """Return the finding on clicks."""
    clicks = predicted.is_click
    lines = [
        predicted.share("changed cells right: true place", "true", clicks),
        predicted.share("changed cells right: another place", "elsewhere", clicks),
        predicted.share("changed cells right: no place", "no place", clicks),
        *_baseline_lines(predicted, clicks),
        predicted.gain("true over another place", "elsewhere", clicks),
        predicted.gain("true over no place", "no place", clicks),
    ]
    question = "Does it see where a click went?"
    gain = lines[-2].over_all
    note = f"Up to {PER_GAME} transitions a game that neither reset nor win a level; clicks only."
    if gain is None:
        words = "No click in these recordings changes anything."
        return Finding("sees_clicks", question, "cannot be decided", words, lines, note)
    words = (
        f"Of the cells that a click changes it predicts {as_text(lines[0].over_all, 'share')}"
        f" correctly with the true position, {as_text(lines[1].over_all, 'share')} with another:"
        f" a difference of {as_text(gain, 'points')}"
    )
    if predicted.inputs.placed and gain.above(SEEN):
        return Finding("sees_clicks", question, "yes", words + ".", lines, note)
    why = "; its tokens have no position." if not predicted.inputs.placed else "."
    return Finding("sees_clicks", question, "no", words + why, lines, note)


def _baseline_lines(predicted: PredictedFrames, clicks: NDArray[np.bool_]) -> list[Measure]:
    """The same measure for the baselines; `copy` is 0 by definition and left out."""
    baselines = baseline_frames(predicted)
    kept = predicted.changed & clicks[:, None]
    true = predicted.inputs.transitions.next_NHW[predicted.at]
    games, groups = (
        predicted.inputs.games_N[predicted.at],
        predicted.inputs.groups_N[predicted.at],
    )
    return [
        line(f"changed cells right: {name}", "share", (same_cells(true, frames) & kept).sum(1),
             kept.sum(1), games, groups, is_baseline=True)
        for name, frames in baselines.items()
        if name != "copy"
    ]  # fmt: skip


def baseline_frames(predicted: PredictedFrames) -> dict[str, NDArray[np.uint8]]:
    """Next frames of each baseline, for the transitions of `predicted`."""
    inputs = predicted.inputs
    if inputs.trained is None:
        return {"copy": inputs.transitions.frames_NHW[predicted.at]}
    reported_by = FrameBaselines(inputs.trained).predictions(inputs.transitions)
    return {name: frames[predicted.at] for name, frames in reported_by.items()}
