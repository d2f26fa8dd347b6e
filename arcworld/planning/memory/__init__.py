"""What a player remembers of a game: objects, clocks, what actions do, and a graph of states."""
