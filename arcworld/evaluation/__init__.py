"""Evaluation: measures of a run, by game, each shown with its baselines."""
