"""The backbone: a causal transformer (Hugging Face Llama) from embeddings to hidden states.

It reads `inputs_embeds`. The word embeddings of a pretrained language model are dropped, so words
never take part in the loss.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import nn

from arcworld.errors import ArcworldError
from arcworld.models.transformer.base_files import base_folder


@dataclass(frozen=True)
class BackboneConfig:
    """A small Llama from scratch, or a pretrained model with LoRA if `pretrained` is given.

    Attributes:
        width: hidden size.
        layers: number of decoder layers.
        heads: number of attention heads.
        kv_heads: number of heads for keys and values (grouped-query attention).
        mlp: width of the gated feed-forward part.
        positions: length of the longest sequence, in tokens.
        pretrained: hub name or folder of a causal language model; the sizes above are then ignored.
        revision: commit of `pretrained` on the hub; training records it. A branch or a tag may be
            given.
        digest: SHA-256 of the settings and weights of `pretrained`; training records it.
        lora_rank: rank of LoRA on q, k, v and o of a pretrained model (0: no LoRA, all weights are
            trained).
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
    revision: str | None = None
    digest: str | None = None


def build_backbone(config: BackboneConfig) -> nn.Module:
    """Return the decoder of a causal language model, called with `inputs_embeds` [B, L, D].

    Raises:
        ArcworldError: the pretrained model cannot be loaded.
    """
    return _from_hub(config) if config.pretrained else _from_scratch(config)


def _from_scratch(config: BackboneConfig) -> nn.Module:
    from huggingface_hub.errors import StrictDataclassError
    from transformers import LlamaConfig, LlamaModel

    try:
        shape = LlamaConfig(
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
    except StrictDataclassError as error:
        raise ValueError(str(error.__cause__ or error)) from error
    return _without_words(LlamaModel(shape))


def _from_hub(config: BackboneConfig) -> nn.Module:
    import torch
    from transformers import AutoModelForCausalLM

    folder = base_folder(str(config.pretrained), config.revision)
    try:
        causal_lm: Any = AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=torch.bfloat16,
            attn_implementation="sdpa",
            use_safetensors=True,
            trust_remote_code=False,
            local_files_only=True,
        )
        body = _without_words(causal_lm.model)
        return _with_lora(body, config) if config.lora_rank else body
    except ModuleNotFoundError:  # the command line names the extra
        raise
    except Exception as error:  # transformers and peft raise errors of many kinds
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise ArcworldError(
            f"{folder}: no backbone can be made of it ({reason}); expected a causal language model"
            " like Llama in safetensors, with q, k, v and o projections; name another"
        ) from error


def _with_lora(body: nn.Module, config: BackboneConfig) -> nn.Module:
    from peft import LoraConfig, get_peft_model

    lora = LoraConfig(
        r=config.lora_rank,
        lora_alpha=config.lora_alpha,
        lora_dropout=config.lora_dropout,
        target_modules=["q_proj", "k_proj", "v_proj", "o_proj"],
    )
    return get_peft_model(body, lora)  # type: ignore[arg-type, return-value]


def _without_words(body: Any) -> nn.Module:
    """Drop the word embeddings of a model, in place, and return it."""
    body.embed_tokens = nn.Identity()
    return body


def compile_layers(body: nn.Module) -> None:
    """Compile each decoder layer in place; it is worth the time in training on a GPU only.

    All layers share one compiled function, so thirty layers compile as fast as one.
    """
    for layer in body.modules():
        if type(layer).__name__.endswith("DecoderLayer"):
            layer.compile()


def width_of(body: nn.Module) -> int:
    """Return the hidden size of a backbone."""
    config: Any = body.config
    return int(config.hidden_size)
