"""Online evaluation: a world model predicts each transition of a play, then learns from it."""
