"""The experts of one game together: every one proposes, and the most trusted claims are followed.

Subsets of the experts are ranked by who was right where they disagreed; the claims of the best
subset that do not overlap make the next frame. The confidence of a frame is the product of its
claims' trust, recalibrated by what such products were worth so far.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from copy import copy
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from arcworld.online.changes import Changes, changes_between
from arcworld.online.claims import Claim, render, select
from arcworld.online.confidence import Evidence, FrameConfidence
from arcworld.online.experts import bars as bars_expert
from arcworld.online.experts import clock as clock_expert
from arcworld.online.experts import copies as copies_expert
from arcworld.online.experts import objects as objects_expert
from arcworld.online.experts import recall as recall_expert
from arcworld.online.experts import remote as remote_expert
from arcworld.online.experts import templates as templates_expert
from arcworld.online.experts import tiles as tiles_expert
from arcworld.online.experts import undo as undo_expert
from arcworld.online.experts.bars import Bars, Tick
from arcworld.online.experts.clock import Clock
from arcworld.online.experts.copies import Copies
from arcworld.online.experts.movers import Movers
from arcworld.online.experts.objects import Objects, Subject
from arcworld.online.experts.recall import Recall
from arcworld.online.experts.remote import Remote
from arcworld.online.experts.templates import Match, Templates
from arcworld.online.experts.tiles import TilesExpert
from arcworld.online.experts.undo import Undo
from arcworld.online.outcomes import OutcomeRates, contexts_of
from arcworld.online.scene import BarKey, OnlineState, Phase, Scene
from arcworld.online.trust import Disagreements, HitRates
from arcworld.online.view import CLICK, LARGE, PIXELS, SIDE, Action, Outcome, View

OBJECTS, TEMPLATES, REMOTE = objects_expert.NAME, templates_expert.NAME, remote_expert.NAME
TILES, TINTS, BARS = tiles_expert.NAME, tiles_expert.COARSE, bars_expert.NAME
UNDOES, RECALL, CLOCK = undo_expert.NAME, recall_expert.NAME, clock_expert.NAME
COPIES = copies_expert.NAME
EXPERTS = (OBJECTS, TEMPLATES, REMOTE, TILES, TINTS, COPIES, BARS, UNDOES, RECALL, CLOCK)
SUBSETS: Mapping[str, frozenset[str]] = {
    "all": frozenset({OBJECTS, TEMPLATES, REMOTE, TILES, TINTS, COPIES}),
    "patches": frozenset({TEMPLATES, REMOTE, TILES}),
    "lattice": frozenset({TILES, TINTS, COPIES}),
    OBJECTS: frozenset({OBJECTS}),
    TEMPLATES: frozenset({TEMPLATES, REMOTE}),
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
MOST_PATCHES = 40
"""Changes in more places are no local edit; templates do not learn from them."""


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
    remote: list[Match]
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

    def pixel_confidence(self) -> NDArray[np.float32]:
        """Confidence of each pixel, float32 [64, 64]: the trust of the claim on it."""
        confidence = np.full(PIXELS, 0.5 + 0.5 * self.confidence, np.float32)
        for claim in self.chosen:
            confidence[claim.region] = claim.trust
        return confidence.reshape(SIDE, SIDE)


class Ensemble:
    """The experts, and trust in them.

    Args:
        without: names of experts to leave out, of `EXPERTS`.

    Attributes:
        surprised: whether the last observed frame was another than was predicted.
    """

    def __init__(self, without: frozenset[str] = frozenset()) -> None:
        self.without = without
        hits = HitRates()
        self.movers, self.undo, self.recall = Movers(), Undo(), Recall()
        self.clock = Clock()
        self.objects = Objects(self.movers, hits)
        self.templates, self.remote, self.bars = Templates(hits), Remote(hits), Bars()
        self.tiles = TilesExpert(hits)
        self.tints, self.copies = TilesExpert(hits, coarse=True), Copies(hits)
        self.outcomes = OutcomeRates()
        self.surprised = True
        self._in_bars = np.zeros(PIXELS, np.bool_)
        self._records = Disagreements(START_RECORD)
        self._confidence = FrameConfidence()

    def due(self, state: OnlineState, view: View) -> list[Tick]:
        """Ticks of the status bars that are expected in a state."""
        return [] if BARS in self.without else self.bars.due(state, view)

    # decide

    def decide(self, scene: Scene, action: Action, due: list[Tick]) -> Decision:
        """Choose between the claims on one action; nothing is learned."""
        subjects = self.objects.subjects(scene, action)
        matches = self._outside_bars(self.templates.matches(scene.view, action))
        there = REMOTE not in self.without
        remote = self._outside_bars(self.remote.matches(scene.view, action) if there else [])
        matches = remote_expert.without_rivals(matches, remote, action)
        shared, proposals = self._proposals(scene, action, subjects, matches, remote)
        ticks = [copy(tick) for tick in due]
        every = select(shared + [claim for claims in proposals.values() for claim in claims])
        changing = any(claim.verb != "stay" for claim in every)
        ticking = self.bars.propose(ticks, changing, action.id)
        if not any(claim.expert == RECALL for claim in shared):
            shared = ticking + shared
        chosen, drafts = self._drafts(scene, proposals, shared)
        subset = self._records.best(action.id == CLICK)
        evidence = self._evidence(scene, action, chosen[subset], drafts, subset, ticks)
        confidence = self._confidence.confidence(evidence)
        picked = chosen[subset]
        return Decision(
            scene, subjects, matches, remote, ticks, drafts, subset, picked, evidence, confidence
        )

    def _outside_bars(self, matches: list[Match]) -> list[Match]:
        return [match for match in matches if not self._in_bars[match.pixels].all()]

    def outcome_rates(self, decision: Decision, action: Action) -> NDArray[np.float64]:
        """Probability of each `Outcome`, float64 [3]."""
        return self.outcomes.predict(contexts_of(decision.scene, action, decision.subjects))

    def _proposals(
        self,
        scene: Scene,
        action: Action,
        subjects: list[Subject],
        matches: list[Match],
        remote: list[Match],
    ) -> tuple[list[Claim], dict[str, list[Claim]]]:
        """Claims that are part of every subset, and the others by expert."""
        if RECALL not in self.without:
            recalled = self.recall.propose(scene.view.flat, action)
            if recalled:
                return recalled, {}
        proposals = {
            OBJECTS: self.objects.propose(scene, action, subjects),
            TEMPLATES: self.templates.propose(matches),
            REMOTE: self.remote.propose(remote),
            TILES: self.tiles.propose(scene.view, action),
            TINTS: self.tints.propose(scene.view, action),
            COPIES: self.copies.propose(scene.view, action, self.tiles.tiling),
        }
        for name in self.without & proposals.keys():
            proposals[name] = []
        shared: list[Claim] = []
        if UNDOES not in self.without:
            shared += self.undo.propose(scene.view.flat, scene.state.past, action)
        if CLOCK not in self.without:
            shared += self.clock.propose(scene.view.flat, scene.state.recent)
        return shared, proposals

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
        return self._confidence.evidence(
            action.id,
            target,
            chosen,
            sum(d is frame or bool((d == frame).all()) for d in drafts.values()),
            self._records.record(subset, click),
            self.bars.least_trust(ticks),
        )

    # learn

    def learn_outcome(self, decision: Decision, action: Action, outcome: Outcome) -> None:
        """Count the outcome of an action."""
        self.outcomes.add(contexts_of(decision.scene, action, decision.subjects), outcome)

    def learn(
        self, decision: Decision, action: Action, after: View
    ) -> tuple[Changes, Mapping[BarKey, Phase]]:
        """Learn from a transition within a level.

        Returns:
            What changed, and the phases of the status bars after it.
        """
        scene, view = decision.scene, decision.scene.view
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
        self.copies.learn(view, action, after, self.tiles.tiling)
        self.tiles.learn(view, after, action, changes)
        self.tints.learn(view, after, action, changes)
        self._in_bars = self.bars.mask().reshape(-1)
        patches = tuple(p for p in changes.patches if not self._in_bars[p].all())
        if len(patches) <= MOST_PATCHES:
            local = replace(changes, patches=patches)
            self.templates.learn(view, after, action, local, decision.matches)
            self.remote.learn(view, after, action, local, decision.remote)
        self.undo.learn(after.flat, scene.state.past, action)
        self.recall.learn(view.flat, action, after.flat)
        self.clock.learn(view.flat, scene.state.recent, after.flat)
        return changes, phases

    def _learn_trust(self, decision: Decision, action: Action, truth: NDArray[np.uint8]) -> None:
        visible = ~self._in_bars
        frame = decision.frame
        right = bool((frame == truth)[visible].all())
        self.surprised = not right
        held = all(claim.holds(truth) for claim in decision.chosen)
        self._confidence.learn(decision.evidence, right, held)
        if all(draft is frame or (draft == frame).all() for draft in decision.drafts.values()):
            return
        changed = max(1, int((decision.scene.view.flat != truth).sum()))
        for name, draft in decision.drafts.items():
            wrong = int((draft != truth)[visible].sum())
            utility = 1.0 if wrong == 0 else 0.5 * max(0.0, 1 - wrong / changed)
            self._records.add(name, action.id == CLICK, utility)
