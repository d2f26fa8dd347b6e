"""Train a run, from data to weights: tokenizer, world model, policy, one after the other."""

from __future__ import annotations

import subprocess
import warnings
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import torch

import arcworld
from arcworld.errors import ArcworldError
from arcworld.frames.codebook import PatchCodebook
from arcworld.frames.tokenizer import FrameTokenizer
from arcworld.frames.vqvae import VQVAE
from arcworld.models.policies.policy import MaskedPolicy
from arcworld.models.run import Run, from_pretrained
from arcworld.models.storage.checkpoint import save_model
from arcworld.models.transformer.backbone import compile_layers
from arcworld.models.transformer.world_model import WorldModel
from arcworld.planning.prior_extraction import extract_game_priors
from arcworld.recordings.dataset import Dataset
from arcworld.recordings.episode import Episode, winning_segments
from arcworld.recordings.game_priors import save_game_priors
from arcworld.recordings.novelty import NoveltyIndex, content_digest
from arcworld.tokens.sequence import CodedEpisode, encode_episode
from arcworld.tokens.vocabulary import Vocabulary
from arcworld.tokens.windows import WindowSampler
from arcworld.training.clock_augmentation import augment_clocks
from arcworld.training.faults import aligned, training_part
from arcworld.training.launch import AUTO, check_devices, find_launcher, launch
from arcworld.training.loop import fit
from arcworld.training.recipes import Recipe
from arcworld.training.recipes import recipe as find_recipe
from arcworld.training.run_folder import lock_folder, open_folder
from arcworld.training.shortest_path_labels import shortest_path_labels
from arcworld.training.start import about, begin_from, check_start, check_tensorboard, with_base
from arcworld.training.tasks import (
    PolicyTask,
    TokenizerTask,
    WorldModelTask,
    frames_by_recording,
)

if TYPE_CHECKING:
    from lightning_fabric import Fabric


def train(
    recipe: Recipe | str,
    dataset: Dataset,
    out: str | Path,
    *,
    seed: int = 0,
    resume: bool = False,
    devices: str = AUTO,
    num_nodes: int | None = None,
    start: Run | None = None,
    only_policy: bool = False,
    tensorboard: bool = False,
) -> Run:
    """Train all models of a recipe and return the run.

    >>> from arcworld.training.overrides import override
    >>> steps = ("world_model_schedule.steps=2", "policy_schedule.steps=2")
    >>> run = arcworld.train(
    ...     override("debug", steps), arcworld.load_dataset("demos"), "run", devices="1"
    ... )
    >>> run.name, len(run.trained_on())
    ('run', 2)

    Args:
        recipe: what to train, and how: a name, for scheme v2, or a `training.recipes.Recipe`.
        dataset: the recordings; training reads their train part (all of them with the fault
            `split`).
        out: the folder of the run.
        seed: seed of weights and sampling.
        resume: continue the run in `out`.
        devices: number of devices on each machine, or `auto`.
        num_nodes: number of machines; None is what the launcher says (`torchrun`, `srun`), or 1.
        start: a run whose weights training starts from; None starts from random weights.
        only_policy: keep the world model of `start` unchanged and train only the policy.
        tensorboard: also write the measures of training for TensorBoard, into `out/tensorboard`.

    Raises:
        ArcworldError: `out` has another run, or nothing to resume; `start` has other models; or the
            pretrained model of the recipe is missing or another one.
    """
    recipe, out = find_recipe(recipe) if isinstance(recipe, str) else recipe, Path(out)
    training = training_part(recipe, dataset)
    launcher = find_launcher()
    check_devices(devices, num_nodes, launcher)
    _check(recipe, training)
    if tensorboard:
        check_tensorboard()
    recipe = with_base(recipe, out, resume=resume)
    check_start(recipe, start, only_policy=only_policy)
    with lock_folder(out) if launcher.is_first else nullcontext():
        if launcher.is_first:
            found = _about(recipe, dataset, seed) | {"start": about(start, only_policy=only_policy)}
            open_folder(out, found, resume, dataset.path)
        board = out / "tensorboard" if tensorboard else None
        fabric = launch(devices, num_nodes, launcher, board)
        _all_parts(recipe, training, out, fabric, seed, start, only_policy)
    return from_pretrained(out, allow_base=True)


def _all_parts(
    recipe: Recipe,
    training: Dataset,
    out: Path,
    fabric: Fabric,
    seed: int,
    start: Run | None,
    only_policy: bool,
) -> None:
    """Write everything that belongs to a run but `run.json`."""
    if fabric.is_global_zero:
        NoveltyIndex.from_dataset(training).save(out / "novelty")
    _stages(recipe, training, out, fabric, seed, start, only_policy)
    if fabric.is_global_zero:
        from arcworld.training.plot import plot_training

        plot_training(out)
        save_game_priors(out, extract_game_priors(list(training.episodes)))
    fabric.barrier()


def _check(recipe: Recipe, training: Dataset) -> None:
    """Refuse data without a token before anything is written; warn if no level is won."""
    known = Vocabulary(recipe.scheme, recipe.world_model.codebook_size).actions
    skilled = 0
    for index, episode in enumerate(training.episodes):
        highest = int(training.actions(index)[:, 0].max())
        if highest >= known:
            raise ArcworldError(
                f"{training.path}: recording {episode.guid} has action {highest}; expected actions"
                f" 0-{known - 1}, for which {recipe.scheme} has tokens; train with --scheme v2"
            )
        skilled += int(winning_segments(episode).sum())
    if not skilled:
        warnings.warn(
            f"{training.path}: no level is won in the training recordings; the policy learns"
            " only from wins and will choose at random",
            stacklevel=3,
        )


def _stages(
    recipe: Recipe,
    training: Dataset,
    out: Path,
    fabric: Fabric,
    seed: int,
    start: Run | None,
    only_policy: bool,
) -> None:
    episodes = list(training.episodes)
    if start is None:
        tokenizer = _fit_tokenizer(recipe, episodes, out / "tokenizer", fabric, seed)
    else:
        tokenizer = _keep(start.tokenizer, out / "tokenizer", fabric)
    coded = [encode_episode(episode, tokenizer) for episode in episodes]
    torch.manual_seed(seed)
    sampler = _sampler(recipe, coded, [episode.game_id for episode in episodes], tokenizer)
    second = WorldModelTask(recipe.world_model, tokenizer, sampler)
    if start is not None:
        begin_from(second.module, start.world_model, start.folder)
    if fabric.device.type == "cuda":
        compile_layers(second.module.backbone)
    if only_policy:
        _keep(second.module, out / "world_model", fabric)
    else:
        fit(second, recipe.world_model_schedule, out / "world_model", fabric, seed=seed)
    if recipe.scheme == "v2":
        world_model = second.module.to(fabric.device)
        torch.manual_seed(seed)
        taught, games = _taught(recipe, episodes, coded, tokenizer)
        sampler = _sampler(recipe, taught, games, tokenizer)
        third = PolicyTask(recipe.policy, world_model, sampler, learns_mask=recipe.learns_mask)
        if start is not None:
            begin_from(third.module, cast(MaskedPolicy, start.policy), start.folder)
        fit(third, recipe.policy_schedule, out / "policy", fabric, seed=seed)


def _taught(
    recipe: Recipe,
    episodes: Sequence[Episode],
    coded: Sequence[CodedEpisode],
    tokenizer: FrameTokenizer,
) -> tuple[list[CodedEpisode], list[str]]:
    """Return the episodes with the targets of the policy, and their games.

    The episodes as played come first, then the copies with status bars of other times.
    """
    found = shortest_path_labels(episodes)
    timed = [one.timed_A for one in found]
    later = [augment_clocks(episodes, timed, number) for number in range(recipe.clock_augmentation)]
    shown = [coded, *([encode_episode(one, tokenizer) for one in played] for played in later)]
    taught = [one.of(seen) for time in shown for one, seen in zip(found, time, strict=True)]
    return taught, [episode.game_id for episode in episodes] * len(shown)


def _keep[M: (FrameTokenizer, WorldModel)](model: M, folder: Path, fabric: Fabric) -> M:
    """Save a model of the run that this one starts from as part of this run."""
    if fabric.is_global_zero:
        save_model(folder, model, model.config)
    return model


def _fit_tokenizer(
    recipe: Recipe, episodes: Sequence[Episode], folder: Path, fabric: Fabric, seed: int
) -> FrameTokenizer:
    """Return the tokenizer of the run: a fitted codebook, or a trained VQ-VAE."""
    if recipe.codebook is None:
        return _fit_vqvae(recipe, episodes, folder, fabric, seed)
    codebook = PatchCodebook(recipe.codebook)
    codebook.fit(frames_by_recording(episodes))
    if fabric.is_global_zero:
        save_model(folder, codebook, recipe.codebook)
    return codebook.eval()


def _fit_vqvae(
    recipe: Recipe, episodes: Sequence[Episode], folder: Path, fabric: Fabric, seed: int
) -> VQVAE:
    torch.manual_seed(seed)
    task = TokenizerTask(recipe.vqvae, episodes)
    fit(task, recipe.vqvae_schedule, folder, fabric, seed=seed)
    return task.module.eval()


def _sampler(
    recipe: Recipe,
    coded: Sequence[CodedEpisode],
    games: Sequence[str],
    tokenizer: FrameTokenizer,
) -> WindowSampler:
    vocabulary = Vocabulary(recipe.scheme, recipe.world_model.codebook_size)
    lexicon = tokenizer.lexicon if isinstance(tokenizer, PatchCodebook) else None
    read = [aligned(recipe, episode) for episode in coded]
    return WindowSampler(vocabulary, read, games, recipe.windows, recipe.weights, lexicon)


def _about(recipe: Recipe, dataset: Dataset, seed: int) -> dict[str, Any]:
    training = training_part(recipe, dataset)
    return {
        "arcworld": arcworld.__version__,
        "commit": commit(),
        "recipe": recipe.name,
        "scheme": recipe.scheme,
        "seed": seed,
        "settings": asdict(recipe),
        "games": sorted(training.games),
        "trained_on": {game: sorted(training.of_game(game).guids) for game in training.games},
        "players": list(training.players),
        "validated_on": {
            game: sorted(set(dataset.of_game(game).guids) & dataset.split.validation)
            for game in dataset.games
        },
        "data_digest": content_digest(training),
    }


def commit() -> str | None:
    """Return the commit of the checkout that the package runs from, with `+` if it was changed.

    None if the package does not run from a checkout.
    """
    here = Path(arcworld.__file__).parent
    try:
        found = subprocess.run(
            ["git", "describe", "--always", "--abbrev=12", "--dirty=+", "--exclude=*"],
            cwd=here, capture_output=True, text=True, timeout=10, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    return found.stdout.strip()
