"""The token world model's network: embeddings, backbone, heads and loss."""
