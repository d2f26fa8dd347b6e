"""Strategies: the parts that an agent is made of, one file each, tried in order."""
