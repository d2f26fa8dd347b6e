"""Agents that need a run: the policy alone, and policy, world model and memory together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from arcworld.errors import ArcworldError
from arcworld.frames.codebook import PatchCodebook, PatchCodebookConfig
from arcworld.models.policies.policy import MaskedPolicy, PolicyConfig
from arcworld.models.policies.shared_head import SharedHeadPolicy
from arcworld.models.run import Run
from arcworld.models.transformer.backbone import BackboneConfig
from arcworld.models.transformer.world_model import WorldModel, WorldModelConfig
from arcworld.planning.policy_gate import PolicyGateConfig
from arcworld.play.agent import Decision, Source
from arcworld.play.agents.catalogue import make_agent
from arcworld.play.agents.policy import PolicyAgent
from arcworld.play.agents.strategy_agent import StrategyAgent
from arcworld.play.agents.world_model import (
    PARTS,
    WorldModelAgentConfig,
    make_world_model_agent,
)
from arcworld.play.game_session import GameSession
from arcworld.play.session import play_game
from arcworld.play.strategies.run_advice import RunAdviceConfig
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


def gated(
    run: Run, familiar_nats: float = np.inf, without: Collection[str] = (), **gate: Any
) -> StrategyAgent:
    """The agent with another gate, that trusts every policy if nothing else is given."""
    limits: dict[str, Any] = {"min_confidence": 0.0} | gate
    settings = WorldModelAgentConfig(RunAdviceConfig(PolicyGateConfig(familiar_nats, **limits)))
    return make_world_model_agent(run, 4, without, settings)


def decisions(agent: StrategyAgent, toolkit: Toolkit, actions: int) -> list[Decision]:
    """The decisions in one game, without the RESET that follows a game over."""
    taken: list[Decision] = []
    result = play_game(
        agent, toolkit, "tiny", actions, seed=1, on_step=lambda decision, _: taken.append(decision)
    )
    assert result.replaced == 0
    return [decision for decision in taken if decision.reason != "game over"]


def sources(agent: StrategyAgent, toolkit: Toolkit) -> set[Source | None]:
    return {decision.source for decision in decisions(agent, toolkit, 25)}


def test_a_game_that_surprises_is_explored(toolkit: Toolkit) -> None:
    run = run_that_knows(toolkit.open("tiny", seed=1))
    found = sources(gated(run, -1.0, min_confidence=0.5), toolkit)
    assert Source.EXPLORE in found <= {Source.EXPLORE, Source.GOAL, Source.RESTART}


def test_a_level_that_training_never_showed_is_explored_at_once(toolkit: Toolkit) -> None:
    assert sources(gated(make_run()), toolkit) == {Source.EXPLORE}
    run = run_that_knows(toolkit.open("tiny", seed=1))
    assert Source.POLICY in sources(gated(run), toolkit)


def test_parts_are_left_out_by_name(toolkit: Toolkit) -> None:
    run = run_that_knows(toolkit.open("tiny", seed=1))
    agent = gated(run, without=["policy", "goal"])
    assert agent.name == "world-model-without-policy+goal"
    assert not sources(agent, toolkit) & {Source.POLICY, Source.GOAL, Source.RESTART}
    alone, explorer = gated(run, without=PARTS), StrategyAgent(seed=4, model=None)
    assert decisions(alone, toolkit, 25) == decisions(explorer, toolkit, 25)


def test_names_of_agents_say_what_is_left_out() -> None:
    run = make_run()
    for name in ("world-model-without-goal", "world-model-fixed-without-goal+return"):
        assert make_agent(name, run=run).name == name
    with pytest.raises(ArcworldError, match="no part 'gaol'; did you mean 'goal'"):
        make_agent("world-model-without-gaol", run=run)


def test_game_priors_are_passed_to_memory(toolkit: Toolkit) -> None:
    session = toolkit.open("tiny")
    run = make_run()
    reported = replace(run, game_priors={session.game_id: GamePriors((3,), 5, ((0, 0, 63),))})
    plain, agent = make_world_model_agent(run), make_world_model_agent(reported)
    left_out = make_world_model_agent(reported, without=["priors"])
    for one in (plain, agent, left_out):
        one.begin(session.observation)
    memories = [one.explorer.memory for one in (plain, agent, left_out)]
    assert [memory.dynamics.most > 1.0 for memory in memories] == [False, True, False]
    assert [int(memory.status_bars.mask_HW.sum()) for memory in memories] == [0, 64, 0]


def test_the_policy_plays_a_known_game_twice_until_its_budget_ends() -> None:
    policy: Counter[int] = Counter()
    explored = 0
    with Toolkit() as toolkit:
        session = toolkit.open("keys")
        agent = gated(run_that_knows(session), budget=3, restarts=1)
        agent.begin(session.observation)
        for _ in range(12):
            observation = session.observation
            decision = agent.choose_action(observation)
            explored += decision.source is Source.EXPLORE
            policy[observation.levels_completed] += decision.source is Source.POLICY
            agent.observe(decision, session.step(decision.action))
    assert explored and max(policy.values()) == 6


def test_the_agent_is_reproducible_and_says_what_it_expects(toolkit: Toolkit) -> None:
    agent = gated(run_that_knows(toolkit.open("tiny", seed=1)))
    assert decisions(agent, toolkit, 20) == decisions(agent, toolkit, 20)
    opening = toolkit.open("tiny", seed=1).observation
    agent.begin(opening)
    decision = agent.choose_action(opening)
    assert {"p_level", "prior", "surprise"} == set(decision.expected)
    assert len(str(decision.reasoning())) < 16_000
