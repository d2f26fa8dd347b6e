"""Agents that need a run: the policy alone, and policy, world model and memory together."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from arcworld.frames.codebook import PatchCodebook, PatchCodebookConfig
from arcworld.models.backbone import BackboneConfig
from arcworld.models.policy import MaskedPolicy, PolicyConfig
from arcworld.models.run import Run
from arcworld.models.shared_head import SharedHeadPolicy
from arcworld.models.world_model import WorldModel, WorldModelConfig
from arcworld.planning.policy_gate import PolicyGateConfig
from arcworld.play.agent import Decision
from arcworld.play.agents.policy import PolicyAgent
from arcworld.play.agents.world_model import WorldModelAgent, WorldModelAgentConfig
from arcworld.play.game_session import GameSession
from arcworld.play.session import play_game
from arcworld.play.toolkit import Toolkit
from arcworld.recordings.episode import Action
from arcworld.recordings.game_priors import GamePriors
from arcworld.recordings.novelty import NoveltyIndex, frame_hashes
from arcworld.tokens.cells import offset_of
from arcworld.tokens.sequence import to_token_ids
from arcworld.tokens.vocabulary import Scheme


def make_run(scheme: Scheme = "v2", frames: int = 3, shown: NDArray[np.uint8] | None = None) -> Run:
    """Untrained models whose novelty index says that training showed them a frame."""
    torch.manual_seed(0)
    tokenizer = PatchCodebook(PatchCodebookConfig(16))
    rng = np.random.default_rng(0)
    tokenizer.fit([rng.integers(0, 16, (4, 64, 64), dtype=np.uint8)])
    body = BackboneConfig(width=16, layers=1, heads=2, kv_heads=1, mlp=16)
    config = WorldModelConfig(scheme, 16, frames, True, body, reads_cells=True)
    model = WorldModel(config).eval()
    model.start_from(tokenizer)
    masked = MaskedPolicy(PolicyConfig(16, 16, 8, offset_width=8)).eval()
    policy = masked if scheme == "v2" else SharedHeadPolicy()
    empty = np.zeros(0, dtype=np.uint64)
    seen = NoveltyIndex(empty if shown is None else frame_hashes(shown[None]), empty)
    return Run(Path("none"), {}, tokenizer.eval(), model, policy, seen)


def run_that_knows(session: GameSession) -> Run:
    """The same; training showed the first frame of a game."""
    return make_run(shown=session.observation.frame_HW)


def test_the_policy_alone_plays_legally_and_reproducibly(toolkit: Toolkit) -> None:
    run = make_run()
    first, again = (play_game(PolicyAgent(run, 4), toolkit, "tiny", 25, seed=1) for _ in range(2))
    assert first.replaced == 0 and first.actions > 2
    assert first.level_actions == again.level_actions


def test_the_policy_sees_the_history_that_was_played(toolkit: Toolkit) -> None:
    run = make_run(frames=3)
    agent, session = PolicyAgent(run), toolkit.open("tiny")
    agent.begin(session.observation)
    played = [Action(1), Action(6, 30, 9), Action(2)]
    frames = [session.observation.frame_HW]
    for action in played:
        agent.observe(Decision(action), session.step(action))
        frames.append(session.observation.frame_HW)
        history = agent._history.now()
        expected = run.tokenizer.encode_frames(np.stack(frames[-3:]))
        assert np.array_equal(history.indices_TC, expected)
        assert history.opens == (len(frames) <= 3)
        to_token_ids(run.world_model.vocabulary, history)
    history = agent._history.now()
    assert history.types_A.tolist() == [6, 2] and history.cells_A.tolist() == [11, 64]
    assert history.outcomes_A.tolist() == [0, 1]


def test_a_click_lands_on_the_learned_pixel(
    toolkit: Toolkit, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run()
    sure = torch.zeros(1, 64)
    sure[0, 19] = 9.0
    monkeypatch.setattr(MaskedPolicy, "_offset_logits", lambda *_: sure)
    agent, observation = PolicyAgent(run), toolkit.open("tiny").observation
    agent.begin(observation)
    actions = [agent.choose_action(observation).action for _ in range(30)]
    clicks = [action for action in actions if action.id == 6]
    assert clicks and all(offset_of(int(a.x or 0), int(a.y or 0)) == 19 for a in clicks)


def test_in_v1_undo_has_no_token_and_opens_a_new_history(toolkit: Toolkit) -> None:
    agent, session = PolicyAgent(make_run("v1")), toolkit.open("tiny")
    agent.begin(session.observation)
    agent.observe(Decision(Action(1)), session.step(Action(1)))
    assert len(agent._history.now().types_A) == 1
    agent.observe(Decision(Action(7)), session.observation)
    assert len(agent._history.now().types_A) == 0
    kinds = {agent.choose_action(session.observation).action.id for _ in range(40)}
    assert 7 not in kinds and len(kinds) > 2


def reasons(agent: WorldModelAgent, toolkit: Toolkit, actions: int) -> list[str]:
    """The first word of each decision's reason, in one game."""
    reported: list[str] = []
    result = play_game(
        agent,
        toolkit,
        "tiny",
        actions,
        seed=1,
        on_step=lambda decision, _: reported.append(decision.reason.split(",")[0]),
    )
    assert result.replaced == 0
    return reported


def test_a_game_that_surprises_is_explored(toolkit: Toolkit) -> None:
    config = WorldModelAgentConfig(policy_gate=PolicyGateConfig(familiar_nats=-1.0))
    run = run_that_knows(toolkit.open("tiny", seed=1))
    reported = reasons(WorldModelAgent(run, 4, config), toolkit, 25)
    assert set(reported) <= {"explore", "game over", "goal"} and "explore" in reported


def test_a_level_that_training_never_showed_is_explored_at_once(toolkit: Toolkit) -> None:
    config = WorldModelAgentConfig(policy_gate=PolicyGateConfig(np.inf, min_confidence=0.0))
    strange = reasons(WorldModelAgent(make_run(), 4, config), toolkit, 25)
    assert set(strange) <= {"explore", "game over"}
    run = run_that_knows(toolkit.open("tiny", seed=1))
    assert "policy" in reasons(WorldModelAgent(run, 4, config), toolkit, 25)


def test_game_priors_are_passed_to_memory(toolkit: Toolkit) -> None:
    session = toolkit.open("tiny")
    run = make_run()
    reported = replace(run, game_priors={session.game_id: GamePriors((3,), 5, ((0, 0, 63),))})
    without, agent = WorldModelAgent(run), WorldModelAgent(reported)
    for one in (without, agent):
        one.begin(session.observation)
    assert without.explorer.memory.dynamics.most == 1.0 < agent.explorer.memory.dynamics.most
    assert [int(one.explorer.memory.status_bars.mask_HW.sum()) for one in (without, agent)] == [
        0,
        64,
    ]


def test_the_policy_plays_a_known_game_twice_until_its_budget_ends() -> None:
    config = WorldModelAgentConfig(
        policy_gate=PolicyGateConfig(np.inf, min_confidence=0.0, budget=3, restarts=1)
    )
    policy: Counter[int] = Counter()
    explored = 0
    with Toolkit() as toolkit:
        session = toolkit.open("keys")
        agent = WorldModelAgent(run_that_knows(session), 4, config)
        agent.begin(session.observation)
        for _ in range(12):
            observation = session.observation
            decision = agent.choose_action(observation)
            explored += decision.reason.startswith("explore")
            policy[observation.levels_completed] += decision.reason == "policy"
            agent.observe(decision, session.step(decision.action))
    assert explored and max(policy.values()) == 6


def test_the_agent_is_reproducible_and_says_what_it_expects(toolkit: Toolkit) -> None:
    config = WorldModelAgentConfig(policy_gate=PolicyGateConfig(np.inf, min_confidence=0.0))
    agent = WorldModelAgent(run_that_knows(toolkit.open("tiny", seed=1)), 4, config)
    assert reasons(agent, toolkit, 20) == reasons(agent, toolkit, 20)
    opening = toolkit.open("tiny", seed=1).observation
    agent.begin(opening)
    decision = agent.choose_action(opening)
    assert {"p_level", "prior", "surprise"} == set(decision.expected)
    assert len(str(decision.reasoning())) < 16_000
