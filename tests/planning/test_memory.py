"""Memory on a small made-up world: what it learns, excludes, finds again and drops."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from arcworld.planning.memory.action_statistics import BackoffRates
from arcworld.planning.memory.click_cursor import ClickCursor
from arcworld.planning.memory.graph import LevelGraph
from arcworld.planning.memory.level_state import MemoryConfig
from arcworld.planning.memory.memory import Memory
from arcworld.planning.memory.node import EdgeKind, pack_frame, unpack_frame
from arcworld.recordings.episode import Action

Frame = NDArray[np.uint8]
MOVES = {1: (0, -1), 2: (0, 1), 3: (-1, 0), 4: (1, 0)}


@dataclass(frozen=True)
class View:
    """An observation."""

    frame_HW: Frame
    state: str = "NOT_FINISHED"
    levels_completed: int = 0
    available_actions: tuple[int, ...] = (1, 2, 3, 4)
    legal_actions: tuple[int, ...] = (0, 1, 2, 3, 4)
    full_reset: bool = False


class Room:
    """A player of 4x4 pixels in a room of 8x8 cells, with a bar below; the goal is a corner."""

    def __init__(self, life: int = 1000, bar: bool = True, goal: tuple[int, int] = (7, 6)) -> None:
        self.life, self.bar, self.goal = life, bar, goal
        self.level = 0
        self.reset()

    def reset(self) -> View:
        self.x, self.y, self.age = 2, 2, 0
        return self.view()

    def view(self, state: str = "NOT_FINISHED") -> View:
        frame = np.full((64, 64), 1, np.uint8)
        frame[self.goal[1] * 8 : self.goal[1] * 8 + 8, self.goal[0] * 8 : self.goal[0] * 8 + 8] = 14
        frame[self.y * 8 : self.y * 8 + 8, self.x * 8 : self.x * 8 + 8] = 9
        if self.bar:
            frame[63, : self.age % 64] = 8
        legal = (0,) if state == "GAME_OVER" else (0, 1, 2, 3, 4)
        return View(frame, state, self.level, legal_actions=legal)

    def act(self, action: Action) -> View:
        if action.id == 0:
            return self.reset()
        dx, dy = MOVES[action.id]
        self.x, self.y = min(max(self.x + dx, 0), 7), min(max(self.y + dy, 0), 6)
        self.age += 1
        if (self.x, self.y) == self.goal:
            self.level += 1
            return self.reset()
        return self.view("GAME_OVER" if self.age >= self.life else "NOT_FINISHED")


def explore(memory: Memory, room: Room, actions: int) -> int:
    """Follow memory's routes; return how many levels were won."""
    view = room.view()
    memory.begin(view)
    for _ in range(actions):
        route = memory.route()
        assert route is not None
        over = view.state == "GAME_OVER"
        row = (0, -1, -1) if over else [*route.rows, route.last][0]
        action = Action.from_row(row)
        view = room.act(action)
        memory.observe(action, view)
    return room.level


def test_it_finds_the_goal_by_its_routes() -> None:
    assert explore(Memory(), Room(), 300) >= 2


def test_states_that_differ_by_the_clock_alone_are_one() -> None:
    memory = Memory()
    explore(memory, Room(goal=(7, 7)), 250)  # below what can be reached
    assert memory.status_bars.mask_HW[63, :56].all() and not memory.status_bars.mask_HW[:63].any()
    assert len(memory.graph) <= 7 * 8 + 5


def test_what_is_known_to_change_nothing_is_useless() -> None:
    memory, room = Memory(), Room(bar=False)
    memory.begin(room.view())
    for _ in range(3):
        memory.observe(Action(3), room.act(Action(3)))
    assert memory.is_useless(Action(3)), "against the wall"
    assert not memory.is_useless(Action(4)) and not memory.is_useless(Action(1))
    assert Action(3) not in [one.action for one in memory.untried()]
    novelties = [one.novelty for one in memory.untried()]
    assert novelties == sorted(novelties, reverse=True) and all(0 < p <= 1 for p in novelties)


def test_game_over_is_caused_by_the_action_once_and_by_a_clock_at_equal_ages() -> None:
    memory, room = Memory(), Room(life=9, bar=False, goal=(7, 7))
    view = room.view()
    memory.begin(view)

    def overs() -> int:
        edges = [edge for node in memory.graph.nodes.values() for edge in node.edges.values()]
        return sum(edge.edge_kind is EdgeKind.OVER for edge in edges)

    blamed: list[int] = []
    for life in range(3):
        for step in range(9):
            action = Action(3 + (step + life) % 2)
            memory.observe(action, room.act(action))
        blamed.append(overs())
        memory.observe(Action(0), room.act(Action(0)))
    assert blamed == [1, 0, 0]


def test_the_winning_path_is_kept_and_wins_again() -> None:
    memory, room = Memory(), Room(bar=False)
    view = room.view()
    memory.begin(view)
    for number in (3, 4, 4, 2, 2, 2, 1, 2, 4, 4, 4, 4, 2, 4):
        if room.level:
            break
        memory.observe(Action(number), room.act(Action(number)))
    assert room.level == 1
    path = memory.winning_path(0)
    assert 0 < len(path) <= 9 and memory.winning_path(1) == ()
    again = Room(bar=False)
    for action in path:
        again.act(action)
    assert again.level == 1


def test_the_local_model_predicts_floor_and_walls() -> None:
    """Once the room was walked, few of the remaining actions are worth trying."""
    memory, room = Memory(), Room(bar=False, goal=(7, 7))
    explore(memory, room, 120)
    avatar = memory.dynamics.avatar
    assert avatar.steps == {1: (0, -8), 2: (0, 8), 3: (-8, 0), 4: (8, 0)}
    assert avatar.box == (0, 0, 8, 8) and memory.here.place == (room.x * 8, room.y * 8)
    assert memory.dynamics.trust > 0.8
    before = memory.here
    view = room.act(Action(1))
    _, target = memory.imagined_states.predict(before.number, 1)
    memory.observe(Action(1), view)
    if target is not None:
        assert memory.is_at(target)


def test_memory_is_bounded() -> None:
    """Each frame is new, and has objects to click on."""
    rng = np.random.default_rng(0)
    memory = Memory(MemoryConfig(most_nodes=64, most_kinds=2000))

    def view() -> View:
        frame = np.kron(rng.integers(0, 6, (8, 8), np.uint8), np.ones((8, 8), np.uint8))
        return View(frame, available_actions=(6,), legal_actions=(0, 6))

    memory.begin(view())
    for _ in range(400):
        memory.observe(memory.untried()[0].action, view())
    assert len(memory.graph) <= 64 and len(memory.statistics) <= 2200


def test_dropping_states_keeps_the_first_and_the_current_one() -> None:
    graph = LevelGraph(np.zeros((64, 64), np.bool_), most_nodes=16)
    frames = np.random.default_rng(0).integers(0, 16, (100, 64, 64)).astype(np.uint8)
    graph.opening = graph.add(frames[0], {}).number
    for frame in frames[1:]:
        node = graph.add(frame, {})
        assert graph.find(frame) is node and len(graph) <= 16
    assert graph.find(frames[0]) is not None and graph.find(frames[50]) is None


def test_a_new_mask_joins_states_and_what_was_tried_in_them() -> None:
    graph = LevelGraph(np.zeros((64, 64), np.bool_))
    first, second = np.zeros((64, 64), np.uint8), np.zeros((64, 64), np.uint8)
    second[0, 0] = 5
    a = graph.add(first, {0: [(1, -1, -1)], 1: [(2, -1, -1)]})
    b = graph.add(second, {0: [(1, -1, -1)], 1: [(2, -1, -1)]})
    graph.record(a, (1, -1, -1), 0, EdgeKind.ELSEWHERE, b.number)
    graph.record(b, (2, -1, -1), 1, EdgeKind.ELSEWHERE, a.number)
    mask = np.zeros((64, 64), np.bool_)
    mask[0, 0] = True
    assert graph.rekey(mask) == {b.number: a.number}
    assert graph.find(second) is a and not a.untried
    assert [edge.edge_kind for edge in a.edges.values()] == [EdgeKind.NOTHING, EdgeKind.NOTHING]


def test_edges_contradicted_three_times_are_not_used() -> None:
    graph = LevelGraph(np.zeros((64, 64), np.bool_))
    nodes = [graph.add(np.full((64, 64), colour, np.uint8), {}) for colour in range(3)]
    for turn in range(4):
        graph.record(nodes[0], (1, -1, -1), 0, EdgeKind.ELSEWHERE, nodes[1 + turn % 2].number)
    assert list(graph.known_edges(nodes[0])) == []
    assert graph.path(nodes[0].number, nodes[1].number) is None


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_packed_frames_are_unpacked_unchanged(seed: int) -> None:
    frame = np.random.default_rng(seed).integers(0, 16, (64, 64)).astype(np.uint8)
    assert np.array_equal(unpack_frame(pack_frame(frame)), frame)


def test_more_contexts_than_the_first_array_holds_are_kept_for_the_next_level() -> None:
    rates = BackoffRates({"any": 0.5})
    for number in range(300):
        rates.count(rates.chain((f"thing {number}", "any")), True)
    kept = rates.fresh(lambda context: True)
    assert [kept.tried(f"thing {number}") for number in range(300)] == [1.0] * 300


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=60))
def test_rates_are_probabilities_and_follow_the_counts(tries: list[tuple[str, bool]]) -> None:
    chances = BackoffRates({"any": 0.5})
    for name, success in tries:
        chances.count(chances.chain((name, "any")), success)
    for name in "abc":
        chances.chain((name, "any"))
    assert ((chances.all() > 0) & (chances.all() < 1)).all()
    only_a = [success for name, success in tries if name == "a"]
    if len(only_a) > 3 and len(set(only_a)) == 1:
        chance = chances.all()[chances.chain(("a", "any"))]
        assert (chance > 0.5) == only_a[0]


CROSS = {(0, 0), (0, 1), (0, -1), (1, 0), (-1, 0)}


def marked(frame: Frame, x: int, y: int) -> Frame:
    shown = frame.copy()
    for dy, dx in CROSS:
        if 0 <= y + dy < 64 and 0 <= x + dx < 64:
            shown[y + dy, x + dx] = 11
    return shown


@pytest.mark.parametrize("with_cross", [True, False])
def test_a_click_marker_is_learned_and_removed(with_cross: bool) -> None:
    rng = np.random.default_rng(1)
    frame = np.kron(rng.integers(1, 5, (8, 8), np.uint8), np.ones((8, 8), np.uint8))
    cursor, shown = ClickCursor(), frame
    for _ in range(12):
        x, y = (int(value) for value in rng.integers(0, 64, 2))
        after = marked(frame, x, y) if with_cross else frame
        cursor.observe(shown, Action(6, x, y), after)
        cleaned = cursor.clean(after, frame)
        shown = after
        if cursor.dots:
            assert np.array_equal(cleaned, frame)
    assert cursor.dots == ({(*dot, 11) for dot in CROSS} if with_cross else set())


def test_a_marker_outside_the_frame_is_ignored() -> None:
    cursor, frame = ClickCursor(), np.zeros((64, 64), np.uint8)
    cursor.dots = frozenset({(2, 0, 11)})
    cursor.observe(frame, Action(6, 5, 63), frame)
    assert cursor.clean(frame, None) is frame


def test_tiles_that_stay_turned_are_no_marker() -> None:
    rng = np.random.default_rng(2)
    frame, cursor = np.zeros((64, 64), np.uint8), ClickCursor()
    for _ in range(40):
        before = frame.copy()
        column, row = (int(value) for value in rng.integers(0, 8, 2))
        tile = slice(row * 8, row * 8 + 8), slice(column * 8, column * 8 + 8)
        frame[tile] = 3 - frame[tile]
        cursor.observe(before, Action(6, column * 8 + 4, row * 8 + 4), frame.copy())
    assert not cursor.dots
