"""The memory of a game: the current state, what was tried in it, and where to go next.

It extends `MemoryQueries` by what actions won, lost or changed. It contains no agent and decides
nothing; any agent may keep one, pass it every action, and query it.

    memory.begin(observation, game_priors)  open a game, with priors if there are any
    memory.observe(action, observation)     after each answered action
    memory.learn()                          train on what was observed, before asking for a route
    memory.imagine(route)                   predict the clicks at the end of a route
    memory.untried()                        actions not tried here, most promising first
    memory.is_useless(action)               known to change nothing here, or to end the game
    memory.set_click_prior(effects)         which clicks are predicted to change more than others
    memory.route()                          path to the most promising untried action
    memory.winning_path(level)              actions that won a level before
    memory.movers()                         actions that changed something on this level
    memory.opening()                        the frame in which the level began
    memory.displaced()                      clicks whose changes differ from that frame

The queries, from `untried` on without `set_click_prior`, change nothing of what was observed or
learned; they only cache predictions. Imagined edges are kept apart from observed ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from arcworld.planning.action_index import action_index
from arcworld.planning.memory.action_kinds import ActionRow, holds_on_other_levels
from arcworld.planning.memory.imagined_states import ImaginedStates
from arcworld.planning.memory.level_state import MemoryConfig
from arcworld.planning.memory.node import EdgeKind, Node, unpack_frame
from arcworld.planning.memory.observed_frame import ObservedFrame
from arcworld.planning.memory.queries import MemoryQueries
from arcworld.planning.memory.search import Route
from arcworld.recordings.episode import CLICK, RESET, UNDO, Action
from arcworld.recordings.game_priors import GamePriors

if TYPE_CHECKING:
    from arcworld.planning.change_predictor import ChangePredictor


class Memory(MemoryQueries):
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
        self.imagined_states.tidy()

    def learn(self) -> None:
        """Train the network, if there is one, and store its log-odds of the untried actions here.

        A separate call, so that nothing is trained for actions that another agent decides.
        """
        if self.effects is None:
            return
        self.effects.learn()
        if self.effects.is_trained:
            self.here.odds = self._odds(self.effects, self.here)

    def imagine(self, route: Route) -> bool:
        """Predict the clicks at the end of a route; ask for another route if its last is predicted.

        Those that should lead to a known state are imagined edges from then on, and no longer
        untried.

        Returns:
            Whether the last action of the route was one of them.
        """
        node, clicks = self._routing().predicted_clicks(self.here, route)
        for row, target in clicks.items():
            self.graph.imagine(node, row, target)
        return bool(clicks)

    def set_click_prior(self, effects_64: NDArray[np.floating] | None) -> None:
        """Set the predicted effect of a click in each cell on this level; None if there is none.

        Args:
            effects_64: shares of the largest effect; the novelty of clicks is multiplied by them.
        """
        self._expected, self.has_click_prior = effects_64, True

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
        self._answer(observation)

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
        kind, fresh = self._kind(before, row), row not in before.effects
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

    def _odds(self, effects: ChangePredictor, node: Node) -> dict[ActionRow, float]:
        """The network's log-odds for the untried actions of a node."""
        rows = [row for kind in node.untried.values() for row in kind]
        places = [(row, action_index(Action.from_row(row))) for row in rows]
        logits = effects.logits(self.graph.shown(unpack_frame(node.frame)))
        return {row: float(logits[place]) for row, place in places if place is not None}


def _steers(action: Action) -> bool:
    return action.id not in (RESET, CLICK, UNDO)
