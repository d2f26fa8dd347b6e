"""Play levels with models that never saw them, which `arcworld crossval` trained."""

from __future__ import annotations

from pathlib import Path

from arcworld.errors import ArcworldError
from arcworld.evaluation.measures.folds import FOLDS, fold_folders, levels_of_fold
from arcworld.play.agents.assisted import AssistedAgent
from arcworld.play.agents.catalogue import AgentInputs, make_agent
from arcworld.play.agents.replay import ReplayAgent
from arcworld.play.toolkit import Toolkit
from arcworld.recordings.joined import load_dataset
from arcworld.tournament.measures import HUMAN_TIMES


def held_out_agent(
    name: str, seed: int, inputs: AgentInputs, toolkit: Toolkit, game_id: str
) -> AssistedAgent:
    """Make an agent for each fold, which plays the levels that the fold's run never saw.

    Raises:
        ArcworldError: recordings of the game or its human actions are missing.
    """
    assert isinstance(inputs.run, Path) and isinstance(inputs.data, list)
    dataset = load_dataset(inputs.data)
    human = toolkit.human_actions(game_id)
    levels = [levels_of_fold(dataset, fold).get(game_id, range(0)) for fold in range(FOLDS)]
    if not human or sum(map(len, levels)) != len(human):
        raise ArcworldError(
            f"{game_id}: found {len(human)} levels with human actions, and recordings of"
            f" {sum(map(len, levels))}; expected the same number; play the version of the game that"
            " was recorded"
        )
    players = [
        (levels[fold], make_agent(name, seed, run=folder, data=inputs.data, think=inputs.think))
        for fold, folder in enumerate(fold_folders(inputs.run))
    ]
    helper = ReplayAgent(dataset.of_game(game_id).episodes, seed)
    return AssistedAgent(players, helper, [HUMAN_TIMES * count for count in human])
