"""Training: recipes, the training loop that all models share, and the stages of a run."""
