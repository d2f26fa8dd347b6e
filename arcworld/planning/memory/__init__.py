"""Memory of one game during play: objects, clocks, effects of actions, and a graph of states."""
