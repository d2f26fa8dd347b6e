"""Diagnosis: test whether a run reads the screen or copies, with answers in words and baselines."""
