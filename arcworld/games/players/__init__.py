"""Scripted players, one module per game, with the name of the game.

Each has `solution(level, rng)`, which wins a level from its start, and `explore(frame_HW,
available_actions, rng)`, which tries an action as a person would.
"""
