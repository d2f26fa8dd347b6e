"""Measures of a run: items, baselines, accuracies, pooled by game."""
