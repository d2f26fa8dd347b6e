"""A world model that learns one game while it is played: experts, claims, trust. No torch.

Method: experts propose claims about what an action changes; trust chooses between the claims by how
often claims of their kind were right in this very game. Nothing is learned before the game starts.
"""

from arcworld.online.model import OnlineWorldModel

__all__ = ["OnlineWorldModel"]
