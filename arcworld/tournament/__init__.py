"""Tournaments: agents on games over seeds, in worker processes, measured side by side."""
