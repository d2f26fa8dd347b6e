"""Claims of speed: each a ratio to a plain baseline in the same run, checked to be equal."""
