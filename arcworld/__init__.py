"""World models and policies for ARC-AGI-3 games, learned from recordings of play."""

__version__ = "0.1.0"

from arcworld.play.registration import register_when_imported

register_when_imported()
