"""`OnlineWorldModel`: a world model of one game, learned while it is played.

It keeps states and segments frames; what will become of them its experts decide (`ensemble`).

    model = OnlineWorldModel()
    state = model.reset(frame_HW)
    prediction = model.predict(state, actions)
    state = model.observe(state, step)
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from arcworld.models.interface import Prediction
from arcworld.online.claims import Claim
from arcworld.online.ensemble import EXPERTS, Decision, Ensemble
from arcworld.online.experts.bars import Tick
from arcworld.online.experts.undo import next_past
from arcworld.online.pointer import Mark, Pointer, draw
from arcworld.online.scene import OnlineState, Scene
from arcworld.online.view import RESET, SIDE, UNKNOWN, Action, Outcome, Segmenter, Step

EARLY = 60
"""Transitions that are learned again when a pointer's mark is found among them."""


class OnlineWorldModel:
    """Learns a game from nothing while it is played; see `models.interface.WorldModel`.

    Deterministic: the same calls give the same answers in every process.

    Args:
        seed: not used; the model draws nothing.
        without: names of experts to leave out, of `EXPERTS` (for ablations).

    Attributes:
        surprised: whether the last observed step ended otherwise than was predicted.
        relearned: whether everything was learned again at the last step, because a pointer's mark
            was found; earlier states still show the mark as a thing.
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
        self.relearned = False
        self._forget()

    def _forget(self) -> None:
        """Start from nothing, except for the pointer."""
        self.experts = Ensemble(self.without)
        self._scene: Scene | None = None
        self._ticks: list[Tick] = []
        self._decisions: dict[Action, Decision] = {}
        self.surprised = True

    # the interface

    def reset(
        self, frame_HW: NDArray[np.uint8], available_actions: Sequence[int] = ()
    ) -> OnlineState:
        """Return the state of a new scene; what was learned stays."""
        phases = {key: (0, bar.first) for key, bar in self.experts.bars.bars.items()}
        ground = np.full((SIDE, SIDE), UNKNOWN, np.uint8)
        frame_HW, none = _frame(frame_HW), Mark()
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
            self.experts.outcome_rates(decision, action)
            for decision, action in zip(decisions, actions, strict=True)
        ]
        return Prediction(
            frames_NHW=np.stack([s.frame_HW for s in states]),
            confidence_N=np.array([d.confidence for d in decisions], np.float32),
            outcomes_NO=np.array(rates, np.float32),
            states=states,
            pixel_confidence_NHW=np.stack([d.pixel_confidence() for d in decisions]),
        )

    def explain(self, state: OnlineState, action: Action) -> list[Claim]:
        """The claims behind a prediction, each with its expert, trust and pixels."""
        return list(self._decision(state, action).chosen)

    def observe(self, state: OnlineState, step: Step) -> OnlineState:
        """Learn from a transition; returns the state of its next frame."""
        after = self._observe(state, step)
        self.relearned = False
        if self._early is not None:
            self._early.append(step)
            if self.pointer.found:
                surprised, self.relearned = self.surprised, True
                after = self._relearn(self._early, state.available)
                self.surprised = surprised
            if self.pointer.found or len(self._early) >= EARLY:
                self._early = None
        return after

    def _observe(self, state: OnlineState, step: Step, count: bool = True) -> OnlineState:
        action = step.action
        self.surprised = True
        if action.id != RESET:
            decision = self._decision(state, action)
            self.experts.learn_outcome(decision, action, step.outcome)
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
        return self.experts.bars.mask()

    # predict

    def _decision(self, state: OnlineState, action: Action) -> Decision:
        scene = self._scene
        if scene is None or scene.state is not state:
            view = self._segmenter.view(state.clean.reshape(SIDE, SIDE))
            scene = self._scene = self.experts.movers.scene(state, view)
            self._ticks = self.experts.due(state, view)
            self._decisions = {}
        found = self._decisions.get(action)
        if found is None:
            found = self._decisions[action] = self.experts.decide(scene, action, self._ticks)
        return found

    def _imagined(self, decision: Decision, action: Action) -> OnlineState:
        scene, chosen = decision.scene, decision.chosen
        momentum = {
            (look, y + dy, x + dx): (dy, dx)
            for claim in chosen
            for look, y, x, dy, dx in claim.movers
        }
        followed = {id(claim) for claim in chosen}
        phases = self.experts.bars.imagined(scene.state, decision.ticks, followed)
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
            scene.state.recent.then(scene.view.flat, action),
        )

    # learn

    def _learn(
        self, decision: Decision, action: Action, next_frame_HW: NDArray[np.uint8], count: bool
    ) -> OnlineState:
        scene, view = decision.scene, decision.scene.view
        tiling = self.experts.tiles.tiling
        lattice = tiling.lattice if tiling else None
        clean, mark = self.pointer.observe(
            view.flat, scene.state.mark, action, next_frame_HW, lattice, count
        )
        after = self._segmenter.view(clean.reshape(SIDE, SIDE))
        changes, phases = self.experts.learn(decision, action, after)
        self.surprised = self.experts.surprised
        momentum = {
            (part.look, part.y + dy, part.x + dx): (dy, dx)
            for part, (dy, dx) in ((view.parts[n], s) for n, s in changes.moved.items())
        }
        ground = scene.ground.reshape(SIDE, SIDE)
        available = scene.state.available
        past = next_past(scene.state.past, view.flat, after.flat, action)
        recent = scene.state.recent.then(view.flat, action)
        return OnlineState(
            next_frame_HW, ground, after.flat, mark, momentum, phases, available, past, recent
        )


def _frame(frame_HW: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A frame of the model's own, read only; colours beyond 15 wrap."""
    own = np.array(frame_HW, np.uint8, order="C")
    if own.shape != (SIDE, SIDE):
        raise ValueError(f"found a frame of shape {own.shape}; expected ({SIDE}, {SIDE})")
    own &= 15
    own.setflags(write=False)
    return own
