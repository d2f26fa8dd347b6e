"""A run: tokenizer, world model and policy that were trained together, and facts about training.

RUN/run.json              recipe, scheme, seed, data, commit
RUN/tokenizer/            config.json, model.safetensors
RUN/world_model/          the same, and metrics.jsonl
RUN/policy/               the same (v2)
RUN/game_priors.json      facts about each game from its recordings (`recordings.game_priors`)
RUN/novelty/              64-bit hashes of training frames and of (frame, action) pairs
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import torch

from arcworld.errors import ArcworldError, did_you_mean
from arcworld.frames.tokenizer import FrameTokenizer
from arcworld.models.checkpoint import load_model, load_object
from arcworld.models.migrate import is_old
from arcworld.models.policy import MaskedPolicy
from arcworld.models.shared_head import SharedHeadPolicy
from arcworld.models.world_model import WorldModel
from arcworld.recordings.game_priors import GamePriors, load_game_priors
from arcworld.recordings.novelty import NoveltyIndex

SHIPPED = Path(__file__).parents[1] / "weights"


@dataclass(frozen=True)
class Run:
    """Trained models, ready to use.

    Attributes:
        folder: the folder of the run.
        about: the content of `run.json`.
        tokenizer: turns frames into codes.
        world_model: predicts the next frame and the outcome of an action.
        policy: `MaskedPolicy` in v2; in v1 the world model's own head.
        novelty_index: what training has seen.
        game_priors: by game id, for the games of the training data.
    """

    folder: Path
    about: Mapping[str, Any]
    tokenizer: FrameTokenizer
    world_model: WorldModel
    policy: MaskedPolicy | SharedHeadPolicy
    novelty_index: NoveltyIndex
    game_priors: Mapping[str, GamePriors] = field(default_factory=dict[str, GamePriors])

    @property
    def name(self) -> str:
        """A short name for reports: that of the folder."""
        return self.folder.name

    def trained_on(self, games: Collection[str] | None = None) -> frozenset[str]:
        """Return the guids of the training recordings: all, or those of the given game ids."""
        known: Mapping[str, Sequence[str]] = self.about.get("trained_on", {})
        wanted = known.keys() if games is None else known.keys() & set(games)
        return frozenset(guid for game in wanted for guid in known[game])

    def to(self, device: torch.device | str) -> Run:
        """Move the models to a device, in place, and return the run."""
        for module in (self.tokenizer, self.world_model, self.policy):
            module.to(device)
        return self


def from_pretrained(name: str | Path) -> Run:
    """Load a run by folder, or shipped weights by name.

    Raises:
        ArcworldError: the run does not exist, or a part of it cannot be used.
    """
    folder = Path(name)
    if not folder.is_dir() and (SHIPPED / str(name)).is_dir():
        folder = SHIPPED / str(name)
    if not (folder / "run.json").is_file():
        shipped = [path.name for path in SHIPPED.glob("*") if path.is_dir()]
        raise ArcworldError(
            f"{name}: found no run; expected a folder that `arcworld train` made or the name of"
            f" shipped weights ({did_you_mean(str(name), shipped)})"
        )
    if is_old(folder):
        raise ArcworldError(
            f"{folder}: found a run in the format of version 0.1; expected the present names of its"
            f" files and weights; run `arcworld convert {folder}` once"
        )
    about = load_object(folder / "run.json")
    tokenizer = cast(FrameTokenizer, load_model(folder / "tokenizer"))
    world_model = cast(WorldModel, load_model(folder / "world_model"))
    has_policy = (folder / "policy" / "config.json").is_file()
    policy = cast(MaskedPolicy, load_model(folder / "policy")) if has_policy else SharedHeadPolicy()
    _check_fit(folder, about, tokenizer, world_model, policy)
    try:
        world_model.attach(tokenizer)
    except ArcworldError as error:
        raise ArcworldError(f"{folder}: {error}") from None
    novelty_index, game_priors = NoveltyIndex.load(folder / "novelty"), load_game_priors(folder)
    return Run(folder, about, tokenizer, world_model, policy, novelty_index, game_priors)


def _check_fit(
    folder: Path,
    about: Mapping[str, Any],
    tokenizer: FrameTokenizer,
    world_model: WorldModel,
    policy: MaskedPolicy | SharedHeadPolicy,
) -> None:
    scheme, codes = world_model.config.scheme, world_model.config.codebook_size
    if about.get("scheme") != scheme:
        raise ArcworldError(
            f"{folder}: run.json has scheme {about.get('scheme')!r}, its world model {scheme};"
            " expected one scheme; restore the world model of this run"
        )
    if tokenizer.codebook_size != codes:
        raise ArcworldError(
            f"{folder}: the tokenizer has {tokenizer.codebook_size} codes, the world model expects"
            f" {codes}; expected the tokenizer it was trained with; train the run again"
        )
    if isinstance(policy, SharedHeadPolicy):
        if scheme != "v1":
            raise ArcworldError(
                f"{folder}: found no policy; expected one in a v2 run; continue with `--resume`"
            )
    elif policy.config.width != world_model.width:
        raise ArcworldError(
            f"{folder}: the policy has width {policy.config.width}, the world model"
            f" {world_model.width}; expected the policy trained on it; train the run again"
        )
