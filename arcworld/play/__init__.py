"""Play: a safe wrapper of the official toolkit, agents, environments, the loop of one game."""
