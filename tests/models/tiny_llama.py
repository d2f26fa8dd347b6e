"""A causal language model on disk, as small as one can be."""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import LlamaConfig, LlamaForCausalLM


def save_tiny_llama(folder: Path, seed: int = 0, shard: str = "5GB") -> Path:
    """Save a Llama of width 24 with random weights, and return its folder."""
    config = LlamaConfig(
        vocab_size=97,
        hidden_size=24,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=3,
        num_key_value_heads=1,
        tie_word_embeddings=True,
    )
    torch.manual_seed(seed)
    LlamaForCausalLM(config).save_pretrained(folder, max_shard_size=shard)
    return folder
