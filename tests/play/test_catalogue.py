"""Agents by name, the policy alone among them; and `arcworld play` with each that needs no run."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from arcworld.cli import main, make_app
from arcworld.errors import ArcworldError
from arcworld.frames.codebook import PatchCodebook, PatchCodebookConfig
from arcworld.games.demos import make_demos
from arcworld.models.backbone import BackboneConfig
from arcworld.models.policy import MaskedPolicy, PolicyConfig, SharedHeadPolicy
from arcworld.models.run import Run
from arcworld.models.world_model import WorldModel, WorldModelConfig
from arcworld.play.agent import Decision
from arcworld.play.agents.catalogue import AGENTS, Given, make_agent
from arcworld.play.agents.policy import PolicyAgent
from arcworld.play.session import play_game
from arcworld.play.toolkit import Toolkit
from arcworld.recordings.episode import GameAction
from arcworld.recordings.novelty import Seen
from arcworld.tokens.cells import offset_of
from arcworld.tokens.sequence import pack
from arcworld.tokens.vocabulary import Scheme

NO_RUN = ("explorer", "frame-change", "random")


def make_run(scheme: Scheme = "v2", frames: int = 3) -> Run:
    """Models that were never trained."""
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
    return Run(Path("none"), {}, tokenizer.eval(), model, policy, Seen(empty, empty))


def test_every_agent_says_its_name_and_both_commands_tell_all() -> None:
    assert [make_agent(name).name for name in NO_RUN] == list(NO_RUN)
    docs = make_app().generate_docs()
    for part in (docs[docs.index("## arcworld play") :], docs[docs.index("## arcworld tournam") :]):
        assert all(f"`{name}`" in part for name in AGENTS)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("randon", "no agent 'randon'; did you mean 'random'?"),
        ("replay", "--data"),
        ("policy", "expected a run"),
        ("world-model", "expected a run"),
    ],
)
def test_what_cannot_be_made_is_told(name: str, told: str) -> None:
    with pytest.raises(ArcworldError) as error:
        make_agent(name, given=Given())
    assert told in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("agent", ["explorer", "random"])
def test_play_needs_no_run_where_the_agent_needs_none(
    agent: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["play", "--game", "taps", "--agent", agent, "--max-actions", "8"]
    assert main([*words, "--json", "out.json"]) == 0
    found = json.loads(Path("out.json").read_text())
    assert (found["agent"], found["actions"]) == (agent, 8)


def test_play_replays_what_was_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ARCWORLD_CACHE", "cache")
    make_demos(tmp_path / "data", games=("keys",), demos_per_game=2)
    words = ["play", "--game", "keys", "--agent", "replay", "--data", "data"]
    assert main([*words, "--json", "out.json"]) == 0
    found = json.loads(Path("out.json").read_text())
    assert found["ended"] == "won" and found["score"] > 0


def test_the_policy_alone_plays_legally_and_reproducibly(toolkit: Toolkit) -> None:
    run = make_run()
    first, again = (play_game(PolicyAgent(run, 4), toolkit, "tiny", 25, seed=1) for _ in range(2))
    assert first.replaced == 0 and first.actions > 5
    assert first.level_actions == again.level_actions


def test_the_policy_sees_the_history_that_was_played(toolkit: Toolkit) -> None:
    run = make_run(frames=3)
    agent, session = PolicyAgent(run), toolkit.open("tiny")
    agent.begin(session.observation)
    played = [GameAction(1), GameAction(6, 30, 9), GameAction(2)]
    frames = [session.observation.frame_HW]
    for action in played:
        agent.observe(Decision(action), session.step(action))
        frames.append(session.observation.frame_HW)
        history = agent._history()
        expected = run.tokenizer.encode_frames(np.stack(frames[-3:]))
        assert np.array_equal(history.indices_TC, expected)
        assert history.opens == (len(frames) <= 3)
        pack(run.world_model.vocabulary, history)
    history = agent._history()
    assert history.types_A.tolist() == [6, 2] and history.cells_A.tolist() == [11, 64]
    assert history.outcomes_A.tolist() == [0, 1]


def test_a_click_lands_on_the_learnt_pixel(
    toolkit: Toolkit, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run()
    sure = torch.zeros(1, 64)
    sure[0, 19] = 9.0
    monkeypatch.setattr(MaskedPolicy, "offset_logits", lambda *_: sure)
    agent, observation = PolicyAgent(run), toolkit.open("tiny").observation
    agent.begin(observation)
    actions = [agent.choose_action(observation).action for _ in range(30)]
    clicks = [action for action in actions if action.id == 6]
    assert clicks and all(offset_of(int(a.x or 0), int(a.y or 0)) == 19 for a in clicks)


def test_in_v1_undo_has_no_token_and_opens_a_new_history(toolkit: Toolkit) -> None:
    agent, session = PolicyAgent(make_run("v1")), toolkit.open("tiny")
    agent.begin(session.observation)
    agent.observe(Decision(GameAction(1)), session.step(GameAction(1)))
    assert len(agent._history().types_A) == 1
    agent.observe(Decision(GameAction(7)), session.observation)
    assert len(agent._history().types_A) == 0
    kinds = {agent.choose_action(session.observation).action.id for _ in range(40)}
    assert 7 not in kinds and len(kinds) > 2
