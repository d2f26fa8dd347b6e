"""What a simple action does near the avatar, whatever stands elsewhere: a table of what was seen.

Knows what lies in the avatar's way, and what came of the action there before. A corridor that was
walked once need not be tried again in every other state of the game; what never lay in the way
before, or did not always do the same, is worth a try. Where only ground or walls lie ahead, what
came of their colours as a rule is predicted, so that a way leads on past what was never tried. A
thing is worth a try, too, where something else stands otherwise than when it was touched, and most
of all what won a level when it was touched.
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

UNKNOWN = 255
"""Stands for ground that was never seen."""
REACH = 3
"""Changes farther from the avatar than so many steps are none of its effects."""
TRUSTED = 0.5
"""The share of predicted effects that must come true, of late, for the table to be asked."""
GOAL = 3.0
"""What an action promises that touches what won a level before: more than any discovery."""
PREDICTED = 0.9
"""The promise of an action that surely does something other than what is predicted."""
DISCOVERY = 0.6
"""What an action promises that has led to scenes never seen, in a scene where it was not tried."""
SELF_MOVING = 0.3
"""Where so many actions change something far away, things move by themselves."""
UNTOUCHED = 0.5
"""What an action promises at least that touches a thing of colours never touched on this level."""
RULED, FAMILIAR, FAMILIAR_THING = 0.03, 0.1, 0.5
"""The least share of an unknown action's promise that is left where the avatar has gone to the same
colours often: ground or walls that follow a rule, others, and things."""


class AvatarDynamics:
    """Effects by context.

    Attributes:
        background_HW: each pixel as it was last when the avatar did not hide it; 255 where not
            known.
        touched: of every level won, the rare colours that the winning action touched, as bits.
        trust: the share of predicted effects that came true of late.
        noise, discovery: the shares of late actions that changed something out of reach, and that
            led to a scene never seen.
    """

    def __init__(self, most: int = 8192) -> None:
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
        self._most = most

    def __len__(self) -> int:
        return len(self._effects)

    def clear(self) -> None:
        """The avatar is another: contexts mean nothing any more."""
        self._effects.clear()
        self._rules.clear()
        self.new_background()

    def background(self, frame_HW: NDArray[np.uint8], place: Place) -> Background:
        """What tells scenes apart."""
        return background_of(frame_HW, self.background_HW, self.avatar.box, place)

    def local_context(
        self, frame_HW: NDArray[np.uint8], background: Background, place: Place, action: int
    ) -> LocalContext:
        """Of an action with the avatar at a place."""
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
        """Write down what came of an action at a place; `discovery`: a scene never seen."""
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
        """Count what the action does where these colours lie ahead."""
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
        """Keep what lies in a frame where the avatar is not: the ground it may hide later."""
        hidden = area(self.avatar.box, place) if place is not None else (slice(0), slice(0))
        below = self.background_HW[hidden].copy()
        self.background_HW[:] = frame_HW
        if below.size and (below != UNKNOWN).all():
            self.background_HW[hidden] = below
        elif below.size:
            self.background_HW[hidden] = np.bincount(frame_HW.ravel()).argmax()

    def new_background(self) -> None:
        """Another level: what lies where is not known."""
        self._misses = 0
        self._met.clear()
        for effect in self._effects.values():
            effect.backgrounds.clear()
        self.background_HW.fill(UNKNOWN)

    def effect(self, at: LocalContext) -> Effect | None:
        """What the action did last there; None where it was never seen, or all is noise."""
        return self._effects.get(at.context) if self.trust >= TRUSTED else None

    def predicted(self, at: LocalContext) -> Effect | None:
        """`effect`, or what the action does as a rule where such ground or walls lie ahead."""
        return self.effect(at) or (self._rule(at) if self.trust >= TRUSTED else None)

    def _rule(self, at: LocalContext) -> Effect | None:
        rule = None if at.touched else self._rules.get((at.action, at.colours_ahead))
        return rule if rule is not None and rule.is_rule else None

    def novelty(self, at: LocalContext, effect: Effect | None, unknown: float) -> float:
        """The chance of a discovery, more than 1 where a level was won so.

        Args:
            at: where, and what is done.
            effect: what is predicted.
            unknown: the promise where nothing of it is known.
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
        """The promise where the action was never seen, from what it is of its kind at best."""
        if at.touched and at.touched not in self._met:
            return max(UNTOUCHED, novelty)
        least = FAMILIAR_THING if at.touched else FAMILIAR if self._rule(at) is None else RULED
        return novelty * max(2 / (2 + self._contacts[at.colours_ahead]), least)

    def _winning(self) -> float:
        """What is promised by touching what won before: less each time that it does not win."""
        return GOAL * (1 + self._wins) / (1 + self._wins + self._misses)

    @property
    def most(self) -> float:
        """The most that `novelty` may give."""
        return GOAL if self._goal else 1.0

    def lost(self, at: LocalContext) -> None:
        """The action ended the game."""
        none = np.zeros(0, dtype=np.int16)
        known = self._effects.get(at.context)
        effect = Effect(
            none, none, none.astype(np.uint8), None, 1 if known is None else known.tried + 1
        )
        effect.backgrounds.add(at.background)
        self._keep(at.context, effect)

    def won(self, at: LocalContext) -> None:
        """The action won a level: what was touched is worth going to on the next."""
        self.touched.append(at.touched)
        self.set_goal(at.touched, wins=bool(at.touched))

    def set_goal(self, touched: int, *, wins: int) -> None:
        """So many levels were won by touching what has some of these colours (bits)."""
        self._goal |= touched
        self._wins += wins

    def _keep(self, context: ContextKey, effect: Effect) -> None:
        if context not in self._effects and len(self._effects) >= self._most:
            del self._effects[next(iter(self._effects))]
        self._effects[context] = effect
