"""Make agents by name. Each agent's module is imported only when it is needed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from arcworld.errors import ArcworldError, did_you_mean, missing_extra
from arcworld.play.agent import Agent
from arcworld.play.agents.own import is_own, make_own, registered, takes_run
from arcworld.play.agents.parts import check_parts, name_without, split_parts

if TYPE_CHECKING:
    from arcworld.models.run import Run
    from arcworld.recordings.dataset import Dataset


@dataclass(frozen=True, slots=True)
class AgentInputs:
    """Files that an agent may need.

    Attributes:
        run: trained models, a folder that `arcworld train` made, or the name of shipped weights.
        data: recordings, for `replay`.
        think: most seconds of one search (an action needs two at most), for `online`; None: its own
            budget.
    """

    run: Run | str | Path | None = None
    data: Dataset | str | Path | Sequence[str | Path] | None = None
    think: float | None = None


def make_agent(
    name: str,
    seed: int = 0,
    *,
    run: Run | str | Path | None = None,
    data: Dataset | str | Path | Sequence[str | Path] | None = None,
    think: float | None = None,
) -> Agent:
    """Make an agent: one of arcworld's, `module:Class`, or one that an installed package registers.

    >>> arcworld.make_agent("random", seed=3).name
    'random'
    >>> arcworld.make_agent("online-without-reach+experiments").name
    'online-without-reach+experiments'

    Args:
        name: one of `AGENTS`, `module:Class`, or a registered name. After those of `WITH_PARTS`,
            `-without-PART+PART` leaves parts of the agent out.
        seed: of its choices.
        run: for `policy`, `world-model` and `world-model-fixed`: trained models, a folder that
            `arcworld train` made, or the name of shipped weights.
        data: for `replay`: recordings, of which those of the train part are played.
        think: most seconds of one search (an action needs two at most), for `online`; None: its own
            budget.

    Raises:
        ArcworldError: the name is unknown, or an input is missing or cannot be opened.
    """
    inputs = AgentInputs(run, data, think)
    base, parts = split_parts(name)
    try:
        if parts and base in WITH_PARTS:
            return WITH_PARTS[base](seed, inputs, parts)
        if name in AGENTS:
            return AGENTS[name](seed, inputs)
    except ModuleNotFoundError as error:
        raise missing_extra(error) or error from None
    if not is_own(name):
        known = {*AGENTS, *registered()}
        raise ArcworldError(f"no agent {name!r}; {did_you_mean(name, known)}, or module:Class")
    available = {
        "seed": lambda: seed,
        "run": lambda: _open_run(name, inputs),
        "data": lambda: _data(name, inputs),
    }
    return make_own(name, available)


def needs_run(name: str) -> bool:
    """Whether an agent plays with trained models."""
    if name not in AGENTS and is_own(name):
        return takes_run(name)
    return name.startswith(("policy", "world-model"))


def _random(seed: int, inputs: AgentInputs) -> Agent:
    from arcworld.play.agents.random import RandomAgent

    return RandomAgent(seed)


def _replay(seed: int, inputs: AgentInputs) -> Agent:
    from arcworld.play.agents.replay import ReplayAgent
    from arcworld.recordings.dataset import Dataset
    from arcworld.recordings.joined import load_dataset

    data = _data("replay", inputs)
    recordings = data if isinstance(data, Dataset) else load_dataset(data)
    return ReplayAgent(recordings.part("train").episodes, seed)


def _explorer(seed: int, inputs: AgentInputs) -> Agent:
    from arcworld.play.agents.explorer import ExplorerAgent

    return ExplorerAgent(seed)


def _online(seed: int, inputs: AgentInputs, without: Sequence[str] = ()) -> Agent:
    from arcworld.play.agents.online import make_online_agent

    return make_online_agent(seed, without, inputs.think)


def _frame_change(seed: int, inputs: AgentInputs) -> Agent:
    from arcworld.play.agents.frame_change import FrameChangeAgent

    return FrameChangeAgent(seed)


def _policy(seed: int, inputs: AgentInputs) -> Agent:
    from arcworld.play.agents.policy import PolicyAgent

    return PolicyAgent(_open_run("policy", inputs), seed)


def _off_path(name: str) -> Callable[[int, AgentInputs], Agent]:
    """Return what makes an agent by name that is pushed off its path."""

    def make(seed: int, inputs: AgentInputs) -> Agent:
        from arcworld.play.agents.off_path import OffPathAgent

        return OffPathAgent(AGENTS[name](seed, inputs), seed)

    return make


def _world_model(seed: int, inputs: AgentInputs, without: Sequence[str] = ()) -> Agent:
    """The agent `world-model`; on games outside the run's training it plays as `online`."""
    from arcworld.play.agents.by_game import ByGameAgent
    from arcworld.play.agents.world_model import make_world_model_agent

    run = _open_run("world-model", inputs)
    known = make_world_model_agent(run, seed, without)
    return ByGameAgent(known.name, run.about.get("games", ()), known, _online(seed, inputs))


def _world_model_fixed(seed: int, inputs: AgentInputs, without: Sequence[str] = ()) -> Agent:
    from arcworld.play.agents.world_model import ADAPTATION, PARTS, make_world_model_agent

    run, name = _open_run("world-model-fixed", inputs), "world-model-fixed"
    check_parts(name, without, [part for part in PARTS if part != ADAPTATION])
    agent = make_world_model_agent(run, seed, {*without, ADAPTATION})
    agent.name = name_without(name, without)
    return agent


def _data(name: str, inputs: AgentInputs) -> Dataset | str | Path | Sequence[str | Path]:
    if inputs.data is None:
        raise ArcworldError(
            f"found no recordings for the agent `{name}`; expected some; give them with --data"
        )
    return inputs.data


def _open_run(name: str, inputs: AgentInputs) -> Run:
    """Open the run, on a GPU if there is one."""
    if inputs.run is None:
        raise ArcworldError(
            f"found no run for the agent `{name}`; expected a run; name a folder that `arcworld"
            " train` made, or shipped weights, such as `small`"
        )
    import torch

    from arcworld.models.run import Run, from_pretrained

    if isinstance(inputs.run, Run):
        return inputs.run
    return from_pretrained(inputs.run).to("cuda" if torch.cuda.is_available() else "cpu")


AGENTS: dict[str, Callable[[int, AgentInputs], Agent]] = {
    "random": _random,
    "replay": _replay,
    "explorer": _explorer,
    "frame-change": _frame_change,
    "online": _online,
    "policy": _policy,
    "policy-perturbed": _off_path("policy"),
    "world-model": _world_model,
    "world-model-perturbed": _off_path("world-model"),
    "world-model-fixed": _world_model_fixed,
}
"""Baselines first, then agents that learn during play, then agents that need a run."""
WITH_PARTS: dict[str, Callable[[int, AgentInputs, Sequence[str]], Agent]] = {
    "online": _online,
    "world-model": _world_model,
    "world-model-fixed": _world_model_fixed,
}
"""Agents of which parts can be left out."""
