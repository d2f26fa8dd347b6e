"""Agent `explorer`: go to untried actions by the shortest known path. Uses memory, no trained
model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
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
"""Value of `_waited` after the explorer has stopped waiting."""


@dataclass(frozen=True, slots=True)
class ExplorerConfig:
    """How the explorer plays.

    Attributes:
        learns: whether its memory also trains a network during play that predicts what actions do
            (`planning.change_predictor`).
        patience: number of times that an action is repeated when none changes anything, before a
            RESET. Some games show a won level for a while. Halved each time that waiting did not
            help.
        self_moving: after this number of actions, a level may depend on something that frames do
            not show.
        repeat_chance: then, the probability at each action of repeating one action.
        max_repeats: maximum number of repeats, at least 2.
    """

    memory: MemoryConfig = MemoryConfig()
    patience: int = 20
    learns: bool = False
    self_moving: int = 150
    repeat_chance: float = 0.01
    max_repeats: int = 8


class ExplorerAgent:
    """Replays the path that won a level before, else goes to what is untried, cheapest first."""

    name = "explorer"

    def __init__(
        self,
        seed: int = 0,
        config: ExplorerConfig | None = None,
        game_priors: Mapping[str, GamePriors] | None = None,
    ) -> None:
        """Make an agent.

        Args:
            seed: of its choices.
            config: how it plays.
            game_priors: what training stored of games, by id of the game.
        """
        self.seed, self.game_priors = seed, game_priors or {}
        self.config = config or ExplorerConfig()
        self.memory = Memory(self.config.memory, seed, learns=self.config.learns)
        self.reasons: Counter[str] = Counter()

    def begin(self, observation: Observation) -> None:
        """Start a game that was just opened; drop all state of the previous game."""
        self._rng = np.random.default_rng(self.seed)
        self.memory.begin(observation, self.game_priors.get(observation.game_id))
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
        """Replay a winning path; else wait if nothing changes; else follow the best route."""
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
                random_action(observation.legal_actions, self._rng),
                "random: the planned action is no longer legal",
            )
        self.reasons[decision.reason.split(":", 1)[0]] += 1
        self._unanswered = decision.action
        return decision

    def give_up(self, action: Action) -> None:
        """Mark an action that got no answer as not worth another try in this state."""
        self.memory.give_up(action)
        self._route = self._unanswered = None

    def observe(self, decision: Decision, observation: Observation) -> None:
        """Add the result of an action to memory."""
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
        """The next action of a path that won this level earlier in the session, if the game was
        reset since."""
        if not self._replay:
            return None
        action = self._replay.pop()
        return Decision(
            action, f"replay: this path won the level before, {len(self._replay)} actions left"
        )

    def _wait(self, observation: Observation) -> Decision | None:
        """Send an action again if every action that can be tried changed nothing."""
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
        return Decision(action, f"wait: nothing changes here, {self._waited} of {self._patience}")

    def _repeat(self, observation: Observation) -> Decision | None:
        """Occasionally take one action several times, on a level that takes long."""
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
        return Decision(action, f"repeat: the frame may not show all, {len(self._again)} more")

    def _go(self, observation: Observation) -> Decision:
        """Continue the route while it leads where it should; else find another."""
        if self._route is None or not self._on_route():
            self._route, self._walked = self._find_route(), 0
        route = self._route
        if route is None:
            action = random_action(observation.legal_actions, self._rng)
            return Decision(action, "random: every action was tried")
        left = len(route.rows) - self._walked
        expected = {"novelty": round(route.novelty, 3), "distance": float(left)}
        last = Action.from_row(route.last)
        if not left:
            self._route = None
            return Decision(last, "try: untried here", expected)
        action = Action.from_row(route.rows[self._walked])
        self._walked += 1
        what = "reset" if action.id == RESET else "walk"
        unseen = f", through {route.imagined} predicted states" if route.imagined else ""
        return Decision(
            action, f"{what}: {last.name} is untried {left} actions away{unseen}", expected
        )

    def _find_route(self) -> Route | None:
        """The best route whose last action has no predicted effect."""
        self.memory.learn()
        while (route := self.memory.route()) is not None and self.memory.imagine(route):
            pass
        return route

    def _on_route(self) -> bool:
        assert self._route is not None
        return self._walked > 0 and self.memory.is_at(self._route.states[self._walked - 1])
