"""Tokens: cells, vocabularies v1 and v2, and the sequence an episode becomes."""
