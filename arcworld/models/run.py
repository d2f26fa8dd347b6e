"""A run: tokenizer, world model and policy that were trained together, and facts about training.

RUN/run.json              recipe, scheme, seed, data, commit
RUN/tokenizer/            config.json, model.safetensors
RUN/world_model/          the same, and metrics.jsonl
RUN/policy/               the same (v2)
RUN/game_priors.json      facts about each game from its recordings (`recordings.game_priors`)
RUN/novelty/              64-bit hashes of training frames and of (frame, action) pairs
"""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from arcworld.errors import ArcworldError, did_you_mean
from arcworld.frames.tokenizer import FrameTokenizer
from arcworld.models.interface import Prediction
from arcworld.models.policies.policy import MaskedPolicy
from arcworld.models.policies.shared_head import SharedHeadPolicy
from arcworld.models.snapshot import may_be_repo
from arcworld.models.storage.base_model import AllowBase
from arcworld.models.storage.checkpoint import load_model, load_object, save_json, save_model
from arcworld.models.storage.hub import download, upload
from arcworld.models.storage.migrate import is_old
from arcworld.models.token_state import TokenState, predict_actions, state_of
from arcworld.models.transformer.world_model import WorldModel
from arcworld.recordings.dataset import Dataset
from arcworld.recordings.episode import Action
from arcworld.recordings.game_priors import GamePriors, load_game_priors, save_game_priors
from arcworld.recordings.grids import frames_from_array
from arcworld.recordings.novelty import NoveltyIndex
from arcworld.recordings.split import Split

SHIPPED = Path(__file__).parents[1] / "weights"


@dataclass(frozen=True)
class Run:
    """Trained models, ready to use.

    >>> run = arcworld.from_pretrained("small")
    >>> run.name, run.about["scheme"], len(run.trained_on())
    ('small', 'v2', 93)

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

    def with_split(self, dataset: Dataset) -> Dataset:
        """Return the data set with the split that the run was trained with.

        So validation never has a recording that a clean run was trained on, whatever `split.json`
        or seed the data set came with. Recordings that the run does not know keep their part.
        """
        train, split = self.trained_on(), dataset.split
        known: Mapping[str, Sequence[str]] = self.about.get("validated_on", {})
        validation = frozenset(guid for guids in known.values() for guid in guids)
        if not validation:  # a run of version 0.1; with the fault `split` it was trained on all
            faulty = "split" in self.about.get("settings", {}).get("faults", ())
            validation = split.validation if faulty else split.validation - train
        mine = train | validation
        return replace(
            dataset,
            split=Split(train | (split.train - mine), validation | (split.validation - mine)),
        )

    def predict(
        self, frames: NDArray[np.integer], action: Action | Sequence[Action]
    ) -> Prediction[TokenState]:
        """Predict the next frame and outcome.

        The confidence is 0.5 for every frame: how often a run is right in a game is learned during
        play (`models.token_world_model`).

        Args:
            frames: one frame [64, 64], or T frames [T, 64, 64] of one level, oldest first.
            action: taken in the frame; for T frames, T actions, one taken in each. The last one's
                result is predicted.

        Raises:
            ArcworldError: frames have another form, or actions another number.
        """
        frames_THW = frames_from_array(frames)
        actions = [action] if isinstance(action, Action) else list(action)
        if len(actions) != len(frames_THW):
            raise ArcworldError(
                f"found {len(actions)} actions for {len(frames_THW)} frames; expected one taken in"
                " each frame, the last of which is predicted; give as many, or the last frame alone"
            )
        models = self.world_model, self.tokenizer
        state = state_of(*models, frames_THW, actions[:-1])
        return predict_actions(*models, state, actions[-1:], [0.5])

    def save_pretrained(self, folder: str | Path) -> Path:
        """Write the run into a folder, without what only training needs, and return the folder.

        `from_pretrained` loads it. Files of the same names are replaced.
        """
        target = Path(folder)
        save_model(target / "tokenizer", self.tokenizer, self.tokenizer.config)
        save_model(target / "world_model", self.world_model, self.world_model.config)
        if isinstance(self.policy, SharedHeadPolicy):
            shutil.rmtree(target / "policy", ignore_errors=True)
        else:
            save_model(target / "policy", self.policy, self.policy.config)
        self.novelty_index.save(target / "novelty")
        save_game_priors(target, self.game_priors)
        save_json(target / "run.json", dict(self.about))
        return target

    def push_to_hub(
        self,
        repo_id: str,
        *,
        private: bool | None = None,
        revision: str | None = None,
        commit_message: str | None = None,
        token: str | None = None,
    ) -> str:
        """Upload the run to the Hugging Face hub, and return the address of the commit.

        `from_pretrained(repo_id)` then loads it anywhere. The repository is created if needed.

        Args:
            repo_id: `user/name`.
            private: of a new repository.
            revision: a branch; None is the main one.
            commit_message: None names the run.
            token: None is the one of `hf auth login` or `HF_TOKEN`.

        Raises:
            ArcworldError: the hub refuses, or cannot be reached.
        """
        return upload(
            repo_id,
            self.save_pretrained,
            name=self.name,
            about=self.about,
            private=private,
            revision=revision,
            commit_message=commit_message,
            token=token,
        )

    def to(self, device: torch.device | str) -> Run:
        """Move the models to a device, in place, and return the run."""
        for module in (self.tokenizer, self.world_model, self.policy):
            module.to(device)
        return self


def from_pretrained(
    name: str | Path, *, revision: str | None = None, allow_base: AllowBase = False
) -> Run:
    """Load a run: from a folder, shipped weights by name, or from the Hugging Face hub.

    A folder comes first, then shipped weights, with a warning if there are both, then the hub.

    >>> arcworld.from_pretrained("small").world_model.config.scheme
    'v2'

    Args:
        name: a folder that training made, the name of shipped weights, or `user/name` on the hub.
        revision: a branch, tag or commit of the hub.
        allow_base: whether the pretrained model may be loaded that a run adapts (LoRA), or a
            folder or name to load it from. It must be the one of training, by its digest. A run
            that was trained on this machine needs no permission. `ARCWORLD_ALLOW_BASE` does the
            same for commands.

    Raises:
        ArcworldError: the run does not exist, or a part of it cannot be used.
    """
    folder, downloaded = _find(name, revision)
    if is_old(folder):
        raise ArcworldError(
            f"{folder}: found a run in the format of version 0.1; expected the present names of its"
            f" files and weights; run `arcworld convert {folder}` once"
        )
    about = load_object(folder / "run.json")

    def part[M: torch.nn.Module](name: str, kind: type[M]) -> M:
        return load_model(folder / name, kind, allow_base=allow_base, downloaded=downloaded)

    tokenizer, world_model = part("tokenizer", FrameTokenizer), part("world_model", WorldModel)
    has_policy = (folder / "policy" / "config.json").is_file()
    policy = part("policy", MaskedPolicy) if has_policy else SharedHeadPolicy()
    _check_fit(folder, about, tokenizer, world_model, policy)
    try:
        world_model.attach(tokenizer)
    except ArcworldError as error:
        raise ArcworldError(f"{folder}: {error}") from None
    novelty_index, game_priors = NoveltyIndex.load(folder / "novelty"), load_game_priors(folder)
    return Run(folder, about, tokenizer, world_model, policy, novelty_index, game_priors)


def _find(name: str | Path, revision: str | None) -> tuple[Path, bool]:
    """Return the folder of a run, and whether it is one of the hub.

    The hub is asked for what is neither here nor shipped.
    """
    folder, shipped = Path(name), SHIPPED / str(name)
    is_run, is_shipped = (folder / "run.json").is_file(), (shipped / "run.json").is_file()
    if folder.is_dir() and is_shipped and folder.resolve() != shipped.resolve():
        warnings.warn(
            f"{name}: found a folder and shipped weights of this name; "
            + (
                "the folder is taken; rename it to use the shipped weights"
                if is_run
                else "the shipped weights are taken, since the folder is no run"
            ),
            stacklevel=3,
        )
    if is_run or is_shipped:
        if revision is not None:
            raise ArcworldError(
                f"{name}: found on this machine, and revision {revision!r}; expected a revision of"
                " a run on the hub; leave the revision out"
            )
        return folder if is_run else shipped, False
    if may_be_repo(str(name)):
        return download(str(name), revision), True
    known = [path.name for path in SHIPPED.glob("*") if path.is_dir()]
    raise ArcworldError(
        f"{name}: found no run; expected a folder that `arcworld train` made, the name of shipped"
        f" weights ({did_you_mean(str(name), known)}), or user/name on the Hugging Face hub"
    )


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
