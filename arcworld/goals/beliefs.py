"""Beliefs about a level's goal: a probability for each hypothesis, updated by play.

A hypothesis that was true without a win gets a penalty, but stays possible: its goal may have a
second condition. One that became true at the moment a level was won is confirmed, and comes first
on later levels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arcworld.goals.forms import generate, progress, sentence
from arcworld.goals.forms.connect import UNSEEN
from arcworld.goals.hypothesis import START, ClassKey, GoalMemory, Hypothesis
from arcworld.goals.prior import Prior, shipped_prior
from arcworld.goals.scene import Scene

BY_MOVER = "reach", "sequence"
"""Forms that end with a mover at its goal."""
BESIDE = 2.5
"""A mover that vanished at a win stands below a goal that it was at most this many steps from, if
there is one."""


@dataclass(frozen=True, slots=True)
class BeliefConfig:
    """How beliefs change.

    Attributes:
        strike: factor on the probability of a hypothesis each time that it was true without a win.
        most_strikes: maximum number of these factors.
        patience: a goal may have been true for this number of frames before the win.
        misses: a confirmed goal is dropped after this number of plans without a win.
        tracked: only this many hypotheses, the most probable, are followed from frame to frame.
        trusted: probability that the goal is among the confirmed ones, where there are some.
        same_form: penalty in logits for each earlier hypothesis of the same form in `order`.
    """

    strike: float = 0.3
    most_strikes: int = 4
    patience: int = 16
    misses: int = 2
    tracked: int = 100
    trusted: float = 0.8
    same_form: float = 0.15


@dataclass(frozen=True, slots=True)
class Belief:
    """One hypothesis, and what is believed of it.

    Attributes:
        probability: that this is the level's goal.
        tries: plans for it that were started.
        strikes: how often it held without a win.
        confirmed: level-ups at which it had just come true; 0 where it is not confirmed.
    """

    hypothesis: Hypothesis
    probability: float
    tries: int
    strikes: int
    confirmed: int


@dataclass(slots=True)
class _Track:
    """How one hypothesis fared on this level."""

    score: float
    memory: GoalMemory = START
    held_for: int = 0
    strikes: int = 0
    misses: int = 0
    tries: int = 0

    @property
    def failed(self) -> bool:
        """Whether it held without a win on this level, before it came true for the last time."""
        return self.strikes > (self.held_for > 1)


class Beliefs:
    """Hypotheses about the goal of the game that is played.

    Args:
        prior: scores before play; the package's own by default.
        config: how beliefs change.
        without: forms to leave out (for ablations).
    """

    def __init__(
        self,
        prior: Prior | None = None,
        config: BeliefConfig | None = None,
        without: tuple[str, ...] = (),
    ) -> None:
        self.prior = prior or shipped_prior()
        self.config = config or BeliefConfig()
        self.without = without
        self.confirmed: dict[Hypothesis, int] = {}
        self._missed: dict[Hypothesis, int] = {}
        self._tracks: dict[Hypothesis, _Track] = {}
        self._scene: Scene | None = None
        self._other = 0.0

    # what happens

    def begin(self, scene: Scene) -> None:
        """A level begins; strikes and tries of the level before are forgotten."""
        self._tracks = {}
        self.refresh(scene)

    def refresh(self, scene: Scene) -> None:
        """The level's scene was built again: hypotheses and scores are too, what was seen stays."""
        self._scene = scene
        found = generate(scene, self.without)
        found += [h for h in self.confirmed if h not in found and self._applies(h)]
        old = self._tracks
        self._tracks = {}
        for hypothesis, score in zip(found, self.prior.scores(found, scene), strict=True):
            track = old.get(hypothesis) or _Track(score)
            track.score = score
            self._tracks[hypothesis] = track
        total = sum(math.exp(track.score) for track in self._tracks.values())
        self._other = total * (1 - self.prior.stated) / self.prior.stated

    def observe(self, frame_HW: NDArray[np.uint8]) -> None:
        """A frame of the level that did not win it; the first frame too."""
        for hypothesis in self._followed():
            track = self._tracks[hypothesis]
            if self._follow(hypothesis, track, frame_HW) and track.held_for == 1:
                track.strikes = min(track.strikes + 1, self.config.most_strikes)

    def restart(self) -> None:
        """The level was set back to its start: memories are forgotten, strikes stay."""
        for track in self._tracks.values():
            track.memory, track.held_for = START, 0

    def won(self, won_frame_HW: NDArray[np.uint8]) -> set[Hypothesis]:
        """The level was won: confirm what has just come true; returns what was confirmed.

        Args:
            won_frame_HW: the won level's last frame, `observation.grids[-2]`: the last grid is the
                first frame of the next level.
        """
        new: set[Hypothesis] = set()
        unseen: dict[Hypothesis, float] = {}
        for hypothesis in self._followed():
            track = self._tracks[hypothesis]
            last = track.memory.distance
            holds = self._follow(hypothesis, track, won_frame_HW)
            if holds and track.held_for <= self.config.patience:
                new.add(hypothesis)
            elif not holds and self._hidden(hypothesis, track, won_frame_HW):
                unseen[hypothesis] = last
        if not any(h.form in BY_MOVER for h in new):
            new |= {h for h, last in unseen.items() if last <= BESIDE} or set(unseen)
        new = {h for h in new if not self._tracks[h].failed} or new
        kept = (set(self.confirmed) & new) or new
        self.confirmed = {h: self.confirmed.get(h, 0) + 1 for h in sorted(kept, key=_stable)}
        self._missed = {}
        return kept

    def tried(self, hypothesis: Hypothesis) -> None:
        """A plan for a hypothesis was started."""
        if hypothesis in self._tracks:
            self._tracks[hypothesis].tries += 1

    def missed(self, hypothesis: Hypothesis) -> None:
        """A plan for a hypothesis was carried out, or failed, and nothing was won."""
        if hypothesis in self._tracks:
            self._tracks[hypothesis].misses += 1
        if hypothesis in self.confirmed:
            self._missed[hypothesis] = self._missed.get(hypothesis, 0) + 1
            if self._missed[hypothesis] >= self.config.misses:
                del self.confirmed[hypothesis]

    # what is believed

    def order(self, limit: int | None = None) -> list[Belief]:
        """Hypotheses by probability, interleaved by form."""
        beliefs = [self._belief(h, chance) for h, chance in self._probabilities().items()]
        beliefs.sort(key=lambda belief: (-belief.probability, _stable(belief.hypothesis)))
        ranked: list[tuple[float, int, Belief]] = []
        seen: dict[str, int] = {}
        for place, belief in enumerate(beliefs):
            form = belief.hypothesis.form
            earlier = seen[form] = seen.get(form, -1) + 1
            logit = math.log(max(belief.probability, 1e-12)) - self.config.same_form * earlier
            ranked.append((-logit, place, belief))
        return [belief for *_, belief in sorted(ranked, key=lambda row: row[:2])][:limit]

    def _probabilities(self) -> dict[Hypothesis, float]:
        """Of each hypothesis. Several may be confirmed at one level-up, as what stands beside the
        goal was reached, too: they share `trusted` by their weights.
        """
        weights = {h: self._weight(track) for h, track in self._tracks.items()}
        total = sum(weights.values()) + self._other
        sure = sum(weights[h] for h in self.confirmed if h in weights)
        trusted = self.config.trusted if sure else 0.0
        return {
            h: (1 - trusted) * weight / total
            + (trusted * weight / sure if sure and h in self.confirmed else 0.0)
            for h, weight in weights.items()
        }

    def memory(self, hypothesis: Hypothesis) -> GoalMemory:
        """The memory of a hypothesis at the last frame observed: where a plan for it starts."""
        track = self._tracks.get(hypothesis)
        return START if track is None else track.memory

    def explain(self, belief: Belief) -> str:
        """One line: the goal, its probability, tries, and whether it was confirmed."""
        parts = [sentence(belief.hypothesis, self._scene), f"{100 * belief.probability:.0f} %"]
        parts.append(f"tried {belief.tries} time{'' if belief.tries == 1 else 's'}")
        if belief.strikes:
            parts.append(f"held {belief.strikes} times without a win")
        if belief.confirmed:
            parts.append(f"confirmed at {belief.confirmed} level-ups")
        return "; ".join(parts)

    def _belief(self, hypothesis: Hypothesis, probability: float) -> Belief:
        track = self._tracks[hypothesis]
        hits = self.confirmed.get(hypothesis, 0)
        return Belief(hypothesis, probability, track.tries, track.strikes, hits)

    def _weight(self, track: _Track) -> float:
        return math.exp(track.score) * self.config.strike ** (track.strikes + track.misses)

    def _followed(self) -> list[Hypothesis]:
        if len(self._tracks) <= self.config.tracked:
            return list(self._tracks)
        ranked = sorted(self._tracks, key=lambda h: -self._weight(self._tracks[h]))
        return [h for k, h in enumerate(ranked) if k < self.config.tracked or h in self.confirmed]

    def _follow(self, hypothesis: Hypothesis, track: _Track, frame_HW: NDArray[np.uint8]) -> bool:
        """Whether the hypothesis holds in the next frame of the level."""
        assert self._scene is not None
        found = progress(hypothesis, self._scene, frame_HW, track.memory)
        track.memory = found.memory
        track.held_for = track.held_for + 1 if found.distance == 0 else 0
        return found.distance == 0

    def _hidden(self, hypothesis: Hypothesis, track: _Track, frame_HW: NDArray[np.uint8]) -> bool:
        """Whether it may hold unseen: its mover has vanished and may stand below a goal that can
        still be seen, or its ends look connected.
        """
        if hypothesis.variant == UNSEEN:
            return track.memory.distance <= 1
        if hypothesis.form not in BY_MOVER:
            return False
        assert self._scene is not None
        view = self._scene.view(frame_HW)
        mover, goal = hypothesis.classes[0], hypothesis.classes[-1]
        ready = hypothesis.form == "reach" or track.memory.done
        return ready and not view.has(mover) and view.has(goal)

    def _applies(self, hypothesis: Hypothesis) -> bool:
        scene = self._scene
        if scene is None or not all(key in scene.units for key in hypothesis.classes):
            return False
        return progress(hypothesis, scene, scene.first_frame_HW).distance > 0


def _stable(hypothesis: Hypothesis) -> tuple[str, str, tuple[ClassKey, ...]]:
    return hypothesis.form, hypothesis.variant, hypothesis.classes
