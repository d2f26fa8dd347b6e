"""Objects: what an action does to each thing, by its look, the action and what lies ahead.

Idea: outcomes relative to the usual step ("goes", "stays") generalise over directions and levels;
contexts from special to general compete, and the one whose kind was right most often decides
(Cubist's object events; back-off as in n-gram models). Worth, by leaving it out on 114 games:
8.7 points of changed frames in the first 30 actions, 2.1 and 1.3 later (LOG).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable

import numpy as np

from arcworld.online.changes import STAY, STEP, Changes, Fate
from arcworld.online.claims import Claim
from arcworld.online.experts.movers import Movers
from arcworld.online.scene import Body, Scene
from arcworld.online.trust import HitRates, OutcomeTable, size_class
from arcworld.online.view import CLICK, LARGE, PIXELS, Action, Part, Shift, View, near, shifted

NAME = "objects"
WEAK = {"reacts", "colour reacts"}
MOST_PIXELS = 2500
"""Larger parts never react."""

type Contexts = list[tuple[str, Hashable]]
"""(rule, key) in order: the first wins among equally trusted ones."""


class Subject:
    """A body or a reacting part under one action: its contexts, special ones first."""

    __slots__ = ("body", "contexts", "step")

    def __init__(self, body: Body, step: Shift | None, contexts: Contexts) -> None:
        self.body, self.step, self.contexts = body, step, contexts


class Objects:
    """The expert."""

    def __init__(self, movers: Movers, hits: HitRates) -> None:
        self.movers, self.hits = movers, hits
        self.table: OutcomeTable[Fate] = OutcomeTable()
        self._free: dict[int, int] = defaultdict(int)
        self._blocking: dict[int, int] = defaultdict(int)
        self._reacting: set[Hashable] = set()

    def subjects(self, scene: Scene, action: Action) -> list[Subject]:
        """Bodies that may move and parts that may react."""
        clicked = scene.view.part_at(action.y or 0, action.x or 0) if action.id == CLICK else None
        found = [self._mover(scene, body, action, clicked) for body in scene.bodies]
        covered = {n for body in scene.bodies for n in body.numbers}
        if self._reacting:
            for n, part in enumerate(scene.view.parts):
                if n in covered or part.area > MOST_PIXELS:
                    continue
                if part.look in self._reacting or ("colour", part.colour) in self._reacting:
                    body = Body((n,), n, part, part.pixels)
                    found.append(Subject(body, None, _reactions(scene, body, action, clicked)))
        return found

    def _mover(
        self, scene: Scene, body: Body, action: Action, clicked: tuple[int, Part] | None
    ) -> Subject:
        lead, bits, scratch = body.lead, scene.view.bits, scene.scratch
        contexts: Contexts = []
        step = self.movers.usual_step(lead, action)
        if step is not None:
            ahead = body.ahead(step, bits, scratch)
            behind = body.ahead((-step[0], -step[1]), bits, scratch)
            contexts += self._step_contexts(action.id, lead, ahead, behind)
        momentum = scene.state.momentum.get((lead.look, lead.y, lead.x))
        if momentum is not None:
            ahead = body.ahead(momentum, bits, scratch)
            contexts += [
                ("momentum, ahead", (lead.look, momentum, ahead)),
                ("momentum", (lead.look, momentum)),
                ("action, momentum, ahead", (action.id, lead.look, momentum, ahead)),
            ]
        if clicked is not None:
            contexts += _click_contexts(scene, body, clicked)
        contexts += [
            ("action", (action.id, lead.look)),
            ("action, colour", (action.id, ("colour", lead.colour))),
        ]
        return Subject(body, step, contexts)

    def _step_contexts(self, action_id: int, lead: Part, ahead: int, behind: int) -> Contexts:
        unknown = ahead & ~self._free[lead.look]
        blocked = unknown & self._blocking[lead.look]
        way = "free" if not unknown else "blocked" if blocked else "unknown"
        trail = 0 if self.movers.controlled[lead.look] else behind
        return [
            ("action, ahead, behind", (action_id, lead.look, ahead, behind)),
            ("action, ahead", (action_id, lead.look, ahead)),
            ("ahead", (lead.look, ahead)),
            ("colour, ahead", (lead.colour, ahead, trail)),
            ("way", (lead.look, way)),
            ("colour, way", (("colour", lead.colour), way)),
        ]

    # propose

    def propose(self, scene: Scene, action: Action, subjects: list[Subject]) -> list[Claim]:
        """One claim a subject that has a known context."""
        claims: list[Claim] = []
        for subject in subjects:
            decision = self._decide(subject)
            if decision is not None:
                claims.append(self._claim(scene, subject, *decision))
        return claims

    def _decide(self, subject: Subject) -> tuple[str, Fate, float] | None:
        best: tuple[str, Fate, float] | None = None
        for rule, key in subject.contexts:
            found = self.table.best((rule, key))
            if found is None:
                continue
            fate, weight, total = found
            trust = self.hits.rate(_kind(rule, found), (weight + 0.4) / (total + 0.8))
            if best is None or trust > best[2] + 1e-9:
                best = rule, fate, trust
        return best

    def _claim(self, scene: Scene, subject: Subject, rule: str, fate: Fate, trust: float) -> Claim:
        body, pixels = subject.body, subject.body.pixels
        verb, a, b = fate
        shift = subject.step if verb == "step" else (a, b) if verb == "move" else None
        if shift is not None:
            return _move_claim(scene, body, shift, rule, trust)
        if verb == "vanish":
            below = scene.background(pixels)
            return Claim(NAME, rule, verb, trust, pixels, pixels, (pixels, below))
        if verb == "recolour":
            colours = np.full(len(pixels), a, np.uint8)
            return Claim(
                NAME,
                rule,
                verb,
                trust,
                pixels,
                pixels,
                paint=(pixels, colours),
            )
        return Claim(NAME, rule, "stay", trust, pixels, pixels, weak=rule in WEAK)

    # learn

    def score(
        self, scene: Scene, action: Action, subjects: list[Subject], changes: Changes
    ) -> None:
        """Count the fate of every subject; call before `Movers.learn`."""
        for subject in subjects:
            self._learn_one(scene.view, action, subject, changes, score=True)

    def learn_new(
        self, scene: Scene, action: Action, subjects: list[Subject], changes: Changes
    ) -> None:
        """Count what changed for the first time; call after `Movers.learn`."""
        known = {n for subject in subjects for n in subject.body.numbers}
        for number in changes.turned:
            part = scene.view.parts[number]
            self._reacting |= {part.look, ("colour", part.colour)}
        fresh = {*changes.moved, *changes.turned} - known
        if fresh:
            again = self.movers.scene(scene.state, scene.view)
            for subject in self.subjects(again, action):
                if fresh.intersection(subject.body.numbers):
                    self._learn_one(scene.view, action, subject, changes, score=False)

    def _learn_one(
        self, view: View, action: Action, subject: Subject, changes: Changes, score: bool
    ) -> None:
        fate = _fate_of(subject, changes)
        if fate is None:
            return
        for rule, key in subject.contexts:
            found = self.table.best((rule, key)) if score else None
            if found is not None:
                self.hits.add(_kind(rule, found), found[0] == fate)
            self.table.add((rule, key), fate)
        if subject.step is not None:
            look = subject.body.lead.look
            ahead = subject.body.ahead(subject.step, view.bits, np.zeros(PIXELS, bool))
            if fate == STEP:
                self._free[look] |= ahead
                self._blocking[look] &= ~ahead
            elif fate == STAY and score:
                self._blocking[look] |= ahead & ~self._free[look]


def _kind(rule: str, found: tuple[Fate, float, float]) -> Hashable:
    fate, weight, total = found
    return rule, size_class(total), weight / total > 0.85, fate == STAY


def _fate_of(subject: Subject, changes: Changes) -> Fate | None:
    number = subject.body.lead_number
    shift = changes.moved.get(number)
    if shift is not None:
        return STEP if shift == subject.step else ("move", *shift)
    if number in changes.turned:
        return changes.turned[number]
    return None if changes.changed[subject.body.lead.pixels].any() else STAY


def _move_claim(scene: Scene, body: Body, shift: Shift, rule: str, trust: float) -> Claim:
    pixels = body.pixels
    there, inside = shifted(pixels, shift)
    colours = scene.view.flat[pixels if inside is None else pixels[inside]]
    parts = [scene.view.parts[n] for n in body.numbers]
    return Claim(
        NAME,
        rule,
        "move",
        trust,
        pixels,
        np.concatenate([pixels, there]),
        (pixels, scene.background(pixels)),
        (there, colours),
        movers=tuple((p.look, p.y, p.x, *shift) for p in parts),
    )


def _relation(numbers: tuple[int, ...], part: Part, clicked: tuple[int, Part]) -> str:
    number, other = clicked
    if number in numbers:
        return "self"
    if other.look == part.look:
        return "same look"
    return "touching" if other.area <= LARGE and near(other, part) else "other"


def _click_contexts(scene: Scene, body: Body, clicked: tuple[int, Part]) -> Contexts:
    part, other = body.lead, clicked[1]
    relation = _relation(body.numbers, part, clicked)
    own = _self_contexts(scene, body) if relation == "self" else []
    target: Hashable = other.look if other.area <= LARGE else ("colour", other.colour)
    return [
        *own,
        ("click, look", (relation, part.look, target)),
        ("click, colour", (relation, ("colour", part.colour), other.colour)),
        ("click relation", (relation, part.look)),
        ("click relation, colour", (relation, ("colour", part.colour))),
    ]


def _self_contexts(scene: Scene, body: Body) -> Contexts:
    """What is clicked itself: where it is, and the colours around it."""
    part, around = body.lead, 0
    for shift in ((1, 0), (-1, 0), (0, 1), (0, -1)):
        around |= body.ahead(shift, scene.view.bits, scene.scratch)
    return [
        ("click, place", (part.colour, part.y, part.x)),
        ("click, around", (part.look, around)),
        ("click, colour, around", (part.colour, around)),
    ]


def _reactions(
    scene: Scene, body: Body, action: Action, clicked: tuple[int, Part] | None
) -> Contexts:
    if clicked is not None:
        return _click_contexts(scene, body, clicked)
    part = body.lead
    return [("reacts", (action.id, part.look)), ("colour reacts", (action.id, part.colour))]
