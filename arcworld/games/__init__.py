"""The project's own games, and the scripted players that win them."""
