"""Models: the interface of world models, the token world model, its policies, and saved runs."""
