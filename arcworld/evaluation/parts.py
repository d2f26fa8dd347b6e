"""What an evaluation is made of: names of parts and subsets, and how tables call them.

Knows names alone, and imports nothing: anyone who shows a table need not load a model.
"""

from __future__ import annotations

DEPTHS = (1, 4, 8, 16)
"""How many actions deep the open loop is measured."""
DEEP = 4
"""How deep action use is measured, beside one action."""
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
    "world_model": "World model, per frame: own codes inside a frame, true frames before it",
    "world_model_teacher_forced": "World model, teacher-forced: every token given the true ones",
    "outcome": "Outcome of an action: does it win the level, is the game over",
    "policy": "Policy on winning stretches (exploration apart, half of it is random)",
    **{
        f"open_loop/{depth}": f"Open loop, {depth} deep: true actions, own frames; changed is"
        " against the start frame"
        for depth in DEPTHS
    },
    "action_use/1": "Action use: changed cells right with the true action minus with another",
    f"action_use/{DEEP}": "Action use, some actions deep: the first is another",
    "action_engine": "What another action leads to, against the game itself",
    OUTCOME_HELD_OUT: "Outcome on held-out levels: not in training, three folds",
    POLICY_HELD_OUT: "Policy on winning stretches of held-out levels: not in training, three folds",
    "tokenizer": "Tokenizer: frames to codes and back",
    "tokenizer_unseen_games": "Tokenizer on our own games that were left out of training",
    "tokenizer_vqvae": "The seed's VQ-VAE on the same frames, trained for a minute or two",
}
