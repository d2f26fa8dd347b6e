"""A run from data to weights: tokenizer, world model, policy, one after the other.

Knows the order of the stages and the run's folder; the loop knows the steps.
"""

from __future__ import annotations

import json
import os
import subprocess
import warnings
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import torch

import arcworld
from arcworld.errors import ArcworldError
from arcworld.frames.codebook import PatchCodebook
from arcworld.frames.tokenizer import FrameTokenizer
from arcworld.frames.vqvae import VQVAE
from arcworld.models.backbone import compile_layers
from arcworld.models.checkpoint import load_object, save_json, save_model
from arcworld.models.policy import MaskedPolicy
from arcworld.models.run import Run, from_pretrained
from arcworld.models.world_model import WorldModel
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
from arcworld.training.loop import fit
from arcworld.training.precision import fast_precision
from arcworld.training.recipes import Recipe
from arcworld.training.shortest_path_labels import shortest_path_labels
from arcworld.training.start import about, begin_from, check_start
from arcworld.training.tasks import (
    PolicyTask,
    TokenizerTask,
    WorldModelTask,
    frames_by_recording,
)

if TYPE_CHECKING:
    from lightning_fabric import Fabric


def train(
    recipe: Recipe,
    dataset: Dataset,
    out: Path,
    *,
    seed: int = 0,
    resume: bool = False,
    devices: str = "auto",
    start: Run | None = None,
    only_policy: bool = False,
) -> Run:
    """Train all of a recipe's models on the train part of `dataset` into `out`; with the faults
    that the recipe names, if any. Weights start at random, or from those of the run `start`, whose
    world model `only_policy` keeps as it is.

    Raises:
        ArcworldError: `out` holds another run, or nothing to resume; `start` has other models.
    """
    training = training_part(recipe, dataset)
    _check(recipe, training, devices)
    check_start(recipe, start, only_policy=only_policy)
    if _is_first_process():
        found = _about(recipe, dataset, seed) | {"start": about(start, only_policy=only_policy)}
        _open_folder(out, found, resume, dataset.path)
    fabric = _launch(devices)
    if fabric.is_global_zero:
        NoveltyIndex.from_dataset(training).save(out / "novelty")
    _stages(recipe, training, out, fabric, seed, start, only_policy)
    if fabric.is_global_zero:
        from arcworld.training.plot import plot_training

        plot_training(out)
        save_game_priors(out, extract_game_priors(list(training.episodes)))
    fabric.barrier()
    return from_pretrained(out)


def _check(recipe: Recipe, training: Dataset, devices: str) -> None:
    """Refuse what cannot be trained before anything is written; warn of what cannot be learned."""
    if devices != "auto" and not (devices.isdecimal() and int(devices) > 0):
        raise ArcworldError(f"found devices {devices!r}; expected `auto` or a number from 1")
    known = Vocabulary(recipe.scheme, recipe.world_model.codebook_size).actions
    skilled = 0
    for index, episode in enumerate(training.episodes):
        highest = int(training.actions(index)[:, 0].max())
        if highest >= known:
            raise ArcworldError(
                f"{training.path}: recording {episode.guid} has action {highest}; expected actions"
                f" 0-{known - 1}, all that {recipe.scheme} has tokens for; train with --scheme v2"
            )
        skilled += int(winning_segments(episode).sum())
    if not skilled:
        warnings.warn(
            f"{training.path}: no level is won in the recordings to train on; the policy learns"
            " from winning alone and will choose at random",
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
    """What the policy is to learn in each frame, and the games: as played, then as it would look
    at other times.
    """
    found = shortest_path_labels(episodes)
    timed = [one.timed_A for one in found]
    later = [augment_clocks(episodes, timed, number) for number in range(recipe.clock_augmentation)]
    shown = [coded, *([encode_episode(one, tokenizer) for one in played] for played in later)]
    taught = [one.of(seen) for time in shown for one, seen in zip(found, time, strict=True)]
    return taught, [episode.game_id for episode in episodes] * len(shown)


def _keep[M: (FrameTokenizer, WorldModel)](model: M, folder: Path, fabric: Fabric) -> M:
    """A model of the run that this one starts from, as its own."""
    if fabric.is_global_zero:
        save_model(folder, model, model.config)
    return model


def _fit_tokenizer(
    recipe: Recipe, episodes: Sequence[Episode], folder: Path, fabric: Fabric, seed: int
) -> FrameTokenizer:
    """The run's tokenizer: a codebook is counted at once, a VQ-VAE is trained."""
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


def train_vqvae(recipe: Recipe, dataset: Dataset, folder: Path, *, seed: int = 0) -> VQVAE:
    """A recipe's VQ-VAE alone, on one device, into a folder of its own; it can be resumed."""
    episodes = list(dataset.part("train").episodes)
    return _fit_vqvae(recipe, episodes, folder, _launch("1"), seed)


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


def _is_first_process() -> bool:
    """Whether no launcher started this process beside the one that opened the folder."""
    return os.environ.get("RANK", os.environ.get("LOCAL_RANK", "0")) == "0"


def _launch(devices: str) -> Fabric:
    from lightning_fabric import Fabric

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fabric = Fabric(accelerator="auto", devices=devices, precision=fast_precision())
        fabric.launch()
    torch.backends.cuda.enable_cudnn_sdp(False)  # it plans anew, 2 ms a layer, at each new shape
    return fabric


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
        "data_digest": content_digest(training),
    }


def _open_folder(out: Path, found: dict[str, Any], resume: bool, data: Path) -> None:
    """Make the run's folder, or check that it holds this very run; its data may lie in it."""
    path = out / "run.json"
    if not path.is_file():
        if resume:
            raise ArcworldError(f"{out}: nothing to resume; leave --resume out to start a run")
        if out.is_dir() and any(entry != data for entry in out.iterdir()):
            raise ArcworldError(f"{out}: not empty and no run; expected a new folder; name another")
        save_json(path, found)
        return
    if not resume:
        raise ArcworldError(f"{out}: a run is there; go on with --resume or name another folder")
    before = load_object(path)
    if "data_digest" in before and before["data_digest"] != found["data_digest"]:
        raise ArcworldError(
            f"{out}: the recordings have changed since the run began; expected the same contents;"
            " restore them, or start a run in another folder"
        )
    for key in ("recipe", "scheme", "seed", "settings", "trained_on", "start"):
        if before.get(key) != _json_form(found[key]):
            raise ArcworldError(
                f"{out}: the run there has another {key}; expected the same as when it began;"
                " resume it with its own or name another folder"
            )


def _json_form(value: Any) -> Any:
    """A value as JSON gives it back (tuples become lists)."""
    return json.loads(json.dumps(value))


def commit() -> str | None:
    """The commit the package runs from, where it is a checkout; `+` where it was changed."""
    here = Path(arcworld.__file__).parent
    try:
        found = subprocess.run(
            ["git", "describe", "--always", "--abbrev=12", "--dirty=+", "--exclude=*"],
            cwd=here, capture_output=True, text=True, timeout=10, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    return found.stdout.strip()
