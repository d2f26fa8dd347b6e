"""Agents: each a module of its own, imported by name where it is wanted."""
