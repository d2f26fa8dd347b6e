"""Integrations: arcworld's agents where other programs ask for actions."""
