"""The agent that remembers: it goes to what it has not tried, by the shortest way it knows.

Knows memory only; no model, nothing learned before the game.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from arcworld.planning.memory.level_state import MemoryConfig
from arcworld.planning.memory.memory import Memory
from arcworld.planning.memory.search import Route
from arcworld.play.agent import Decision
from arcworld.play.agents.random import random_action
from arcworld.play.observation import Observation
from arcworld.recordings.episode import CLICK, RESET, UNDO, Action
from arcworld.recordings.game_priors import GamePriors

GAVE_UP = -1
"""Stands for the actions waited where waiting was given up."""


@dataclass(frozen=True, slots=True)
class ExplorerConfig:
    """How the explorer plays.

    Attributes:
        learns: whether its memory also teaches a network what actions do
            (`planning.change_predictor`).
        patience: how often an action is repeated where none changes anything, before a RESET:
            some games show a won level for a while. Halved whenever waiting was in vain.
        self_moving: a level that takes more actions may ask for something that is not to be seen,
        repeat_chance: so with this chance one action is taken several times, at most `max_repeats`.
    """

    memory: MemoryConfig = MemoryConfig()
    patience: int = 20
    learns: bool = False
    self_moving: int = 150
    repeat_chance: float = 0.01
    max_repeats: int = 8


class ExplorerAgent:
    """Replays what won a level, else tries what is untried, cheapest discovery first.

    Attributes:
        game_priors: what is known of the game that begins next, by those who know it.
    """

    name = "explorer"

    def __init__(self, seed: int = 0, config: ExplorerConfig | None = None) -> None:
        self.seed = seed
        self.config = config or ExplorerConfig()
        self.memory = Memory(self.config.memory, seed, learns=self.config.learns)
        self.reasons: Counter[str] = Counter()
        self.game_priors: GamePriors | None = None

    def begin(self, observation: Observation) -> None:
        """Forget the game before."""
        self._rng = np.random.default_rng(self.seed)
        self.memory.begin(observation, self.game_priors)
        self.reasons.clear()
        self._patience = self.config.patience
        self._waited = 0
        self._route: Route | None = None
        self._walked = 0
        self._replay: list[Action] = []
        self._unanswered: Action | None = None
        self._tries = 0
        self._again: list[Action] = []

    def choose_action(self, observation: Observation) -> Decision:
        """Replay a way to win; else wait where all is frozen; else go on with the best route."""
        if self._unanswered is not None:
            self.give_up(self._unanswered)
        decision = (
            self._won_before()
            or self._wait(observation)
            or self._repeat(observation)
            or self._go(observation)
        )
        if decision.action.id not in observation.legal_actions:
            self.memory.give_up(decision.action)
            decision = Decision(
                random_action(observation.legal_actions, self._rng), "random: offered before"
            )
        self.reasons[decision.reason.split(":", 1)[0]] += 1
        self._unanswered = decision.action
        return decision

    def give_up(self, action: Action) -> None:
        """No answer came to an action: here it is not worth another try."""
        self.memory.give_up(action)
        self._route = self._unanswered = None

    def observe(self, decision: Decision, observation: Observation) -> None:
        """Remember what came of it."""
        self._unanswered = None
        self._tries += 1
        here, level = self.memory.here.number, self.memory.level
        self.memory.observe(decision.action, observation)
        if self.memory.level != level or observation.full_reset:
            self._route = None
            self._tries, self._again = 0, []
            self._replay = list(self.memory.winning_path(self.memory.level))[::-1]
        elif decision.action.id == RESET:
            self._replay = []
        if self._waited and (self.memory.level, self.memory.here.number) != (level, here):
            if decision.action.id != RESET:
                self._patience = self.config.patience
            self._waited = 0

    def _won_before(self) -> Decision | None:
        """The level was won before, and the game opened anew since."""
        if not self._replay:
            return None
        action = self._replay.pop()
        return Decision(action, f"replay: it won this level before, {len(self._replay)} to go")

    def _wait(self, observation: Observation) -> Decision | None:
        """An action once more, where every one that can be tried has changed nothing."""
        if self._waited == GAVE_UP or not self.memory.is_frozen():
            return None
        legal = [number for number in observation.legal_actions if number not in (RESET, CLICK)]
        if not legal:
            return None
        if self._waited >= self._patience:
            self._waited, self._patience = GAVE_UP, self._patience // 2
            return None
        action = Action(legal[self._waited % len(legal)])
        self._waited += 1
        return Decision(action, f"wait: nothing moves here, {self._waited} of {self._patience}")

    def _repeat(self, observation: Observation) -> Decision | None:
        """Now and then one action several times, where a level takes long."""
        if not self._again and self._tries > self.config.self_moving:
            legal = [n for n in observation.legal_actions if n not in (RESET, CLICK, UNDO)]
            if legal and self._rng.random() < self.config.repeat_chance:
                action = Action(legal[self._rng.integers(len(legal))])
                self._again = [action] * int(self._rng.integers(2, self.config.max_repeats + 1))
                self._route = None
        if not self._again or self._again[-1].id not in observation.legal_actions:
            self._again = []
            return None
        action = self._again.pop()
        return Decision(action, f"repeat: not all that counts is seen, {len(self._again)} more")

    def _go(self, observation: Observation) -> Decision:
        """Go on with the route as long as it leads where it should; else look for another."""
        if self._route is None or not self._on_route():
            self._route, self._walked = self.memory.route(), 0
        route = self._route
        if route is None:
            action = random_action(observation.legal_actions, self._rng)
            return Decision(action, "random: all is tried")
        left = len(route.rows) - self._walked
        expected = {"novelty": round(route.novelty, 3), "distance": float(left)}
        last = Action.from_row(route.last)
        if not left:
            self._route = None
            return Decision(last, "try: untried here", expected)
        action = Action.from_row(route.rows[self._walked])
        self._walked += 1
        what = "reset" if action.id == RESET else "walk"
        unseen = f", by {route.imagined} states not seen yet" if route.imagined else ""
        return Decision(action, f"{what}: {last.name} is untried, {left} away{unseen}", expected)

    def _on_route(self) -> bool:
        assert self._route is not None
        return self._walked > 0 and self.memory.is_at(self._route.states[self._walked - 1])
