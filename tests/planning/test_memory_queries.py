"""Queries of memory change nothing that was observed or learned."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from enum import Enum
from typing import Any

import numpy as np
import torch

from arcworld.planning.memory.graph import LevelGraph
from arcworld.planning.memory.memory import Memory
from arcworld.planning.memory.node import EdgeKind, Node
from arcworld.recordings.episode import Action
from tests.planning.test_click_model import TILES, board
from tests.planning.test_memory import Room, View


def plain(value: Any, known: tuple[int, ...] = ()) -> Any:
    """A value as nested tuples, to compare all that it holds."""
    if id(value) in known:
        return "again"
    known = (*known, id(value))
    if isinstance(value, np.ndarray):
        return value.shape, value.dtype.str, value.tobytes()
    if isinstance(value, torch.Tensor):
        return plain(value.detach().numpy(), known)
    if isinstance(value, np.random.Generator):
        return repr(value.bit_generator.state)
    if isinstance(value, dict):
        return tuple((plain(k, known), plain(v, known)) for k, v in value.items())
    if isinstance(value, (list, tuple, deque)):
        return tuple(plain(one, known) for one in value)
    if isinstance(value, (set, frozenset)):
        return tuple(sorted(map(repr, value)))
    slots = [name for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ())]
    held = {name: getattr(value, name) for name in slots if hasattr(value, name)}
    held |= getattr(value, "__dict__", {})
    if callable(value) or isinstance(value, Enum) or not held:
        return repr(value)
    return type(value).__name__, plain(held, known)


def state_of(memory: Memory) -> dict[str, Any]:
    """Everything that a memory holds, by attribute, without cached predictions."""
    held: dict[str, Any] = {**vars(memory)}
    del held["imagined_states"]
    if memory.effects is not None:
        held["weights"] = memory.effects._learner._model.state_dict()
    return {name: plain(value) for name, value in held.items()}


def ask_everything(memory: Memory) -> None:
    queries = (
        memory.route, memory.untried, memory.movers, memory.opening, memory.displaced,
        memory.is_frozen, memory.objects, memory.describe,
    )  # fmt: skip
    for query in queries:
        query()
    for action in (Action(0), Action(1), Action(6, 3, 3)):
        memory.is_useless(action)
    memory.is_at(memory.here.number)
    memory.winning_path(0)


def walked(learns: bool) -> Memory:
    """A memory after some levels of a room; its network, if there is one, has enough to learn."""
    memory, room = Memory(learns=learns), Room()
    view = room.view()
    memory.begin(view)
    for _ in range(80):
        memory.learn()
        route = memory.route()
        assert route is not None
        action = Action.from_row([*route.rows, route.last][0])
        memory.observe(action, room.act(action))
    if memory.effects is not None:
        for n in range(40):
            memory.effects.observe(
                np.full((64, 64), n % 16, np.uint8), Action(1 + n % 4), n % 3 > 0
            )
    return memory


def switched() -> Memory:
    """A memory of switches, at the first route that ends in a click of known effect."""
    memory, turned = Memory(), set[int]()
    offered = View(board(turned), available_actions=(6,), legal_actions=(0, 6))
    memory.begin(offered)
    while (route := memory.route()) and not memory._routing().predicted_clicks(memory.here, route)[
        1
    ]:
        for row in [*route.rows, route.last]:
            hit = [n for n, (x, _) in enumerate(TILES) if x <= row[1] < x + 6 and 8 <= row[2] < 14]
            turned = set() if row[0] == 0 else turned ^ set(hit)
            memory.observe(Action.from_row(row), replace(offered, frame_HW=board(turned)))
    return memory


def test_queries_leave_the_state_of_memory_equal() -> None:
    for memory in (walked(learns=False), walked(learns=True), switched()):
        before = state_of(memory)
        ask_everything(memory)
        assert state_of(memory) == before


def test_what_changes_a_memory_changes_its_state() -> None:
    memory = walked(learns=True)
    before = state_of(memory)
    memory.learn()
    learned = state_of(memory)
    assert {name for name in before if before[name] != learned[name]} >= {"weights", "effects"}
    memory.set_click_prior(np.ones(64))
    assert state_of(memory)["_expected"] != learned["_expected"]
    clicks = switched()
    route = clicks.route()
    before = state_of(clicks)
    assert route is not None and clicks.imagine(route)
    assert {name for name, one in state_of(clicks).items() if one != before[name]} == {
        "graph", "here"
    }  # fmt: skip


def test_a_query_has_the_same_answer_again() -> None:
    for memory in (walked(learns=True), switched()):
        assert memory.route() == memory.route()
        assert memory.untried() == memory.untried()


def test_an_action_offered_by_a_lost_game_is_no_news_to_a_query() -> None:
    memory, room = Memory(), Room(life=2)
    memory.begin(room.view())
    memory.observe(Action(1), room.act(Action(1)))
    lost = replace(room.act(Action(1)), available_actions=(1, 2, 3, 4, 5))
    memory.observe(Action(1), lost)
    before = state_of(memory)
    memory.route()
    assert state_of(memory) == before


def test_the_network_is_trained_by_learn_alone() -> None:
    memory = walked(learns=True)
    assert memory.effects is not None
    frame_HW = np.zeros((64, 64), np.uint8)
    logits = memory.effects.logits(frame_HW)
    memory.route()
    assert np.array_equal(memory.effects.logits(frame_HW), logits)
    memory.learn()
    assert not np.array_equal(memory.effects.logits(frame_HW), logits)


def test_predicted_clicks_are_no_observed_edges() -> None:
    memory = switched()
    observed = plain([node.edges for node in memory.graph.nodes.values()])
    route = memory.route()
    rounds = 0
    while route is not None and memory.imagine(route):
        route, rounds = memory.route(), rounds + 1
    assert rounds and any(map(imagined, memory.graph.nodes.values()))
    assert plain([node.edges for node in memory.graph.nodes.values()]) == observed
    clicks = {row for node in memory.graph.nodes.values() for row in node.edges}
    assert {action.as_row() for action in memory.movers()} <= clicks


def imagined(node: Node) -> set[tuple[int, int, int]]:
    return node.effects.keys() - node.edges.keys()


def graph_of_three() -> tuple[LevelGraph, list[Node]]:
    """Three states that differ in one pixel each, with clicks of kind 0."""
    graph = LevelGraph(np.zeros((64, 64), np.bool_))
    frames = np.zeros((3, 64, 64), np.uint8)
    frames[1, 0, 0], frames[2, 0, 1] = 1, 1
    return graph, [graph.add(frame, {0: [(6, 0, 0), (6, 1, 0)]}) for frame in frames]


def test_an_imagined_edge_leads_on_and_is_replaced_by_an_observed_one() -> None:
    graph, (first, second, _) = graph_of_three()
    graph.imagine(first, (6, 0, 0), second.number)
    assert first.untried == {0: [(6, 1, 0)]} and first.kind_of((6, 0, 0)) == 0
    assert list(graph.leads(first)) == [((6, 0, 0), second.number)]
    assert not list(graph.known_edges(first)), "nothing was observed"
    assert graph.path(first.number, second.number) is None
    graph.record(first, (6, 0, 0), 0, EdgeKind.NOTHING)
    assert not imagined(first) and first.edges[6, 0, 0].contradictions == 0


def test_an_imagined_edge_to_a_state_that_becomes_the_same_is_untried_again() -> None:
    graph, (first, second, third) = graph_of_three()
    graph.imagine(first, (6, 0, 0), second.number)
    graph.imagine(third, (6, 1, 0), second.number)
    mask_HW = np.zeros((64, 64), np.bool_)
    mask_HW[0, 0] = True
    assert graph.rekey(mask_HW) == {second.number: first.number}
    assert not imagined(first) and sorted(first.untried[0]) == [(6, 0, 0), (6, 1, 0)]
    assert list(graph.leads(third)) == [((6, 1, 0), first.number)]


def test_what_was_observed_in_one_of_two_merged_states_is_not_imagined_in_the_other() -> None:
    graph, (first, second, third) = graph_of_three()
    graph.imagine(first, (6, 0, 0), third.number)
    graph.record(second, (6, 0, 0), 0, EdgeKind.NOTHING)
    graph.imagine(second, (6, 1, 0), third.number)
    mask_HW = np.zeros((64, 64), np.bool_)
    mask_HW[0, 0] = True
    graph.rekey(mask_HW)
    assert first.edges[6, 0, 0].edge_kind is EdgeKind.NOTHING
    assert imagined(first) == {(6, 1, 0)} and not first.untried
