"""Tokens: cells, the vocabularies v1 and v2, and episodes as sequences of tokens."""
