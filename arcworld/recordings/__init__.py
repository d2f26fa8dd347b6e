"""Recordings of play: four dialects in, episodes out, packed on disk."""
