"""Films: an agent's play beside what a run's world model predicts of it, as moving pictures."""
