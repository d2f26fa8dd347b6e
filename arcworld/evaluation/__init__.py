"""Evaluation: the measures, each beside its baselines, by game."""
