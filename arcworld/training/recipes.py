"""Recipes: every setting of a run in one place, from `debug` to the seed's own.

Knows configs and schedules; knows nothing of data. A recipe is a function of the scheme.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from arcworld.errors import ArcworldError, did_you_mean
from arcworld.frames.codebook import PatchCodebookConfig
from arcworld.frames.vqvae import VQVAEConfig
from arcworld.models.backbone import BackboneConfig
from arcworld.models.policy import PolicyConfig
from arcworld.models.world_model import WorldModelConfig
from arcworld.tokens.batches import LossWeights
from arcworld.tokens.vocabulary import Scheme
from arcworld.tokens.windows import WindowConfig
from arcworld.training.loop import Schedule


@dataclass(frozen=True)
class Recipe:
    """What is trained, on what windows, for how long.

    The run's tokenizer is the codebook of exact cells, or the VQ-VAE where there is none;
    `arcworld demo` shows the two side by side. `faults` names those put in on purpose (`faults`).
    The policy sees its lessons `clock_augmentation` more, beside clocks of other times
    (`clock_augmentation`). Where `learns_mask`, the policy also trains the row of `<MASK>`, as in
    the seed: each step then goes forth and back through the world model's body, and takes six times
    as long.
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
    """Everything once, tiny: under a minute on two cores. Its numbers mean nothing."""
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
    """Two CPU cores, under half an hour: exact cells, and a small Llama on two past frames."""
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
    """`small` in four times its steps: what ships, trained on from the weights before it."""
    recipe = small(scheme)
    return replace(
        recipe,
        name="small-long",
        world_model_schedule=replace(recipe.world_model_schedule, steps=8000),
        policy_schedule=replace(recipe.policy_schedule, steps=4800),
    )


def small_vqvae(scheme: Scheme) -> Recipe:
    """`small` on the seed's tokenizer: what exact cells are worth is the difference."""
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
    """`small` in a third of its steps, for `arcworld demo`."""
    recipe = small(scheme)
    return replace(
        recipe,
        name="demo",
        vqvae_schedule=replace(recipe.vqvae_schedule, steps=150),
        world_model_schedule=replace(recipe.world_model_schedule, steps=400),
        policy_schedule=replace(recipe.policy_schedule, steps=150),
    )


def base(scheme: Scheme) -> Recipe:
    """One GPU, minutes: 34 M parameters from scratch on eight frames of context."""
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
    """The seed's: SmolLM2-360M with LoRA, windows of 2,048 tokens, weights of the seed.

    30 epochs of the seed's 28 demos are about 1,500 steps of 16 windows.
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
    """The recipe of a name.

    Raises:
        ArcworldError: there is no such recipe.
    """
    if name not in RECIPES:
        raise ArcworldError(f"no recipe {name!r}; {did_you_mean(name, RECIPES)}")
    return RECIPES[name](scheme)
