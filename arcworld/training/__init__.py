"""Training: recipes, and the one loop behind every model."""
