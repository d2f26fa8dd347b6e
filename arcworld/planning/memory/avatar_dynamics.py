"""Predict the effect of simple actions near the avatar from a table of observed effects.

The table is indexed by the action and the pixels in the avatar's way. A corridor that was walked
once is then known in all other states of the game. A context that is new, or whose effects varied,
is worth trying. If only ground or walls lie ahead, the effect that is usual for their colours is
predicted, so that paths can continue past what was tried. An object is worth touching again when
something else in the frame has changed since. The most valuable object is one of the colours that
won a level when touched.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from arcworld.planning.memory.avatar import Avatar, Place
from arcworld.planning.memory.effect import Effect
from arcworld.planning.memory.local_context import (
    Background,
    ContextKey,
    LocalContext,
    area,
    background_of,
    local_context_of,
)
from arcworld.recordings.episode import SIDE

CONTEXTS = 8192
"""Maximum number of contexts with an effect; the oldest are dropped."""
UNKNOWN = 255
"""Value of ground pixels that were never seen."""
REACH = 3
"""Changes farther from the avatar than this number of steps are not attributed to the action."""
TRUSTED = 0.5
"""Minimum share of recent predictions that were right; below it the table is not used."""
GOAL = 3.0
"""Novelty of touching what won a level before; higher than any discovery."""
PREDICTED = 0.9
"""Novelty of an action whose effect certainly differs from the prediction."""
DISCOVERY = 0.6
"""Factor on how often an action led to new backgrounds, if it was not tried in this background."""
SELF_MOVING = 0.3
"""If more than this share of actions changes something far away, things move on their own."""
UNTOUCHED = 0.5
"""Minimum novelty of touching an object of colours not touched on this level."""
RULED, FAMILIAR, FAMILIAR_THING = 0.03, 0.1, 0.5
"""Minimum factor on the novelty of an unknown action whose colours ahead were met often: for ground
or walls that follow a rule, for other ground, and for objects."""


class AvatarDynamics:
    """Observed effects by context.

    Attributes:
        background_HW: each pixel as it was last seen without the avatar on it; 255 if unknown.
        touched: for every won level, the rare colours that the winning action touched, as bits.
        trust: moving average of the share of predicted effects that were right.
        noise: moving average of the share of actions that changed something out of reach.
        discovery: moving average of the share of actions that led to a background never seen.
    """

    def __init__(self) -> None:
        self.avatar = Avatar()
        self.background_HW = np.full((SIDE, SIDE), UNKNOWN, dtype=np.uint8)
        self.trust = 1.0
        self.noise, self.discovery = 0.0, 0.0
        self.touched: list[int] = []
        self._goal, self._wins, self._misses = 0, 0, 0
        self._contacts: Counter[int] = Counter()
        self._effects: dict[ContextKey, Effect] = {}
        self._rules: dict[tuple[int, int], Effect] = {}
        self._met: dict[int, set[Background]] = {}

    def __len__(self) -> int:
        return len(self._effects)

    def clear(self) -> None:
        """Drop all effects, because the avatar changed and contexts are no longer comparable."""
        self._effects.clear()
        self._rules.clear()
        self.new_background()

    def background(self, frame_HW: NDArray[np.uint8], place: Place) -> Background:
        """Hash of the frame without the avatar."""
        return background_of(frame_HW, self.background_HW, self.avatar.box, place)

    def local_context(
        self, frame_HW: NDArray[np.uint8], background: Background, place: Place, action: int
    ) -> LocalContext:
        """Context of an action with the avatar at a position."""
        return local_context_of(frame_HW, background, self.avatar, place, action)

    def observe(
        self,
        at: LocalContext,
        before_HW: NDArray[np.uint8],
        after_HW: NDArray[np.uint8],
        place: Place,
        to: Place | None,
        discovery: bool,
    ) -> None:
        """Store the effect of an action.

        Args:
            at: context of the action.
            before_HW: masked frame before.
            after_HW: masked frame after.
            place: position of the avatar before.
            to: position after; None if it is not visible.
            discovery: whether the action led to a background never seen.
        """
        effect = self._effect(before_HW, after_HW, place, to)
        self.discovery += 0.05 * (discovery - self.discovery)
        self.noise += 0.05 * (effect.beyond - self.noise)
        self._contacts[at.colours_ahead] += 1
        self._misses += bool(at.touched & self._goal)
        if at.touched:
            self._met.setdefault(at.touched, set()).add(at.background)
        else:
            self._generalise(at, effect)
        known = self._effects.get(at.context)
        if known is None:
            effect.backgrounds.add(at.background)
            effect.discovery = float(discovery)
            self._keep(at.context, effect)
            return
        self_moving = self.noise > SELF_MOVING and known.step == effect.step
        same = known.common(effect) if self_moving else effect
        self.trust += 0.05 * (known.same(same) - self.trust)
        self._effects[at.context] = known.again(same, at.background, discovery, newest=self_moving)

    def _generalise(self, at: LocalContext, effect: Effect) -> None:
        """Count the effect of the action for the colours ahead."""
        rule = at.action, at.colours_ahead
        known = self._rules.get(rule)
        if known is None:
            self._rules[rule] = replace(effect, backgrounds=set())
        else:
            self._rules[rule] = known.again(effect, at.background, discovery=False)

    def _effect(
        self,
        before_HW: NDArray[np.uint8],
        after_HW: NDArray[np.uint8],
        place: Place,
        to: Place | None,
    ) -> Effect:
        step = None if to is None else (to[0] - place[0], to[1] - place[1])
        changed_HW = before_HW != after_HW
        if changed_HW.any():
            changed_HW[area(self.avatar.box, place)] = False
            if to is not None:
                changed_HW[area(self.avatar.box, to)] = True
        rows, columns = np.nonzero(changed_HW)
        far = REACH * max((abs(d) for step in self.avatar.steps.values() for d in step), default=1)
        rows, columns = rows - place[1], columns - place[0]
        near = (np.abs(rows) <= far) & (np.abs(columns) <= far)
        rows, columns = rows[near], columns[near]
        colours = after_HW[rows + place[1], columns + place[0]]
        beyond = not near.all()
        return Effect(rows.astype(np.int16), columns.astype(np.int16), colours, step, beyond=beyond)

    def see(self, frame_HW: NDArray[np.uint8], place: Place | None) -> None:
        """Store the pixels of a frame that the avatar does not cover, as ground that it may hide
        later."""
        hidden = area(self.avatar.box, place) if place is not None else (slice(0), slice(0))
        below = self.background_HW[hidden].copy()
        self.background_HW[:] = frame_HW
        if below.size and (below != UNKNOWN).all():
            self.background_HW[hidden] = below
        elif below.size:
            self.background_HW[hidden] = np.bincount(frame_HW.ravel()).argmax()

    def new_background(self) -> None:
        """Start a level: the ground is unknown."""
        self._misses = 0
        self._met.clear()
        for effect in self._effects.values():
            effect.backgrounds.clear()
        self.background_HW.fill(UNKNOWN)

    def effect(self, at: LocalContext) -> Effect | None:
        """Effect last observed in a context; None if there is none or the table is not trusted."""
        return self._effects.get(at.context) if self.trust >= TRUSTED else None

    def predicted(self, at: LocalContext) -> Effect | None:
        """`effect`, or the usual effect where such ground or walls lie ahead."""
        return self.effect(at) or (self._rule(at) if self.trust >= TRUSTED else None)

    def _rule(self, at: LocalContext) -> Effect | None:
        rule = None if at.touched else self._rules.get((at.action, at.colours_ahead))
        return rule if rule is not None and rule.is_rule else None

    def novelty(self, at: LocalContext, effect: Effect | None, unknown: float) -> float:
        """Value of an action: its probability of a discovery; above 1 if it may win the level.

        Args:
            at: context of the action.
            effect: predicted effect, or None.
            unknown: value if nothing is known of the action here.
        """
        met = self._met.get(at.touched, set())
        fresh = effect is None or (effect.is_fresh(at.background) and at.background not in met)
        goal = self._winning() if fresh and at.touched & self._goal else 0.0
        if effect is None:
            return max(goal, self._unknown(at, unknown))
        doubt = effect.doubt
        if fresh:
            doubt = max(doubt, DISCOVERY * (effect.discovery - self.discovery))
            if at.touched:
                doubt = max(doubt, 1 / (1 + len(met)))
        return max(goal, min(unknown, PREDICTED * doubt))

    def _unknown(self, at: LocalContext, novelty: float) -> float:
        """Value of an action never observed in this context, given the value of its kind."""
        if at.touched and at.touched not in self._met:
            return max(UNTOUCHED, novelty)
        least = FAMILIAR_THING if at.touched else FAMILIAR if self._rule(at) is None else RULED
        return novelty * max(2 / (2 + self._contacts[at.colours_ahead]), least)

    def _winning(self) -> float:
        """Value of touching what won before; lower for each time that it did not win."""
        return GOAL * (1 + self._wins) / (1 + self._wins + self._misses)

    @property
    def most(self) -> float:
        """Upper limit of `novelty`."""
        return GOAL if self._goal else 1.0

    def lost(self, at: LocalContext) -> None:
        """Note that the action ended the game."""
        none = np.zeros(0, dtype=np.int16)
        known = self._effects.get(at.context)
        effect = Effect(
            none, none, none.astype(np.uint8), None, 1 if known is None else known.tried + 1
        )
        effect.backgrounds.add(at.background)
        self._keep(at.context, effect)

    def won(self, at: LocalContext) -> None:
        """Note that the action won a level, so that the touched colours are targets on the next."""
        self.touched.append(at.touched)
        self.set_goal(at.touched, wins=bool(at.touched))

    def set_goal(self, touched: int, *, wins: int) -> None:
        """Add colours (bits) that were touched when `wins` levels were won."""
        self._goal |= touched
        self._wins += wins

    def _keep(self, context: ContextKey, effect: Effect) -> None:
        if context not in self._effects and len(self._effects) >= CONTEXTS:
            del self._effects[next(iter(self._effects))]
        self._effects[context] = effect
