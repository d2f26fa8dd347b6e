"""Names of the parts and subsets of an evaluation, and their titles in tables.

This module imports nothing, so a table can be shown without loading a model.
"""

from __future__ import annotations

DEPTHS = (1, 4, 8, 16)
"""Depths, in actions, at which the open loop is scored."""
DEEP = 4
"""The second depth of action use, in actions; the first is 1."""
OUTCOME_HELD_OUT, POLICY_HELD_OUT = "outcome_held_out_levels", "policy_held_out_levels"
SUBSETS = {
    "all": "all",
    "novel": "novel",
    "ordinary": "ordinary",
    "reset": "reset",
    "level_up": "level-up",
    "change_points": "change points",
    "exploration": "exploration",
    "crossing": "crossing",
}
TITLES = {
    "world_model": "World model: next frame, given the true frames before it",
    "world_model_teacher_forced": "World model, teacher-forced: each token, given the true tokens",
    "outcome": "Outcome of an action: level won, game over",
    "policy": "Policy on winning stretches; exploration, partly random, is separate",
    **{
        f"open_loop/{depth}": f"Open loop, depth {depth}: true actions, predicted frames;"
        " changed since the start frame"
        for depth in DEPTHS
    },
    "action_use/1": "Action use: changed cells right with the true action minus with another",
    f"action_use/{DEEP}": f"Action use after {DEEP} actions: only the first one is replaced",
    "action_engine": "Predictions after another action, compared with the game itself",
    OUTCOME_HELD_OUT: "Outcome on held-out levels: not in training, three folds",
    POLICY_HELD_OUT: "Policy on winning stretches of held-out levels: not in training, three folds",
    "tokenizer": "Tokenizer: frames encoded and decoded",
    "tokenizer_unseen_games": "Tokenizer on games of this project that are not in training",
}
