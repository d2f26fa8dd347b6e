"""Diagnosis: does a run read the screen or copy; each answer in words, with its baselines."""
