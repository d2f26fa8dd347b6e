"""Planning: what a model says of an action before it is taken, and how to choose."""
