"""Games of our own, and the scripted players that win them."""
