"""Scripted players, one module a game, named like the game.

Each has `solution(level, rng)`, which wins a level from its fresh start, and
`explore(frame_HW, available_actions, rng)`, one try as a person makes it.
"""
