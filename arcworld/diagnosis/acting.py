"""Try the policy's choices in the game, and compare the result with that of the demo's action.

Choices are made on winning stretches. A click is tried at the policy's own pixel, at the cell's
centre, and at the cell's salient pixel. The baselines' choices are tried, too. The demo's own cell,
clicked at its centre, shows the cost of a grid of 8x8 cells alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from arcworld.diagnosis.answers import offsets
from arcworld.diagnosis.copying import CopyingAnswers
from arcworld.diagnosis.engine_replay import Choices, Replayed, replay
from arcworld.diagnosis.estimates import Estimate, Measure, line
from arcworld.diagnosis.finding import Finding, as_text
from arcworld.diagnosis.inputs import TYPES, DiagnosisInputs
from arcworld.errors import ArcworldError
from arcworld.planning.candidates import click_pixel
from arcworld.recordings.episode import CLICK, Action, game_name
from arcworld.tokens.cells import cell_centre, cell_of

PER_GAME = 120
QUESTION = "Does it act?"
NOTE = (
    "On winning stretches. hit: the result of the choice equals that of the demo's action (frame,"
    " level, state). clicks: where the demo clicks. the demo's cell, at its centre: the cost of the"
    " 8x8 grid alone."
)


def try_out(asked: CopyingAnswers, games: str | Path | None) -> tuple[Finding, Replayed | None]:
    """Return the finding, and the replay; without an engine, compare with the demos only."""
    inputs = asked.inputs
    among = np.zeros(len(inputs.transitions), dtype=np.bool_)
    among[asked.at] = True
    at = inputs.some(among, PER_GAME)
    chosen = _choices(asked, at)
    try:
        replayed = replay(inputs, games, chosen)
    except ArcworldError as error:
        if games is not None:
            raise
        return _without_engine(asked, str(error)), None
    lines = [*_hit_lines(inputs, replayed), *_agreement_lines(asked)]
    return _finding(lines, replayed), replayed


def _choices(asked: CopyingAnswers, at: NDArray[np.intp]) -> dict[int, Choices]:
    """Choices to try at each index.

    They are the policy's choice with three ways to click, the baselines' choices, and the demo's
    cell.
    """
    inputs = asked.inputs
    labels = dict(zip(asked.at.tolist(), asked.whole.greedy().tolist(), strict=True))
    own = np.array([labels[int(i)] for i in at])
    learned = _learned(inputs, at, own)
    found: dict[int, Choices] = {}
    for k, i in enumerate(at.tolist()):
        frame = inputs.transitions.frames_NHW[i]
        best = learned[k] if learned is not None else None
        choices = {"the policy": _action(frame, int(own[k]), best)}
        if own[k] >= TYPES:
            choices["the policy, at what stands out"] = _action(frame, int(own[k]), None)
            choices["the policy, at the centre"] = Action(CLICK, *cell_centre(own[k] - TYPES))
        for name, baseline in inputs.baseline_choices.items():
            type_, cell = baseline[i].tolist()
            label = TYPES + cell if type_ == CLICK else type_
            choices[f"baseline: {name}"] = _action(frame, label, None)
        kind, x, y = inputs.transitions.actions_N3[i].tolist()
        if kind == CLICK:
            choices["the demo's cell, at its centre"] = Action(CLICK, *cell_centre(cell_of(x, y)))
        found[i] = choices
    return found


def _learned(
    inputs: DiagnosisInputs, at: NDArray[np.intp], own: NDArray[np.intp]
) -> list[int | None] | None:
    """The learned pixel within each chosen cell; None where no cell was chosen."""
    clicks = np.flatnonzero(own >= TYPES)
    windows = [inputs.window(int(at[k])) for k in clicks]
    found = offsets(inputs, windows, (own[clicks] - TYPES).tolist())
    if found is None:
        return None
    by_place = dict(zip(clicks.tolist(), found.tolist(), strict=True))
    return [by_place.get(k) for k in range(len(at))]


def _action(frame_HW: NDArray[np.uint8], label: int, offset: int | None) -> Action:
    """Convert a label to an action; v1's click has no cell and goes to the middle of the screen."""
    if label >= TYPES:
        return Action(CLICK, *click_pixel(frame_HW, label - TYPES, offset))
    return Action(CLICK, 32, 32) if label == CLICK else Action(label)


def _hit_lines(inputs: DiagnosisInputs, replayed: Replayed) -> list[Measure]:
    is_click = inputs.transitions.actions_N3[:, 0] == CLICK
    lines: list[Measure] = []
    for among, what in ((is_click, "clicks that hit"), (~is_click, "other actions that hit")):
        for name, hits in sorted(replayed.hits.items(), key=lambda item: item[0] != "the policy"):
            counted = among & ~np.isnan(hits)
            top = np.where(counted, hits, 0.0)
            baseline = name.startswith(("baseline", "the demo"))
            if counted.any():
                lines.append(line(f"{what}: {name}", "share", top, counted, inputs.games_N,
                                  inputs.groups_N, is_baseline=baseline))  # fmt: skip
    return lines


def _agreement_lines(asked: CopyingAnswers) -> list[Measure]:
    """How often the choice equals the demo's: its type, and the cell of its clicks."""
    inputs, at = asked.inputs, asked.at
    types, truth = inputs.transitions.actions_N3[at, 0], inputs.truth_N[at]
    reported_by = {"": asked.whole.greedy()}
    reported_by |= {name: labels[at] for name, labels in inputs.baselines.items()}
    games, groups = inputs.games_N[at], inputs.groups_N[at]
    lines: list[Measure] = []
    for name, choice in reported_by.items():
        kinds = np.where(choice >= TYPES, CLICK, choice)
        after, baseline = f": {name}" if name else "", bool(name)
        lines.append(line(f"type_acc{after}", "share", kinds == types, None, games, groups,
                          is_baseline=baseline))  # fmt: skip
        if inputs.placed:
            clicks = types == CLICK
            lines.append(line(f"loc_acc{after}", "share", (choice == truth) & clicks, clicks, games,
                              groups, is_baseline=baseline))  # fmt: skip
    return lines


def _finding(lines: list[Measure], replayed: Replayed) -> Finding:
    by_name = {each.name: each.over_all for each in lines}
    parts = [
        f"{as_text(value, 'share')} of {what}"
        for what in ("clicks that hit", "other actions that hit")
        if (value := by_name.get(f"{what}: the policy")) is not None
    ]
    said = f"Choices with the same result as the demo's: {', '.join(parts)}."
    if replayed.missing:
        absent = ", ".join(game_name(game) for game in sorted(replayed.missing))
        said += f" Games not found: {absent}; name a folder with --games."
    if not parts:
        said = "No choice could be tried" + said[said.index(".") :]
        return Finding("acts", QUESTION, "not tried", said, lines, NOTE)
    return Finding("acts", QUESTION, _verdict(by_name), said, lines, NOTE)


def _verdict(by_name: Mapping[str, Estimate | None]) -> str:
    leads: list[bool] = []
    for what in ("clicks that hit", "other actions that hit"):
        own = by_name.get(f"{what}: the policy")
        baselines = [by_name.get(f"{what}: baseline: {name}") for name in ("majority", "repeat")]
        known = [baseline.value for baseline in baselines if baseline is not None]
        if own is not None and known:
            leads.append(own.above(max(known)))
    if not leads:
        return "tried"
    return (
        "better than baselines"
        if all(leads)
        else "in part"
        if any(leads)
        else "no better than baselines"
    )


def _without_engine(asked: CopyingAnswers, reason: str) -> Finding:
    words = f"No engine to try choices in ({reason}); the measures compare with the demo's choice."
    return Finding("acts", QUESTION, "not tried", words, _agreement_lines(asked), NOTE)
