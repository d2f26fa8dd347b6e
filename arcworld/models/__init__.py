"""Models: the backbone, the world model on it, the policies, and how they are saved."""
