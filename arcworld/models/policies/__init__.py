"""Policies: logits over actions from the world model's hidden states."""
