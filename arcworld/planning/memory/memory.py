"""The memory of a game: where the player stands, what was tried here, and where to go on.

Stands on the level's states (`ground`) and tells what actions won, lost or changed there. Knows no
agent and no model, and decides nothing: any agent may keep one, tell it what it did, and ask.

    memory.begin(observation, lore)         with what is known of the game, if anything
    memory.observe(action, observation)     after each answered action, whoever chose it
    memory.untried()                        actions not tried here, most promising first
    memory.is_useless(action)               known to change nothing here, or to end the game
    memory.expect(effects)                  which clicks should do more than others, on this level
    memory.route()                          the way to the most promising untried action
    memory.winning_path(level)              what won a level before
    memory.movers(), memory.opening()       what changed anything here, and where the level began
    memory.displaced()                      clicks that led away from there
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arcworld.planning.effects import Effects, place_of
from arcworld.planning.memory.choices import ActionRow, lasts
from arcworld.planning.memory.foresight import Foresight, State
from arcworld.planning.memory.graph import Led, Node, unpack
from arcworld.planning.memory.ground import Ground, MemoryConfig
from arcworld.planning.memory.routing import Routing
from arcworld.planning.memory.search import Route
from arcworld.planning.memory.seen import Seen
from arcworld.recordings.episode import CLICK, NO_PLACE, RESET, UNDO, Action
from arcworld.recordings.game_priors import GamePriors

RESET_ROW: ActionRow = (RESET, NO_PLACE, NO_PLACE)


@dataclass(frozen=True, slots=True)
class Untried:
    """An action not tried here. promise: the chance that it leads to a state never seen."""

    action: Action
    promise: float


class Memory(Ground):
    """What one game has shown so far.

    Attributes:
        was_told: whether `expect` was called since the level was opened.
    """

    def __init__(
        self, config: MemoryConfig | None = None, seed: int = 0, *, learns: bool = False
    ) -> None:
        """Nothing is known before `begin`; the seed decides between actions that promise alike.
        One that `learns` also teaches a network what actions lead to (`planning.effects`).
        """
        super().__init__(config or MemoryConfig(), seed)
        self.learns = learns

    def begin(self, seen: Seen, game_priors: GamePriors | None = None) -> None:
        """A game was opened: nothing is known of it but its lore."""
        self._enter(game_priors or GamePriors())
        self.effects = Effects(seed=self.seed) if self.learns else None
        self._won: dict[int, tuple[ActionRow, ...]] = {}
        self._open_level(seen)

    # --- what was seen ---

    def observe(self, action: Action, seen: Seen) -> None:
        """Take in what an action led to."""
        last = self._seen
        if seen.levels_completed != last.levels_completed or seen.full_reset:
            self._change_level(action, seen)
        elif seen.state == "GAME_OVER":
            self._lose(action, seen)
        elif action.id == RESET:
            self._start_over(seen)
        else:
            self._step(action, seen)

    def give_up(self, action: Action) -> None:
        """The game gave no answer to an action: here it is not worth another try."""
        row = self._row(action)
        kind = self._kind(self.here, row)
        self.knowledge.count(kind, changed=False, found=False)
        self.graph.record(self.here, row, kind, Led.NOTHING)

    def _open_level(self, seen: Seen) -> None:
        self.level = seen.levels_completed
        self._expected: NDArray[np.floating] | None = None
        self.was_told = False
        self._forget_states()
        self.local.new_ground()
        self.clicks.forget()
        self._start_over(seen)

    def _start_over(self, seen: Seen) -> None:
        self._age = 0
        self.status_bars.restart()
        self.marker.restart()
        self._arrive(seen, self.marker.clean(seen.frame_HW, None), None)
        self.graph.opening = self.here.number

    def _change_level(self, action: Action, seen: Seen) -> None:
        if seen.levels_completed > self.level:
            row = self._row(action)
            kind = self._kind(self.here, row)
            self.knowledge.count(kind, changed=True, found=True)
            if _steers(action) and self.here.place is not None:
                self.local.won(self.foresight.situation(self.here.number, action.id))
            self.graph.record(self.here, row, kind, Led.WON)
            opening = self.graph.opening
            way = None if opening is None else self.graph.path(opening, self.here.number)
            if way is not None:
                self._won[self.level] = (*way, row)
        self.knowledge.new_level(self.config.carried, lasts)
        self._open_level(seen)

    def _lose(self, action: Action, seen: Seen) -> None:
        """Game over, by this action or by a clock."""
        self._age += 1
        row, before = self._row(action), self.here
        if not self._deaths.by_clock(self._age, before, row):
            kind = self._kind(before, row)
            self.knowledge.count(kind, changed=False, found=False)
            if _steers(action) and before.place is not None:
                self.local.lost(self.foresight.situation(before.number, action.id))
            self.graph.record(before, row, kind, Led.OVER)
        self._seen = seen

    def _step(self, action: Action, seen: Seen) -> None:
        self._age += 1
        if len(self.knowledge) > self.config.most_kinds or self.marker.observe(
            self._seen.frame_HW, action, seen.frame_HW
        ):
            self._forget_level(seen)
            return
        frame_HW = self.marker.clean(seen.frame_HW, self._frame_HW)
        if self.status_bars.observe(self._frame_HW, action, frame_HW):
            self._mask_anew()
        before, row = self.here, self._row(action)
        kind, fresh = self._kind(before, row), row not in before.edges
        old_HW, new_HW = self.graph.shown(unpack(before.frame)), self.graph.shown(frame_HW)
        news = not self.status_bars.may_be_counter(old_HW, new_HW)
        found = news and self.graph.find(frame_HW) is None
        if fresh and self.effects is not None:
            self.effects.observe(old_HW, Action.from_row(row), found)
        self._arrive(seen, frame_HW, row)
        moved = self.here.number != before.number
        if fresh:
            self.knowledge.count(kind, moved, found)
        led = Led.ELSEWHERE if moved else Led.NOTHING
        self.graph.record(before, row, kind, led, self.here.number if moved else -1)
        if _steers(action):
            self._learn_local(before, action, moved, old_HW, new_HW)
        elif action.id == CLICK:
            self.clicks.observe(row, old_HW, new_HW)

    def _learn_local(
        self,
        before: Node,
        action: Action,
        moved: bool,
        old_HW: NDArray[np.uint8],
        new_HW: NDArray[np.uint8],
    ) -> None:
        """What a simple action did near the avatar; and what the avatar is."""
        if before.place is not None:
            at = self.foresight.situation(before.number, action.id)
            self.local.observe(at, old_HW, new_HW, before.place, self.here.place, self._news)
        avatar = self.local.avatar
        if not moved or (avatar.settled and self.here.place is not None):
            return
        old, new = self._objects_of(unpack(before.frame)), self.objects()
        if avatar.observe(old, action.id, new, old_HW != new_HW):
            self.local.clear()
            self.foresight = Foresight(self.graph, self.local)
            for node in self.graph.nodes.values():
                node.place = avatar.place(self._objects_of(unpack(node.frame)))

    def _ask(self, effects: Effects, node: Node) -> None:
        """Learn, and write down what is learnt of the actions not tried in a node."""
        effects.learn()
        if not effects.is_taught:
            return
        rows = [row for kind in node.untried.values() for row in kind]
        places = [(row, place_of(Action.from_row(row))) for row in rows]
        logits = effects.logits(self.graph.shown(unpack(node.frame)))
        node.odds = {row: float(logits[place]) for row, place in places if place is not None}

    # --- what may be asked ---

    def untried(self) -> list[Untried]:
        """Actions not tried where the player stands, most promising first."""
        promises = self.knowledge.promises()
        found = [
            Untried(Action.from_row(row), promises[kind])
            for kind, rows in self.here.untried.items()
            for row in rows
            if row[0] in self._seen.legal_actions
        ]
        return sorted(found, key=lambda one: -one.promise)

    def movers(self) -> list[Action]:
        """Actions that have changed something on this level, the newest first."""
        nodes = sorted(self.graph.nodes.values(), key=lambda node: -node.visited)
        rows = [
            row
            for node in nodes
            for row, edge in node.edges.items()
            if edge.led is Led.ELSEWHERE and row[0] in self._seen.legal_actions
        ]
        return [Action.from_row(row) for row in dict.fromkeys(rows)]

    def opening(self) -> NDArray[np.uint8] | None:
        """The frame in which the level began, or began again; None where it is forgotten."""
        node = self.graph.nodes.get(-1 if self.graph.opening is None else self.graph.opening)
        return None if node is None else unpack(node.frame)

    def displaced(self) -> list[Action]:
        """Clicks that changed something on this level that is not as it was where it began."""
        home_HW = self.opening()
        if home_HW is None:
            return []
        shown = self.graph.shown
        rows = self.clicks.displaced(shown(self._frame_HW), shown(home_HW))
        return [Action.from_row(row) for row in rows]

    def is_useless(self, action: Action) -> bool:
        """Whether an action is known to change nothing here, or to end the game."""
        edge = self.here.edges.get(self._row(action))
        return edge is not None and edge.led in (Led.NOTHING, Led.OVER)

    def is_frozen(self) -> bool:
        """Whether all that may be tried here was tried, and has changed nothing."""
        edges = self.here.edges.values()
        return not self.here.untried and all(edge.led is Led.NOTHING for edge in edges)

    def expect(self, effects_64: NDArray[np.floating] | None) -> None:
        """Take in what a click in each cell is expected to change on this level, as a share of the
        most: clicks promise in proportion, tried or not. None: nothing is known.
        """
        self._expected, self.was_told = effects_64, True

    def route(self) -> Route | None:
        """The way over known edges to the untried action that is cheapest for what it promises."""
        if self.effects is not None:
            self._ask(self.effects, self.here)
        reset = RESET_ROW if RESET in self._seen.legal_actions else None
        simple = [n for n in self._seen.available_actions if n not in (CLICK, UNDO)]
        ways = Routing(self.knowledge, self.foresight, self.clicks, self._expected)
        return ways.best(self.here, simple, reset)

    def is_at(self, state: State) -> bool:
        """Whether the player stands where a route said."""
        return state in (self.here.number, self.graph.key(self._frame_HW))

    def winning_path(self, level: int) -> tuple[Action, ...]:
        """Actions that won a level from its opening; empty where none is known."""
        return tuple(Action.from_row(row) for row in self._won.get(level, ()))

    def describe(self) -> str:
        """One line for people."""
        masked = int(self.status_bars.mask_HW.sum())
        marker = f", a marker of {len(self.marker.dots)} pixels" if self.marker.dots else ""
        return f"{len(self.graph)} states on level {self.level}, {masked} pixels masked{marker}"


def _steers(action: Action) -> bool:
    return action.id not in (RESET, CLICK, UNDO)
