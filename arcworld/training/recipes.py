"""Recipes: all settings of a run in one place. A recipe is a function of the scheme.

`smollm2-360m` is the original design of this project, to which docstrings elsewhere refer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from arcworld.errors import ArcworldError, did_you_mean
from arcworld.frames.codebook import PatchCodebookConfig
from arcworld.frames.vqvae import VQVAEConfig
from arcworld.models.policies.policy import PolicyConfig
from arcworld.models.transformer.backbone import BackboneConfig
from arcworld.models.transformer.world_model import WorldModelConfig
from arcworld.tokens.batches import LossWeights
from arcworld.tokens.vocabulary import Scheme
from arcworld.tokens.windows import WindowConfig
from arcworld.training.loop import Schedule


@dataclass(frozen=True)
class Recipe:
    """What is trained, on which windows, for how long.

    Attributes:
        name: the name of the recipe.
        codebook: the tokenizer of exact cells; None: the tokenizer is the VQ-VAE.
        vqvae: the VQ-VAE, trained where `codebook` is None.
        vqvae_schedule: its schedule.
        world_model: architecture of the world model.
        windows: how training windows are cut and sampled.
        weights: weights of tokens in the loss.
        world_model_schedule: its schedule.
        policy: architecture of the policy.
        policy_schedule: its schedule.
        clock_augmentation: number of extra copies of each episode that the policy is trained on,
            with status bars of other times (`training.clock_augmentation`).
        learns_mask: whether the policy also trains the vector of `<MASK>`, as in the original
            design. Each step then needs a backward pass through the world model, and takes six
            times as long.
        faults: names of faults to train with (`training.faults`).
    """

    name: str
    codebook: PatchCodebookConfig | None
    vqvae: VQVAEConfig
    vqvae_schedule: Schedule
    world_model: WorldModelConfig
    windows: WindowConfig
    weights: LossWeights
    world_model_schedule: Schedule
    policy: PolicyConfig
    policy_schedule: Schedule
    clock_augmentation: int = 0
    learns_mask: bool = False
    faults: tuple[str, ...] = ()

    @property
    def scheme(self) -> Scheme:
        """v1 or v2."""
        return self.world_model.scheme


def debug(scheme: Scheme) -> Recipe:
    """A tiny run of all stages: under a minute on two cores. Its results mean nothing."""
    return Recipe(
        name="debug",
        codebook=PatchCodebookConfig(256),
        vqvae=VQVAEConfig(colour_dim=8, width=32, codebook_size=64, code_dim=16, decay=0.9),
        vqvae_schedule=Schedule(steps=40, batch_size=16, learning_rate=3e-3),
        world_model=WorldModelConfig(
            scheme=scheme,
            codebook_size=256,
            context_frames=2,
            context_features=True,
            reads_cells=True,
            frame_conv=1,
            changed_weight=5.0,
            backbone=BackboneConfig(width=32, layers=2, heads=2, kv_heads=1, mlp=64),
        ),
        windows=WindowConfig(
            frames=3,
            stride=1,
            distinct=True,
            scheduled_sampling=0.5,
            colour_permutation=0.1,
            patch_permutation=0.5,
            counterfactual_negatives=0.1,
        ),
        weights=LossWeights(changed=5.0, first_frame=0.1),
        world_model_schedule=Schedule(steps=40, batch_size=8, learning_rate=3e-3, muon=True),
        policy=PolicyConfig(width=32, type_width=32, location_width=16, offset_width=16, blocks=1),
        policy_schedule=Schedule(steps=20, batch_size=8, learning_rate=3e-3, muon=True),
        clock_augmentation=1,
    )


def small(scheme: Scheme) -> Recipe:
    """Exact cells and a small Llama with two frames of context: 30 minutes on two CPU cores."""
    codes = 4096
    return Recipe(
        name="small",
        codebook=PatchCodebookConfig(codes),
        vqvae=VQVAEConfig(decay=0.9, worst_share=0.02),
        vqvae_schedule=Schedule(steps=1200, batch_size=32, learning_rate=2e-3),
        world_model=WorldModelConfig(
            scheme=scheme,
            codebook_size=codes,
            context_frames=2,
            context_features=True,
            reads_cells=True,
            frame_conv=3,
            changed_weight=3.0,
            backbone=BackboneConfig(width=192, layers=4, heads=3, kv_heads=3, mlp=512),
        ),
        windows=WindowConfig(
            frames=3,
            stride=1,
            distinct=True,
            scheduled_sampling=0.5,
            colour_permutation=0.1,
            patch_permutation=0.5,
            counterfactual_negatives=0.1,
        ),
        weights=LossWeights(changed=3.0, first_frame=0.0),
        world_model_schedule=Schedule(
            steps=2000, batch_size=12, learning_rate=2e-3, warmup=0.05, muon=True
        ),
        policy=PolicyConfig(width=192, offset_width=128, blocks=3),
        policy_schedule=Schedule(steps=1200, batch_size=24, learning_rate=5e-3, muon=True),
        clock_augmentation=2,
    )


def small_long(scheme: Scheme) -> Recipe:
    """`small` with four times the steps; the shipped weights were trained further with it."""
    recipe = small(scheme)
    return replace(
        recipe,
        name="small-long",
        world_model_schedule=replace(recipe.world_model_schedule, steps=8000),
        policy_schedule=replace(recipe.policy_schedule, steps=4800),
    )


def small_vqvae(scheme: Scheme) -> Recipe:
    """`small` with the VQ-VAE tokenizer of the original design, to compare with exact cells."""
    recipe = small(scheme)
    return replace(
        recipe,
        name="small-vqvae",
        codebook=None,
        world_model=replace(
            recipe.world_model, codebook_size=recipe.vqvae.codebook_size, reads_cells=False
        ),
        windows=replace(recipe.windows, colour_permutation=0.0),
    )


def demo(scheme: Scheme) -> Recipe:
    """`small` with a smaller body and fewer steps, for `arcworld demo`: minutes on two cores."""
    recipe = small(scheme)
    body = BackboneConfig(width=128, layers=3, heads=2, kv_heads=2, mlp=344)
    return replace(
        recipe,
        name="demo",
        world_model=replace(recipe.world_model, backbone=body),
        world_model_schedule=replace(recipe.world_model_schedule, steps=300, batch_size=8),
        policy=replace(recipe.policy, width=128),
        policy_schedule=replace(recipe.policy_schedule, steps=120),
    )


def base(scheme: Scheme) -> Recipe:
    """34 M parameters from scratch with eight frames of context: minutes on one GPU."""
    recipe = small(scheme)
    body = BackboneConfig(width=512, layers=10, heads=8, kv_heads=8, mlp=1408)
    return replace(
        recipe,
        name="base",
        vqvae_schedule=Schedule(steps=4000, batch_size=128, learning_rate=1e-3),
        world_model=replace(recipe.world_model, context_frames=8, backbone=body),
        windows=replace(recipe.windows, frames=9, stride=2),
        world_model_schedule=Schedule(steps=1500, batch_size=32, learning_rate=1e-3, muon=True),
        policy=PolicyConfig(width=512, offset_width=128, blocks=3),
        policy_schedule=Schedule(steps=400, batch_size=32, learning_rate=3e-3, muon=True),
    )


def smollm2_360m(scheme: Scheme) -> Recipe:
    """The original design: SmolLM2-360M with LoRA, windows of 2,048 tokens, its loss weights.

    It was 30 epochs over 28 recordings, which is about 1,500 steps of 16 windows.
    """
    schedule = Schedule(steps=1500, batch_size=16, learning_rate=2e-4)
    return Recipe(
        name="smollm2-360m",
        codebook=None,
        vqvae=VQVAEConfig(),
        vqvae_schedule=Schedule(steps=20_000, batch_size=64, learning_rate=3e-4),
        world_model=WorldModelConfig(
            scheme=scheme,
            context_frames=29,
            backbone=BackboneConfig(width=960, pretrained="HuggingFaceTB/SmolLM2-360M"),
        ),
        windows=WindowConfig(frames=30, stride=10),
        weights=LossWeights(no_level=0.0),
        world_model_schedule=schedule,
        policy=PolicyConfig(width=960),
        policy_schedule=Schedule(steps=1000, batch_size=16, learning_rate=1e-3),
        learns_mask=True,
    )


RECIPES: dict[str, Callable[[Scheme], Recipe]] = {
    "debug": debug,
    "demo": demo,
    "small": small,
    "small-long": small_long,
    "small-vqvae": small_vqvae,
    "base": base,
    "smollm2-360m": smollm2_360m,
}


def recipe(name: str, scheme: Scheme = "v2") -> Recipe:
    """Return a recipe by name.

    Raises:
        ArcworldError: no recipe has this name.
    """
    if name not in RECIPES:
        raise ArcworldError(f"no recipe {name!r}; {did_you_mean(name, RECIPES)}")
    return RECIPES[name](scheme)
