"""The body of the language model: from vectors of tokens to hidden states.

Knows Hugging Face's Llama and LoRA; knows nothing of games. Text rows are never loaded into the
loss: the body reads `inputs_embeds`, and its own word embeddings are dropped.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import nn

from arcworld.errors import ArcworldError


@dataclass(frozen=True)
class BackboneConfig:
    """A small Llama from scratch, or a hub's model with LoRA where `pretrained` names one.

    Attributes:
        width: hidden size.
        layers: decoder layers.
        heads: attention heads; `kv_heads` of them have keys and values of their own.
        mlp: width of the gated feed-forward part.
        positions: longest sequence.
        pretrained: hub name or folder of a causal LM, whose own sizes then hold.
        lora_rank: rank of LoRA on q, k, v and o of a pretrained body (0: none, all is trained).
        lora_alpha: scale of LoRA.
        lora_dropout: dropout before LoRA.
    """

    width: int = 256
    layers: int = 6
    heads: int = 4
    kv_heads: int = 4
    mlp: int = 704
    positions: int = 2048
    pretrained: str | None = None
    lora_rank: int = 16
    lora_alpha: int = 32
    lora_dropout: float = 0.05


def build_backbone(config: BackboneConfig) -> nn.Module:
    """The body of a causal LM, called with `inputs_embeds` [B, L, D].

    Raises:
        ArcworldError: the pretrained model cannot be had.
    """
    return _from_hub(config) if config.pretrained else _from_scratch(config)


def _from_scratch(config: BackboneConfig) -> nn.Module:
    from transformers import LlamaConfig, LlamaModel

    body = LlamaModel(
        LlamaConfig(
            vocab_size=1,
            hidden_size=config.width,
            intermediate_size=config.mlp,
            num_hidden_layers=config.layers,
            num_attention_heads=config.heads,
            num_key_value_heads=config.kv_heads,
            max_position_embeddings=config.positions,
            pad_token_id=None,
            bos_token_id=None,
            eos_token_id=None,
            attn_implementation="sdpa",  # type: ignore[call-arg]
        )
    )
    return _without_words(body)


def _from_hub(config: BackboneConfig) -> nn.Module:
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    try:
        causal_lm: Any = AutoModelForCausalLM.from_pretrained(
            str(config.pretrained), dtype=torch.bfloat16, attn_implementation="sdpa"
        )
    except OSError as error:
        raise ArcworldError(
            f"cannot load {config.pretrained!r}: {str(error).splitlines()[0]}; expected a folder or"
            " a model of the Hugging Face hub; check the name and the network"
        ) from error
    body = _without_words(causal_lm.model)
    if not config.lora_rank:
        return body
    lora = LoraConfig(
        r=config.lora_rank,
        lora_alpha=config.lora_alpha,
        lora_dropout=config.lora_dropout,
        target_modules=["q_proj", "k_proj", "v_proj", "o_proj"],
    )
    return get_peft_model(body, lora)  # type: ignore[arg-type, return-value]


def _without_words(body: Any) -> nn.Module:
    """The body with its word embeddings dropped: it reads vectors."""
    body.embed_tokens = nn.Identity()
    return body


def compile_layers(body: nn.Module) -> None:
    """Fuse what a GPU does in each decoder layer, in place: it pays in training alone. Layers share
    what is compiled, so it takes as long for thirty as for one.
    """
    for layer in body.modules():
        if type(layer).__name__.endswith("DecoderLayer"):
            layer.compile()


def width_of(body: nn.Module) -> int:
    """Hidden size of a body."""
    config: Any = body.config
    return int(config.hidden_size)
