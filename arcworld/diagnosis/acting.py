"""What the policy would do on winning stretches, and whether the game answers as to the demo.

Knows the policy's choices, where in a cell they click, and the engine's verdict. Beside the
policy's own pixel stand the cell's centre and the part that stands out; beside its choice, the
floors'; and the demo's own cell clicked at its centre: what a grid of 8x8 cells alone costs.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from arcworld.diagnosis.answers import offsets
from arcworld.diagnosis.copying import Asked
from arcworld.diagnosis.engine import Choices, Replayed, replay
from arcworld.diagnosis.estimates import Estimate, Line, line
from arcworld.diagnosis.finding import Finding, told
from arcworld.diagnosis.material import TYPES, Material
from arcworld.errors import ArcworldError
from arcworld.planning.choice import click_pixel
from arcworld.recordings.episode import CLICK, Action, game_name
from arcworld.tokens.cells import cell_centre, cell_of

PER_GAME = 120
QUESTION = "Does it act?"
NOTE = (
    "On winning stretches. hit: the game's answer to the choice is its answer to the demo's action"
    " (frame, level, state). clicks: where the demo clicks. the demo's cell, at its centre: what"
    " the 8x8 grid alone costs."
)


def try_out(asked: Asked, games: Path | None) -> tuple[Finding, Replayed | None]:
    """The finding, and what replaying showed; without an engine, what the demos alone tell."""
    material = asked.material
    among = np.zeros(len(material.transitions), dtype=np.bool_)
    among[asked.at] = True
    at = material.some(among, PER_GAME)
    chosen = _choices(asked, at)
    try:
        replayed = replay(material, games, chosen)
    except ArcworldError as error:
        if games is not None:
            raise
        return _without_engine(asked, str(error)), None
    lines = [*_hit_lines(material, replayed), *_agreement_lines(asked)]
    return _finding(lines, replayed), replayed


def _choices(asked: Asked, at: NDArray[np.intp]) -> dict[int, Choices]:
    """At each place: the policy's choice by three ways to click, the floors', the demo's cell."""
    material = asked.material
    labels = dict(zip(asked.at.tolist(), asked.whole.greedy().tolist(), strict=True))
    own = np.array([labels[int(i)] for i in at])
    learnt = _learnt(material, at, own)
    found: dict[int, Choices] = {}
    for k, i in enumerate(at.tolist()):
        frame = material.transitions.frames_NHW[i]
        best = learnt[k] if learnt is not None else None
        choices = {"the policy": _action(frame, int(own[k]), best)}
        if own[k] >= TYPES:
            choices["the policy, at what stands out"] = _action(frame, int(own[k]), None)
            choices["the policy, at the centre"] = Action(CLICK, *cell_centre(own[k] - TYPES))
        for name, floor in material.floor_choices.items():
            type_, cell = floor[i].tolist()
            label = TYPES + cell if type_ == CLICK else type_
            choices[f"floor: {name}"] = _action(frame, label, None)
        kind, x, y = material.transitions.actions_N3[i].tolist()
        if kind == CLICK:
            choices["the demo's cell, at its centre"] = Action(CLICK, *cell_centre(cell_of(x, y)))
        found[i] = choices
    return found


def _learnt(
    material: Material, at: NDArray[np.intp], own: NDArray[np.intp]
) -> list[int | None] | None:
    """The learnt pixel within each chosen cell, None where no cell was chosen."""
    clicks = np.flatnonzero(own >= TYPES)
    windows = [material.window(int(at[k])) for k in clicks]
    found = offsets(material, windows, (own[clicks] - TYPES).tolist())
    if found is None:
        return None
    by_place = dict(zip(clicks.tolist(), found.tolist(), strict=True))
    return [by_place.get(k) for k in range(len(at))]


def _action(frame_HW: NDArray[np.uint8], label: int, offset: int | None) -> Action:
    """A label as an action; v1's click has no cell and goes to the middle of the screen."""
    if label >= TYPES:
        return Action(CLICK, *click_pixel(frame_HW, label - TYPES, offset))
    return Action(CLICK, 32, 32) if label == CLICK else Action(label)


def _hit_lines(material: Material, replayed: Replayed) -> list[Line]:
    is_click = material.transitions.actions_N3[:, 0] == CLICK
    lines: list[Line] = []
    for among, what in ((is_click, "clicks that hit"), (~is_click, "other actions that hit")):
        for name, hits in sorted(replayed.hits.items(), key=lambda item: item[0] != "the policy"):
            counted = among & ~np.isnan(hits)
            top = np.where(counted, hits, 0.0)
            floor = name.startswith(("floor", "the demo"))
            if counted.any():
                lines.append(line(f"{what}: {name}", "share", top, counted, material.games_N,
                                  material.groups_N, is_floor=floor))  # fmt: skip
    return lines


def _agreement_lines(asked: Asked) -> list[Line]:
    """How often the choice is the demo's own: type, and the cell of its clicks."""
    material, at = asked.material, asked.at
    types, truth = material.transitions.actions_N3[at, 0], material.truth_N[at]
    told_by = {"": asked.whole.greedy()}
    told_by |= {name: labels[at] for name, labels in material.floors.items()}
    games, groups = material.games_N[at], material.groups_N[at]
    lines: list[Line] = []
    for name, choice in told_by.items():
        kinds = np.where(choice >= TYPES, CLICK, choice)
        after, floor = f": {name}" if name else "", bool(name)
        lines.append(line(f"type_acc{after}", "share", kinds == types, None, games, groups,
                          is_floor=floor))  # fmt: skip
        if material.placed:
            clicks = types == CLICK
            lines.append(line(f"loc_acc{after}", "share", (choice == truth) & clicks, clicks, games,
                              groups, is_floor=floor))  # fmt: skip
    return lines


def _finding(lines: list[Line], replayed: Replayed) -> Finding:
    by_name = {each.name: each.over_all for each in lines}
    parts = [
        f"{told(value, 'share')} of {what}"
        for what in ("clicks that hit", "other actions that hit")
        if (value := by_name.get(f"{what}: the policy")) is not None
    ]
    said = f"Choices answered by the game as the demo's were: {', '.join(parts)}."
    if replayed.missing:
        absent = ", ".join(game_name(game) for game in sorted(replayed.missing))
        said += f" Not at hand: {absent}; name a folder with --games."
    if not parts:
        said = "No choice could be tried" + said[said.index(".") :]
        return Finding("acts", QUESTION, "not tried", said, lines, NOTE)
    return Finding("acts", QUESTION, _verdict(by_name), said, lines, NOTE)


def _verdict(by_name: Mapping[str, Estimate | None]) -> str:
    leads: list[bool] = []
    for what in ("clicks that hit", "other actions that hit"):
        own = by_name.get(f"{what}: the policy")
        floors = [by_name.get(f"{what}: floor: {name}") for name in ("majority", "repeat")]
        known = [floor.value for floor in floors if floor is not None]
        if own is not None and known:
            leads.append(own.above(max(known)))
    if not leads:
        return "tried"
    return (
        "better than habit" if all(leads) else "in part" if any(leads) else "no better than habit"
    )


def _without_engine(asked: Asked, reason: str) -> Finding:
    words = f"No engine to try it in ({reason}); the measures compare with the demo's own choice."
    return Finding("acts", QUESTION, "not tried", words, _agreement_lines(asked), NOTE)
