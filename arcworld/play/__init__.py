"""Play: the toolkit made safe, agents, and one game played from start to scorecard."""
