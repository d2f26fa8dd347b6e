"""The memory of a game: the current state, what was tried in it, and where to go next.

It extends `LevelState` by what actions won, lost or changed. It contains no agent and decides
nothing; any agent may keep one, pass it every action, and query it.

    memory.begin(observation, game_priors)  open a game, with priors if there are any
    memory.observe(action, observation)     after each answered action
    memory.untried()                        actions not tried here, most promising first
    memory.is_useless(action)               known to change nothing here, or to end the game
    memory.set_click_prior(effects)         which clicks are predicted to change more than others
    memory.route()                          path to the most promising untried action
    memory.winning_path(level)              actions that won a level before
    memory.movers()                         actions that changed something on this level
    memory.opening()                        the frame in which the level began
    memory.displaced()                      clicks whose changes differ from that frame
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from arcworld.planning.action_index import action_index
from arcworld.planning.memory.action_kinds import ActionRow, holds_on_other_levels
from arcworld.planning.memory.graph import EdgeKind, Node, unpack_frame
from arcworld.planning.memory.imagined_states import ImaginedStates, StateKey
from arcworld.planning.memory.level_state import LevelState, MemoryConfig
from arcworld.planning.memory.observed_frame import ObservedFrame
from arcworld.planning.memory.routing import Routing
from arcworld.planning.memory.search import Route
from arcworld.recordings.episode import CLICK, NO_PLACE, RESET, UNDO, Action
from arcworld.recordings.game_priors import GamePriors

if TYPE_CHECKING:
    from arcworld.planning.change_predictor import ChangePredictor

RESET_ROW: ActionRow = (RESET, NO_PLACE, NO_PLACE)


@dataclass(frozen=True, slots=True)
class Untried:
    """An action not tried in this state.

    Attributes:
        action: the action.
        novelty: probability that it leads to a state never seen.
    """

    action: Action
    novelty: float


class Memory(LevelState):
    """What one game has shown so far.

    Attributes:
        has_click_prior: whether `set_click_prior` was called since the level was opened.
    """

    def __init__(
        self, config: MemoryConfig | None = None, seed: int = 0, *, learns: bool = False
    ) -> None:
        """Make an empty memory; call `begin` next.

        Args:
            config: limits and priors.
            seed: decides between actions of equal novelty.
            learns: whether a network is also trained on the results of actions
                (`planning.change_predictor`).
        """
        super().__init__(config or MemoryConfig(), seed)
        self.learns = learns

    def begin(self, observation: ObservedFrame, game_priors: GamePriors | None = None) -> None:
        """Start a game that was just opened; drop all that is known of the previous game."""
        self._enter(game_priors or GamePriors())
        self.effects = self._new_predictor() if self.learns else None
        self._won: dict[int, tuple[ActionRow, ...]] = {}
        self._open_level(observation)

    def _new_predictor(self) -> ChangePredictor:
        """An untrained network; needs torch, which a memory that does not learn works without."""
        from arcworld.planning.change_predictor import ChangePredictor

        return ChangePredictor(seed=self.seed)

    # --- what was seen ---

    def observe(self, action: Action, observation: ObservedFrame) -> None:
        """Add the result of an action."""
        last = self._observation
        if observation.levels_completed != last.levels_completed or observation.full_reset:
            self._change_level(action, observation)
        elif observation.state == "GAME_OVER":
            self._lose(action, observation)
        elif action.id == RESET:
            self._start_over(observation)
        else:
            self._step(action, observation)

    def give_up(self, action: Action) -> None:
        """Mark an action that got no answer as useless in this state."""
        row = self._row(action)
        kind = self._kind(self.here, row)
        self.statistics.count(kind, changed=False, found=False)
        self.graph.record(self.here, row, kind, EdgeKind.NOTHING)

    def _open_level(self, observation: ObservedFrame) -> None:
        self.level = observation.levels_completed
        self._expected: NDArray[np.floating] | None = None
        self.has_click_prior = False
        self._forget_states()
        self.dynamics.new_background()
        self.clicks.forget()
        self._start_over(observation)

    def _start_over(self, observation: ObservedFrame) -> None:
        self._age = 0
        self.status_bars.restart()
        self.cursor.restart()
        self._arrive(observation, self.cursor.clean(observation.frame_HW, None), None)
        self.graph.opening = self.here.number

    def _change_level(self, action: Action, observation: ObservedFrame) -> None:
        if observation.levels_completed > self.level:
            row = self._row(action)
            kind = self._kind(self.here, row)
            self.statistics.count(kind, changed=True, found=True)
            if _steers(action) and self.here.place is not None:
                self.dynamics.won(self.imagined_states.local_context(self.here.number, action.id))
            self.graph.record(self.here, row, kind, EdgeKind.WON)
            opening = self.graph.opening
            way = None if opening is None else self.graph.path(opening, self.here.number)
            if way is not None:
                self._won[self.level] = (*way, row)
        self.statistics.new_level(self.config.carried, holds_on_other_levels)
        self._open_level(observation)

    def _lose(self, action: Action, observation: ObservedFrame) -> None:
        """Note a game over, caused by this action or by a clock."""
        self._age += 1
        row, before = self._row(action), self.here
        if not self._game_over_causes.by_clock(self._age, before, row):
            kind = self._kind(before, row)
            self.statistics.count(kind, changed=False, found=False)
            if _steers(action) and before.place is not None:
                self.dynamics.lost(self.imagined_states.local_context(before.number, action.id))
            self.graph.record(before, row, kind, EdgeKind.OVER)
        self._observation = observation

    def _step(self, action: Action, observation: ObservedFrame) -> None:
        self._age += 1
        if len(self.statistics) > self.config.most_kinds or self.cursor.observe(
            self._observation.frame_HW, action, observation.frame_HW
        ):
            self._forget_level(observation)
            return
        frame_HW = self.cursor.clean(observation.frame_HW, self._frame_HW)
        if self.status_bars.observe(self._frame_HW, action, frame_HW):
            self._mask_anew()
        before, row = self.here, self._row(action)
        kind, fresh = self._kind(before, row), row not in before.edges
        old_HW, new_HW = self.graph.shown(unpack_frame(before.frame)), self.graph.shown(frame_HW)
        discovery = not self.status_bars.may_be_counter(old_HW, new_HW)
        found = discovery and self.graph.find(frame_HW) is None
        if fresh and self.effects is not None:
            self.effects.observe(old_HW, Action.from_row(row), found)
        self._arrive(observation, frame_HW, row)
        moved = self.here.number != before.number
        if fresh:
            self.statistics.count(kind, moved, found)
        edge_kind = EdgeKind.ELSEWHERE if moved else EdgeKind.NOTHING
        self.graph.record(before, row, kind, edge_kind, self.here.number if moved else -1)
        if _steers(action):
            self._learn_dynamics(before, action, moved, old_HW, new_HW)
        elif action.id == CLICK:
            self.clicks.observe(row, old_HW, new_HW)

    def _learn_dynamics(
        self,
        before: Node,
        action: Action,
        moved: bool,
        old_HW: NDArray[np.uint8],
        new_HW: NDArray[np.uint8],
    ) -> None:
        """Learn from a simple action: its effect near the avatar, and which object that is."""
        if before.place is not None:
            at = self.imagined_states.local_context(before.number, action.id)
            self.dynamics.observe(at, old_HW, new_HW, before.place, self.here.place, self._is_new)
        avatar = self.dynamics.avatar
        if not moved or (avatar.settled and self.here.place is not None):
            return
        old, new = self._objects_of(unpack_frame(before.frame)), self.objects()
        if avatar.observe(old, action.id, new, old_HW != new_HW):
            self.dynamics.clear()
            self.imagined_states = ImaginedStates(self.graph, self.dynamics)
            for node in self.graph.nodes.values():
                node.place = avatar.place(self._objects_of(unpack_frame(node.frame)))

    def _ask(self, effects: ChangePredictor, node: Node) -> None:
        """Train the network, and store its log-odds for the untried actions of a node."""
        effects.learn()
        if not effects.is_trained:
            return
        rows = [row for kind in node.untried.values() for row in kind]
        places = [(row, action_index(Action.from_row(row))) for row in rows]
        logits = effects.logits(self.graph.shown(unpack_frame(node.frame)))
        node.odds = {row: float(logits[place]) for row, place in places if place is not None}

    # --- what may be asked ---

    def untried(self) -> list[Untried]:
        """Actions not tried in the current state, most promising first."""
        novelties = self.statistics.novelties()
        found = [
            Untried(Action.from_row(row), novelties[kind])
            for kind, rows in self.here.untried.items()
            for row in rows
            if row[0] in self._observation.legal_actions
        ]
        return sorted(found, key=lambda one: -one.novelty)

    def movers(self) -> list[Action]:
        """Actions that changed something on this level, the newest first."""
        nodes = sorted(self.graph.nodes.values(), key=lambda node: -node.visited)
        rows = [
            row
            for node in nodes
            for row, edge in node.edges.items()
            if edge.edge_kind is EdgeKind.ELSEWHERE and row[0] in self._observation.legal_actions
        ]
        return [Action.from_row(row) for row in dict.fromkeys(rows)]

    def opening(self) -> NDArray[np.uint8] | None:
        """The frame in which the level began or was last reset; None if it was dropped."""
        node = self.graph.nodes.get(-1 if self.graph.opening is None else self.graph.opening)
        return None if node is None else unpack_frame(node.frame)

    def displaced(self) -> list[Action]:
        """Clicks on this level whose changed pixels differ from the level's first frame."""
        home_HW = self.opening()
        if home_HW is None:
            return []
        shown = self.graph.shown
        rows = self.clicks.displaced(shown(self._frame_HW), shown(home_HW))
        return [Action.from_row(row) for row in rows]

    def is_useless(self, action: Action) -> bool:
        """Whether an action is known to change nothing in this state, or to end the game."""
        edge = self.here.edges.get(self._row(action))
        return edge is not None and edge.edge_kind in (EdgeKind.NOTHING, EdgeKind.OVER)

    def is_frozen(self) -> bool:
        """Whether every action worth trying in this state was tried and changed nothing."""
        edges = self.here.edges.values()
        return not self.here.untried and all(edge.edge_kind is EdgeKind.NOTHING for edge in edges)

    def set_click_prior(self, effects_64: NDArray[np.floating] | None) -> None:
        """Set the predicted effect of a click in each cell on this level; None if there is none.

        Args:
            effects_64: shares of the largest effect; the novelty of clicks is multiplied by them.
        """
        self._expected, self.has_click_prior = effects_64, True

    def route(self) -> Route | None:
        """Route over known edges to the untried action with the lowest cost per discovery."""
        if self.effects is not None:
            self._ask(self.effects, self.here)
        reset = RESET_ROW if RESET in self._observation.legal_actions else None
        simple = [n for n in self._observation.available_actions if n not in (CLICK, UNDO)]
        known_edges = Routing(self.statistics, self.imagined_states, self.clicks, self._expected)
        return known_edges.best(self.here, simple, reset)

    def is_at(self, state: StateKey) -> bool:
        """Whether the current state is the given state of a route."""
        return state in (self.here.number, self.graph.key(self._frame_HW))

    def winning_path(self, level: int) -> tuple[Action, ...]:
        """Actions that won a level from its first state; empty if none are known."""
        return tuple(Action.from_row(row) for row in self._won.get(level, ()))

    def describe(self) -> str:
        """Describe the memory in one line."""
        masked = int(self.status_bars.mask_HW.sum())
        cursor = f", a marker of {len(self.cursor.dots)} pixels" if self.cursor.dots else ""
        return f"{len(self.graph)} states on level {self.level}, {masked} pixels masked{cursor}"


def _steers(action: Action) -> bool:
    return action.id not in (RESET, CLICK, UNDO)
