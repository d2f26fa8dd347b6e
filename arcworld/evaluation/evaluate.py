"""Evaluate a run on a data set: every part with its baselines, by game, on all and novel items."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import arcworld
from arcworld.errors import ArcworldError
from arcworld.evaluation.measures.action_use import other_answers, use_deep, use_one_deep
from arcworld.evaluation.measures.baselines import ActionBaselines, FrameBaselines, OutcomeBaselines
from arcworld.evaluation.measures.engine_answers import ask_engine, engine_tables
from arcworld.evaluation.measures.frame_measures import frame_table
from arcworld.evaluation.measures.held_out_levels import read_held_out_levels
from arcworld.evaluation.measures.inference import (
    ProgressCallback,
    code_all,
    forced_table,
    per_frame,
    teacher_forced,
)
from arcworld.evaluation.measures.loss_table import loss_table
from arcworld.evaluation.measures.open_loop import Dreams, baseline_dreams, dream_all
from arcworld.evaluation.measures.outcome import BinaryForecast, outcome_table, reliability
from arcworld.evaluation.measures.policy_measures import greedy_choices, policy_table
from arcworld.evaluation.measures.pooling import Table
from arcworld.evaluation.measures.tokenizer import evaluate_tokenizer, unseen_game_episodes
from arcworld.evaluation.measures.transitions import Transitions, lay_out
from arcworld.evaluation.parts import DEEP, DEPTHS, OUTCOME_HELD_OUT
from arcworld.models.run import Run
from arcworld.recordings.dataset import Dataset
from arcworld.recordings.episode import Outcome
from arcworld.recordings.provenance import RECORDED
from arcworld.tokens.sequence import CodedEpisode

UNSEEN_PLAYERS = "unseen_players"


def quiet(what: str, done: int, total: int) -> None:
    """A `ProgressCallback` that does nothing."""


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Result of `evaluate`.

    Attributes:
        parts: part -> subset -> game -> measure; baselines are parts named `baselines/NAME/part`.
        about: run, data, split, seed, commit and counts.
        bins: part -> reliability bins of level-ups over all games, see `reliability`.
        transitions: the evaluated transitions, in order.
        predicted_NHW: predicted next frame of each, uint8 [N, 64, 64].
        nll_NC: negative log-likelihood of each cell of the true next frame, in nats [N, 64].
        dreams: open-loop dreams of the run (`run`) and of each baseline.
    """

    parts: dict[str, Table]
    about: dict[str, Any]
    bins: dict[str, list[dict[str, float]]]
    transitions: Transitions
    predicted_NHW: NDArray[np.uint8]
    nll_NC: NDArray[np.float32]
    dreams: dict[str, Dreams]

    def as_dict(self) -> dict[str, Any]:
        """As plain values for JSON: `about`, `bins`, and the parts nested by `/` in their names."""
        nested: dict[str, Any] = {"about": self.about, "bins": self.bins}
        for part, table in self.parts.items():
            place = nested
            *path, last = part.split("/")
            for key in path:
                place = place.setdefault(key, {})
            place[last] = table
        return nested


def evaluate(
    run: Run,
    dataset: Dataset,
    split: str = "validation",
    progress: ProgressCallback = quiet,
    games: str | Path | None = None,
) -> Evaluation:
    """Evaluate a run on one split of a data set.

    The split is the one that the run was trained with (`Run.with_split`). The lookup baselines
    read the recordings of `dataset` that the run was trained on.

    >>> played = arcworld.play("explorer", "keys", max_actions=8, recording="plays")
    >>> dataset = arcworld.load_dataset("plays")
    >>> found = arcworld.evaluate(arcworld.from_pretrained("small"), dataset, "all")
    >>> found.about["transitions"]
    8

    Args:
        run: the run to evaluate.
        dataset: recordings.
        split: `train`, `validation`, `all`, or `held_out` (in neither of the first two).
        progress: called with the progress of each stage.
        games: folder of the recorded games. With it, predictions after another action are compared
            with the game itself (part `action_engine`).

    Raises:
        ArcworldError: the split is empty, or an action has no token in the run's scheme.
    """
    dataset, unseen = run.with_split(dataset), split == UNSEEN_PLAYERS
    part = of_unseen_players(run, dataset) if unseen else dataset.part(split)
    transitions = lay_out(list(part.episodes), run.novelty_index)
    trained = training_of(run, dataset)
    coded = code_all(transitions, run.tokenizer)
    try:
        forced = teacher_forced(run.world_model, transitions, coded, progress)
    except ValueError as error:
        raise ArcworldError(f"{dataset.path}: {error}; evaluate a v2 run on this data") from error
    codes = per_frame(run.world_model, transitions, coded, forced, progress)
    predicted = run.tokenizer.decode_frames(codes)
    chosen = greedy_choices(run.world_model, run.policy, transitions, coded, progress)
    parts = {
        **_tokenizer_parts(run, transitions, trained),
        "world_model": frame_table(transitions, predicted),
        "world_model_teacher_forced": forced_table(
            transitions, forced, run.tokenizer.decode_frames(forced.indices_NC)
        ),
        "outcome": outcome_table(transitions, forced.outcomes_NO),
        "policy": policy_table(transitions, chosen),
        **_baselines(transitions, trained),
    }
    for subset, by_game in loss_table(run, transitions, coded, progress).items():
        for game, measures in by_game.items():
            parts["world_model_teacher_forced"][subset][game] |= measures
    dreams = _dreams(run, transitions, coded, trained, progress)
    parts |= _dream_parts(dreams)
    uses = other_answers(run, transitions, coded, progress)
    parts["action_use/1"] = use_one_deep(uses, predicted)
    parts[f"action_use/{DEEP}"] = use_deep(run, dreams["run"], coded, progress)
    if games is not None:
        parts |= engine_tables(uses, ask_engine(uses, games, progress), run.novelty_index)
    bins = {
        "outcome": reliability(
            BinaryForecast.of(transitions, forced.outcomes_NO, Outcome.LEVEL_WON)
        )
    }
    held_out = read_held_out_levels(run.folder)
    if held_out is not None:
        parts |= held_out.parts
        bins[OUTCOME_HELD_OUT] = held_out.bins
    about = _about(run, part, split, transitions)
    return Evaluation(parts, about, bins, transitions, predicted, forced.nll_NC, dreams)


def _tokenizer_parts(
    run: Run, transitions: Transitions, trained: Transitions | None
) -> dict[str, Table]:
    frames = None if trained is None else _all_frames(trained)
    parts = evaluate_tokenizer(run.tokenizer, transitions.episodes, run.novelty_index, frames)
    unseen = unseen_game_episodes(tuple(run.about.get("games", ())))
    if unseen:
        found = evaluate_tokenizer(run.tokenizer, unseen, run.novelty_index, frames)
        for name, table in found.items():
            parts[f"{name}_unseen_games"] = table
    return parts


def _dreams(
    run: Run,
    transitions: Transitions,
    coded: Sequence[CodedEpisode],
    trained: Transitions | None,
    progress: ProgressCallback,
) -> dict[str, Dreams]:
    own = dream_all(run, transitions, coded, progress)
    return {
        "run": own,
        **baseline_dreams(own, None if trained is None else FrameBaselines(trained)),
    }


def _dream_parts(dreams: dict[str, Dreams]) -> dict[str, Table]:
    parts: dict[str, Table] = {}
    for who, dreamt in dreams.items():
        place = "" if who == "run" else f"baselines/{who}/"
        for depth in DEPTHS:
            parts[f"{place}open_loop/{depth}"] = dreamt.table(depth)
    return parts


def unseen_players(run: Run, dataset: Dataset) -> tuple[str, ...]:
    """Players in the data set that the run was not trained on.

    A run of an earlier version does not name its players: they are those of the recordings here
    that it was trained on, or `recorded` if there are none.
    """
    known = run.trained_on()
    trained = {entry.player for entry in dataset.entries if entry.guid in known}
    seen = run.about.get("players") or trained or {RECORDED}
    return tuple(player for player in dataset.players if player not in seen)


def of_unseen_players(run: Run, dataset: Dataset) -> Dataset:
    """All recordings of players that the run was not trained on.

    Raises:
        ArcworldError: there is none.
    """
    names = unseen_players(run, dataset)
    if not names:
        raise ArcworldError(
            f"{dataset.path}: found only players that the run was trained on"
            f" ({', '.join(dataset.players)}); expected others; train with --hold-out-player, or"
            " collect with another agent"
        )
    return dataset.of_players(names)


def training_of(run: Run, dataset: Dataset) -> Transitions | None:
    """Transitions that the run was trained on in these games, or None if any recording is missing.

    With part of the training data the baselines would score too low.
    """
    known = run.trained_on(dataset.games)
    if not known or not known <= set(dataset.guids):
        return None
    episodes = [episode for episode in dataset.episodes if episode.guid in known]
    return lay_out(episodes, run.novelty_index)


def _all_frames(transitions: Transitions) -> NDArray[np.uint8]:
    return np.concatenate([episode.frames_THW for episode in transitions.episodes])


def _baselines(transitions: Transitions, trained: Transitions | None) -> dict[str, Table]:
    """Parts of every baseline; without the training recordings only of `copy`."""
    frames = {"copy": transitions.frames_NHW}
    if trained is not None:
        frames = FrameBaselines(trained).predictions(transitions)
    tables = {name: frame_table(transitions, predicted) for name, predicted in frames.items()}
    parts = {
        f"baselines/{name}/{part}": table
        for part in ("world_model", "world_model_teacher_forced")
        for name, table in tables.items()
    }
    if trained is None:
        return parts
    for name, chosen in ActionBaselines(trained).predictions(transitions).items():
        parts[f"baselines/{name}/policy"] = policy_table(transitions, chosen)
    for name, outcomes in OutcomeBaselines(trained).predictions(transitions).items():
        parts[f"baselines/{name}/outcome"] = outcome_table(transitions, outcomes)
    return parts


def _about(run: Run, part: Dataset, split: str, transitions: Transitions) -> dict[str, Any]:
    known = run.trained_on()
    return {
        "arcworld": arcworld.__version__,
        "run": run.name,
        "run_commit": run.about.get("commit"),
        "recipe": run.about.get("recipe"),
        "scheme": run.about.get("scheme"),
        "seed": run.about.get("seed"),
        "data": part.path.name,
        "split": split,
        "players": list(part.players),
        "recordings": len(part.guids),
        "trained_on": sum(guid in known for guid in part.guids),
        "transitions": len(transitions),
        "novel": int(transitions.novel_N.sum()),
    }
