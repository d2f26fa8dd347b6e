"""Evaluation: the measures, each beside its floors, by game."""
