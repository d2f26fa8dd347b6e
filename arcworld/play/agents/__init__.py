"""Agents, one module each; `catalogue` imports them by name."""
