"""Benchmarks: speed as a ratio to a plain reference in the same run, with results compared."""
