"""The explorer wins simple games, replays what it won, and never sends an illegal action."""

from __future__ import annotations

import dataclasses

from arcworld.play.agent import Decision
from arcworld.play.agents.explorer import ExplorerAgent, ExplorerConfig
from arcworld.play.agents.random import RandomAgent
from arcworld.play.observation import Observation
from arcworld.play.session import play_game
from arcworld.play.toolkit import Toolkit
from arcworld.recordings.episode import RESET, Action


def test_it_wins_a_game_although_one_action_breaks_the_engine(toolkit: Toolkit) -> None:
    result = play_game(ExplorerAgent(), toolkit, "tiny", 300)
    assert result.ended == "won" and result.replaced == 0


def test_the_same_seed_plays_the_same_game() -> None:
    with Toolkit() as own:
        agent = ExplorerAgent(3)
        first, second = (play_game(agent, own, "keys", 250, seed=1) for _ in range(2))
        third = play_game(ExplorerAgent(3), own, "keys", 250, seed=1)
    assert first.level_actions == second.level_actions == third.level_actions


def test_it_wins_more_than_random_play_and_says_why() -> None:
    reasons: set[str] = set()
    with Toolkit() as own:
        agent = ExplorerAgent()
        won = play_game(
            agent, own, "keys", 700, on_step=lambda d, _: reasons.add(d.reason.split(":")[0])
        )
        baseline = play_game(RandomAgent(), own, "keys", 700)
    assert won.levels_completed > baseline.levels_completed
    assert won.replaced == won.faults == 0
    assert {"try", "walk"} <= reasons and sum(agent.reasons.values()) <= won.actions


def test_every_decision_is_legal_and_fits_the_reasoning_field(toolkit: Toolkit) -> None:
    agent = ExplorerAgent()
    session = toolkit.open("tiny")
    agent.begin(session.observation)
    for _ in range(60):
        observation = session.observation
        if observation.state != "NOT_FINISHED":
            break
        decision = agent.choose_action(observation)
        assert decision.action.id in observation.legal_actions
        assert decision.reason and len(str(decision.reasoning())) < 500
        if decision.action.id == 5:  # raises in this game: no answer, so the agent decides again
            continue
        agent.observe(decision, session.step(decision.action))


def test_a_game_opened_anew_is_replayed_up_to_where_it_was_won(toolkit: Toolkit) -> None:
    agent = ExplorerAgent()
    opening = toolkit.open("tiny").observation
    agent.begin(opening)
    won = dataclasses.replace(opening, levels_completed=1)
    agent.memory.observe(Action(2), won)
    assert agent.memory.winning_path(0) == (Action(2),)
    lost = dataclasses.replace(opening, full_reset=True)
    agent.observe(Decision(Action(RESET)), lost)
    decision = agent.choose_action(lost)
    assert decision.action == Action(2) and decision.reason.startswith("replay")


def test_it_waits_where_nothing_changes_at_most_its_patience(toolkit: Toolkit) -> None:
    """Some games show a won level for a while; a RESET during that time would lose it."""
    agent = ExplorerAgent(config=ExplorerConfig(patience=6))
    opening = toolkit.open("tiny").observation
    frozen = dataclasses.replace(
        opening, available_actions=(1, 2), legal_actions=(0, 1, 2), full_reset=False
    )
    agent.begin(frozen)
    reasons = [_turn(agent, frozen) for _ in range(30)]
    waits = [reason.startswith("wait") for reason in reasons]
    assert sum(waits[:8]) == sum(waits) == 6, reasons
    agent.observe(Decision(Action(RESET)), opening)
    agent.begin(frozen)
    assert sum(_turn(agent, frozen).startswith("wait") for _ in range(9)) == 6


def _turn(agent: ExplorerAgent, view: Observation) -> str:
    decision = agent.choose_action(view)
    agent.observe(decision, view)
    return decision.reason


def test_a_level_that_takes_long_sees_actions_repeated() -> None:
    agent = ExplorerAgent(0, ExplorerConfig(self_moving=20, repeat_chance=0.5, max_repeats=4))
    with Toolkit() as own:
        play_game(agent, own, "keys", max_actions=60)
    assert 5 < agent.reasons["repeat"] < 40
