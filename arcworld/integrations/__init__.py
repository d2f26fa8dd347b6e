"""Integrations: arcworld's agents in programs that ask an agent for actions."""
