"""Films: moving pictures of an agent's play and the world model's prediction of it."""
