"""`OnlineWorldModel`: a world model of one game, learned while it is played.

Every expert proposes claims; subsets of the experts are ranked by who was right where they
disagreed; the claims of the best subset that do not overlap make the next frame. The confidence of
a frame is the product of its claims' trust, recalibrated by what such products were worth so far.

    model = OnlineWorldModel()
    state = model.reset(frame_HW)
    prediction = model.predict(state, actions)
    state = model.observe(state, step)
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arcworld.models.interface import Prediction
from arcworld.online.changes import changes_between
from arcworld.online.claims import Claim, render, select
from arcworld.online.confidence import Evidence, FrameConfidence
from arcworld.online.experts import bars as bars_expert
from arcworld.online.experts import objects as objects_expert
from arcworld.online.experts import recall as recall_expert
from arcworld.online.experts import templates as templates_expert
from arcworld.online.experts import tiles as tiles_expert
from arcworld.online.experts import undo as undo_expert
from arcworld.online.experts.bars import Bars, Tick
from arcworld.online.experts.movers import Movers
from arcworld.online.experts.objects import Objects, Subject
from arcworld.online.experts.recall import Recall
from arcworld.online.experts.templates import Match, Templates
from arcworld.online.experts.tiles import TilesExpert
from arcworld.online.experts.undo import Undo, next_past
from arcworld.online.outcomes import OutcomeRates, contexts_of
from arcworld.online.pointer import Pointer, draw, no_mark
from arcworld.online.scene import OnlineState, Scene
from arcworld.online.trust import Disagreements, HitRates
from arcworld.online.view import (
    CLICK,
    LARGE,
    PIXELS,
    RESET,
    SIDE,
    UNKNOWN,
    Action,
    Outcome,
    Segmenter,
    Step,
)

OBJECTS, TEMPLATES = objects_expert.NAME, templates_expert.NAME
TILES, TINTS, BARS = tiles_expert.NAME, tiles_expert.COARSE, bars_expert.NAME
UNDOES, RECALL = undo_expert.NAME, recall_expert.NAME
EXPERTS = (OBJECTS, TEMPLATES, TILES, TINTS, BARS, UNDOES, RECALL)
SUBSETS: Mapping[str, frozenset[str]] = {
    "all": frozenset({OBJECTS, TEMPLATES, TILES, TINTS}),
    "patches": frozenset({TEMPLATES, TILES}),
    "lattice": frozenset({TILES, TINTS}),
    OBJECTS: frozenset({OBJECTS}),
    TEMPLATES: frozenset({TEMPLATES}),
    TILES: frozenset({TILES}),
}
"""Subsets of experts that compete; status bars and undo are part of each."""
START_RECORD = {
    "all": 0.55,
    "patches": 0.52,
    "lattice": 0.5,
    OBJECTS: 0.5,
    TEMPLATES: 0.5,
    TILES: 0.5,
}
EARLY = 60
"""Transitions that are learned again when a pointer's mark is found among them."""


@dataclass(slots=True, eq=False)
class Decision:
    """What was decided for one action in one state.

    Attributes:
        drafts: next frame by subset of experts.
        chosen: the claims that were followed.
    """

    scene: Scene
    subjects: list[Subject]
    matches: list[Match]
    ticks: list[Tick]
    drafts: dict[str, NDArray[np.uint8]]
    subset: str
    chosen: list[Claim]
    evidence: Evidence
    confidence: float

    @property
    def frame(self) -> NDArray[np.uint8]:
        """The predicted next frame, flat."""
        return self.drafts[self.subset]


class OnlineWorldModel:
    """Learns a game from nothing while it is played; see `models.interface.WorldModel`.

    Deterministic: the same calls give the same answers in every process.

    Args:
        seed: not used; the model draws nothing.
        without: names of experts to leave out, of `EXPERTS` (for ablations).

    Attributes:
        surprised: whether the last observed step ended otherwise than was predicted.
    """

    name = "online"

    def __init__(self, *, seed: int = 0, without: Collection[str] = ()) -> None:
        unknown = set(without) - set(EXPERTS)
        if unknown:
            raise ValueError(f"found experts {sorted(unknown)}; expected some of {list(EXPERTS)}")
        self.seed, self.without = seed, frozenset(without)
        self.pointer = Pointer()
        self._segmenter = Segmenter()
        self._early: list[Step] | None = []
        self._forget()

    def _forget(self) -> None:
        """Start from nothing, except for the pointer."""
        hits = HitRates()
        self.movers, self.undo, self.recall = Movers(), Undo(), Recall()
        self.objects = Objects(self.movers, hits)
        self.templates, self.tiles, self.bars = Templates(hits), TilesExpert(hits), Bars()
        self.tints = TilesExpert(hits, coarse=True)
        self.outcomes = OutcomeRates()
        self._records = Disagreements(START_RECORD)
        self.confidence = FrameConfidence()
        self._scene: Scene | None = None
        self._ticks: list[Tick] = []
        self._decisions: dict[Action, Decision] = {}
        self.surprised = True

    # the interface

    def reset(
        self, frame_HW: NDArray[np.uint8], available_actions: Sequence[int] = ()
    ) -> OnlineState:
        """Return the state of a new scene; what was learned stays."""
        phases = {key: (0, bar.first) for key, bar in self.bars.bars.items()}
        ground = np.full((SIDE, SIDE), UNKNOWN, np.uint8)
        frame_HW, none = _frame(frame_HW), no_mark()
        available = tuple(available_actions)
        return OnlineState(frame_HW, ground, frame_HW.reshape(-1), none, {}, phases, available)

    def predict(self, state: OnlineState, actions: Sequence[Action]) -> Prediction[OnlineState]:
        """Predict what follows from each action; nothing is learned."""
        decisions = [self._decision(state, action) for action in actions]
        states = tuple(
            self._imagined(decision, action)
            for decision, action in zip(decisions, actions, strict=True)
        )
        rates = [
            self.outcomes.predict(contexts_of(d.scene, action, d.subjects))
            for d, action in zip(decisions, actions, strict=True)
        ]
        return Prediction(
            frames_NHW=np.stack([s.frame_HW for s in states]),
            confidence_N=np.array([d.confidence for d in decisions], np.float32),
            outcomes_NO=np.array(rates, np.float32),
            states=states,
            pixel_confidence_NHW=np.stack([self._pixel_confidence(d) for d in decisions]),
        )

    def explain(self, state: OnlineState, action: Action) -> list[Claim]:
        """The claims behind a prediction, each with its expert, trust and pixels."""
        return list(self._decision(state, action).chosen)

    def observe(self, state: OnlineState, step: Step) -> OnlineState:
        """Learn from a transition; returns the state of its next frame."""
        after = self._observe(state, step)
        if self._early is not None:
            self._early.append(step)
            if self.pointer.found:
                after = self._relearn(self._early, state.available)
            if self.pointer.found or len(self._early) >= EARLY:
                self._early = None
        return after

    def _observe(self, state: OnlineState, step: Step, count: bool = True) -> OnlineState:
        action = step.action
        self.surprised = True
        if action.id != RESET:
            decision = self._decision(state, action)
            contexts = contexts_of(decision.scene, action, decision.subjects)
            self.outcomes.add(contexts, step.outcome)
            if step.outcome == Outcome.NOTHING:
                after = self._learn(decision, action, _frame(step.next_frame_HW), count)
                self._scene, self._decisions = None, {}
                return after
        self._scene, self._decisions = None, {}
        return self.reset(step.next_frame_HW, state.available)

    def _relearn(self, steps: Sequence[Step], available: Sequence[int]) -> OnlineState:
        """Learn the first transitions again, now that the pointer's mark is known."""
        self._forget()
        state = self.reset(steps[0].frame_HW, available)
        for step in steps:
            if not np.array_equal(state.frame_HW, step.frame_HW):
                state = self.reset(step.frame_HW, available)
            state = self._observe(state, step, count=False)
        return state

    def status_bars(self) -> NDArray[np.bool_]:
        """Pixels of the status bars found so far, bool [64, 64]."""
        return self.bars.mask()

    # predict

    def _decision(self, state: OnlineState, action: Action) -> Decision:
        scene = self._scene
        if scene is None or scene.state is not state:
            view = self._segmenter.view(state.clean.reshape(SIDE, SIDE))
            scene = self._scene = self.movers.scene(state, view)
            self._ticks = [] if BARS in self.without else self.bars.due(state, view)
            self._decisions = {}
        found = self._decisions.get(action)
        if found is None:
            found = self._decisions[action] = self._decide(scene, action)
        return found

    def _decide(self, scene: Scene, action: Action) -> Decision:
        subjects = self.objects.subjects(scene, action)
        matches = self.templates.matches(scene.view, action)
        shared, proposals = self._proposals(scene, action, subjects, matches)
        ticks = [copy(tick) for tick in self._ticks]
        every = select(shared + [claim for claims in proposals.values() for claim in claims])
        changing = any(claim.verb != "stay" for claim in every)
        ticking = self.bars.propose(ticks, changing, action.id)
        if not any(claim.expert == RECALL for claim in shared):
            shared = ticking + shared
        chosen, drafts = self._drafts(scene, proposals, shared)
        subset = self._records.best(action.id == CLICK)
        evidence = self._evidence(scene, action, chosen[subset], drafts, subset, ticks)
        confidence = self.confidence.confidence(evidence)
        return Decision(
            scene, subjects, matches, ticks, drafts, subset, chosen[subset], evidence, confidence
        )

    def _proposals(
        self, scene: Scene, action: Action, subjects: list[Subject], matches: list[Match]
    ) -> tuple[list[Claim], dict[str, list[Claim]]]:
        """Claims that are part of every subset, and the others by expert."""
        if RECALL not in self.without:
            recalled = self.recall.propose(scene.view.flat, action)
            if recalled:
                return recalled, {}
        proposals = {
            OBJECTS: self.objects.propose(scene, action, subjects),
            TEMPLATES: self.templates.propose(matches),
            TILES: self.tiles.propose(scene.view, action),
            TINTS: self.tints.propose(scene.view, action),
        }
        for name in self.without & proposals.keys():
            proposals[name] = []
        undone = self.undo.propose(scene.view.flat, scene.state.past, action)
        return [] if UNDOES in self.without else undone, proposals

    def _drafts(
        self, scene: Scene, proposals: Mapping[str, list[Claim]], shared: list[Claim]
    ) -> tuple[dict[str, list[Claim]], dict[str, NDArray[np.uint8]]]:
        """Chosen claims and next frame by subset; subsets with the same claims share them."""
        active = {name for name, claims in proposals.items() if claims}
        by_active: dict[frozenset[str], tuple[list[Claim], NDArray[np.uint8]]] = {}
        chosen: dict[str, list[Claim]] = {}
        drafts: dict[str, NDArray[np.uint8]] = {}
        for subset, names in SUBSETS.items():
            key = names & active
            if key not in by_active:
                claims = [c for name in proposals if name in key for c in proposals[name]]
                picked = select(shared + claims)
                by_active[key] = picked, render(scene.view.flat, picked)
            chosen[subset], drafts[subset] = by_active[key]
        return chosen, drafts

    def _evidence(
        self,
        scene: Scene,
        action: Action,
        chosen: list[Claim],
        drafts: Mapping[str, NDArray[np.uint8]],
        subset: str,
        ticks: list[Tick],
    ) -> Evidence:
        frame, click = drafts[subset], action.id == CLICK
        target: Hashable = None
        if click:
            _, part = scene.view.part_at(action.y or 0, action.x or 0)
            target = part.look if part.area <= LARGE else part.colour
        return self.confidence.evidence(
            action.id,
            target,
            chosen,
            sum(d is frame or bool((d == frame).all()) for d in drafts.values()),
            self._records.record(subset, click),
            self.bars.least_trust(ticks),
        )

    def _pixel_confidence(self, decision: Decision) -> NDArray[np.float32]:
        confidence = np.full(PIXELS, 0.5 + 0.5 * decision.confidence, np.float32)
        for claim in decision.chosen:
            confidence[claim.region] = claim.trust
        return confidence.reshape(SIDE, SIDE)

    def _imagined(self, decision: Decision, action: Action) -> OnlineState:
        scene, chosen = decision.scene, decision.chosen
        momentum = {
            (look, y + dy, x + dx): (dy, dx)
            for claim in chosen
            for look, y, x, dy, dx in claim.movers
        }
        phases = self.bars.imagined(scene.state, decision.ticks, {id(claim) for claim in chosen})
        mark = self.pointer.next_mark(scene.state.mark, action)
        return OnlineState(
            draw(decision.frame, mark).reshape(SIDE, SIDE),
            scene.ground.reshape(SIDE, SIDE),
            decision.frame,
            mark,
            momentum,
            phases,
            scene.state.available,
            next_past(scene.state.past, scene.view.flat, decision.frame, action),
        )

    # learn

    def _learn(
        self, decision: Decision, action: Action, next_frame_HW: NDArray[np.uint8], count: bool
    ) -> OnlineState:
        scene, view = decision.scene, decision.scene.view
        lattice = self.tiles.tiling.lattice if self.tiles.tiling else None
        clean, mark = self.pointer.observe(
            view.flat, scene.state.mark, action, next_frame_HW, lattice, count
        )
        after = self._segmenter.view(clean.reshape(SIDE, SIDE))
        self._learn_trust(decision, action, after.flat)
        changes = changes_between(
            view,
            after,
            lambda part: self.movers.usual_shifts(part, action),
            lambda part: scene.background(part.pixels),
        )
        self.objects.score(scene, action, decision.subjects, changes)
        self.movers.learn(scene, action, changes)
        self.objects.learn_new(scene, action, decision.subjects, changes)
        phases = self.bars.learn(scene.state, view, after, changes, decision.ticks)
        self.tiles.learn(view, after, action, changes)
        self.tints.learn(view, after, action, changes)
        if len(changes.patches) <= 40:
            self.templates.learn(view, after, action, changes, decision.matches)
        momentum = {
            (part.look, part.y + dy, part.x + dx): (dy, dx)
            for part, (dy, dx) in ((view.parts[n], s) for n, s in changes.moved.items())
        }
        ground = scene.ground.reshape(SIDE, SIDE)
        past, available = scene.state.past, scene.state.available
        self.undo.learn(after.flat, past, action)
        self.recall.learn(view.flat, action, after.flat)
        past = next_past(past, view.flat, after.flat, action)
        return OnlineState(
            next_frame_HW, ground, after.flat, mark, momentum, phases, available, past
        )

    def _learn_trust(self, decision: Decision, action: Action, truth: NDArray[np.uint8]) -> None:
        visible = ~self.bars.mask().reshape(-1)
        frame = decision.frame
        right = bool((frame == truth)[visible].all())
        self.surprised = not right
        held = all(claim.holds(truth) for claim in decision.chosen)
        self.confidence.learn(decision.evidence, right, held)
        if all(draft is frame or (draft == frame).all() for draft in decision.drafts.values()):
            return
        changed = max(1, int((decision.scene.view.flat != truth).sum()))
        for name, draft in decision.drafts.items():
            wrong = int((draft != truth)[visible].sum())
            utility = 1.0 if wrong == 0 else 0.5 * max(0.0, 1 - wrong / changed)
            self._records.add(name, action.id == CLICK, utility)


def _frame(frame_HW: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A frame of the model's own, read only; colours beyond 15 wrap."""
    own = np.array(frame_HW, np.uint8, order="C")
    if own.shape != (SIDE, SIDE):
        raise ValueError(f"found a frame of shape {own.shape}; expected ({SIDE}, {SIDE})")
    own &= 15
    own.setflags(write=False)
    return own
