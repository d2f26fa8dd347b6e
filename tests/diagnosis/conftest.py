"""Two made-up games whose demos depend on the screen alone, an untrained run, and controls.

In `walks` a dot moves to a goal, first across, then up or down; in `lamps` the lit cell is clicked.
Both repeat actions as real play does, so that copying the last action is often right.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from arcworld.frames.codebook import PatchCodebook, PatchCodebookConfig
from arcworld.frames.tokenizer import FrameTokenizer
from arcworld.models.policies.policy import MaskedPolicy, Policy, PolicyConfig
from arcworld.models.run import Run
from arcworld.models.transformer.backbone import BackboneConfig
from arcworld.models.transformer.world_model import WorldModel, WorldModelConfig
from arcworld.recordings import Action, Dataset, RecordingWriter, open_dataset
from arcworld.recordings.episode import CLICK
from arcworld.recordings.novelty import NoveltyIndex
from arcworld.tokens.sequence import CodedEpisode

DOT, GOAL, LIT = 3, 8, 11
LEVELS, CLICKS = 8, 4


def frame_of(cells: dict[int, int]) -> NDArray[np.uint8]:
    """A black frame with some cells filled."""
    grid = np.zeros((8, 8, 8, 8), np.uint8)
    for cell, colour in cells.items():
        grid[cell // 8, :, cell % 8, :] = colour
    return grid.reshape(64, 64)


def step_towards(dot: int, goal: int) -> int:
    """The demo's rule: across first; 1 up, 2 down, 3 left, 4 right."""
    if dot % 8 != goal % 8:
        return 4 if goal % 8 > dot % 8 else 3
    return 2 if goal > dot else 1


def write_walks(folder: Path, number: int) -> str:
    guid, rng = f"walks-{number}", np.random.default_rng(number)
    starts = np.random.default_rng(99).permutation(64)[: 2 * LEVELS].reshape(-1, 2)
    with RecordingWriter(folder / f"{guid}.jsonl", "walks-0badcafe", guid, LEVELS) as writer:
        action = Action(0)
        for level, (dot, goal) in enumerate(rng.permutation(starts).tolist()):
            first = True
            while dot != goal:
                frame, opens = frame_of({dot: DOT, goal: GOAL}), level == 0 and first
                writer.write([frame], action, "NOT_FINISHED", level, (1, 2, 3, 4), opens)
                action, first = Action(step_towards(dot, goal)), False
                dot += {1: -8, 2: 8, 3: -1, 4: 1}[action.id]
        writer.write([frame_of({})], action, "WIN", LEVELS, (1, 2, 3, 4), False)
    return guid


def write_lamps(folder: Path, number: int) -> str:
    guid, rng = f"lamps-{number}", np.random.default_rng(50 + number)
    lamps = np.random.default_rng(98).permutation(64)[:10]
    with RecordingWriter(folder / f"{guid}.jsonl", "lamps-0badcafe", guid, LEVELS) as writer:
        action, twice = Action(0), lamps[rng.integers(10, size=LEVELS * CLICKS)].repeat(2)
        for turn, lit in enumerate(twice[: LEVELS * CLICKS].tolist()):
            frame = frame_of({lit: LIT, 63: 1 + turn % 2})
            writer.write([frame], action, "NOT_FINISHED", turn // CLICKS, (6,), turn == 0)
            action = Action(6, lit % 8 * 8 + 2, lit // 8 * 8 + 5)
        writer.write([frame_of({})], action, "WIN", LEVELS, (6,), False)
    return guid


@pytest.fixture(scope="session")
def made_up(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Four recordings of each game, two of them for validation."""
    folder = tmp_path_factory.mktemp("made-up")
    guids = [write(folder, n) for write in (write_walks, write_lamps) for n in range(4)]
    split = {"train": [g for g in guids if g[-1] in "01"],
             "validation": [g for g in guids if g[-1] in "23"]}  # fmt: skip
    (folder / "split.json").write_text(json.dumps(split))
    return open_dataset(folder, cache=folder.parent / "made-up-cache")


@pytest.fixture(scope="session")
def barely(tmp_path_factory: pytest.TempPathFactory, made_up: Dataset) -> Run:
    """An untrained v2 run; each test sets its policy."""
    torch.manual_seed(0)
    training = made_up.part("train")
    tokenizer = PatchCodebook(PatchCodebookConfig(64))
    tokenizer.fit([episode.frames_THW for episode in training.episodes])
    body = BackboneConfig(width=16, layers=1, heads=2, kv_heads=1, mlp=16)
    model = WorldModel(WorldModelConfig("v2", 64, 2, True, backbone=body)).eval()
    model.start_from(tokenizer)
    policy = MaskedPolicy(PolicyConfig(16, 16, 8, offset_width=8)).eval()
    trained_on = {game: training.of_game(game).guids for game in training.games}
    about = {"recipe": "none", "seed": 0, "trained_on": trained_on}
    folder = tmp_path_factory.mktemp("runs") / "barely"
    return Run(folder, about, tokenizer.eval(), model, policy, NoveltyIndex.from_dataset(training))


SURE = 8.0


class Control:
    """A policy of known behaviour; `decide` gives a type and a cell, or None for no preference."""

    def decide(self, history: CodedEpisode) -> tuple[int, int] | None:
        return None

    def prior_logits(
        self, world_model: WorldModel, histories: Sequence[CodedEpisode]
    ) -> tuple[Tensor, Tensor]:
        types, cells = torch.zeros(len(histories), 8), torch.zeros(len(histories), 65)
        for i, history in enumerate(histories):
            decided = self.decide(history)
            if decided is not None:
                types[i, decided[0]] = cells[i, decided[1]] = SURE
        return types, cells

    def offset_logits(
        self, world_model: WorldModel, histories: Sequence[CodedEpisode], cells_B: Sequence[int]
    ) -> Tensor | None:
        return None


class Copier(Control):
    def decide(self, history: CodedEpisode) -> tuple[int, int] | None:
        if not len(history.types_A):
            return None
        return int(history.types_A[-1]), int(history.cells_A[-1])


class Reader(Control):
    """Acts on the screen as the demos do."""

    def __init__(self, tokenizer: FrameTokenizer) -> None:
        self.tokenizer = tokenizer

    def decide(self, history: CodedEpisode) -> tuple[int, int] | None:
        cells = self.tokenizer.decode_frames(history.indices_TC[-1:])[0, ::8, ::8].ravel()
        places = {colour: np.flatnonzero(cells == colour) for colour in (DOT, GOAL, LIT)}
        if len(places[LIT]):
            return CLICK, int(places[LIT][0])
        if not len(places[DOT]) or not len(places[GOAL]):
            return None
        return step_towards(int(places[DOT][0]), int(places[GOAL][0])), 64


class Lots(Control):
    def prior_logits(
        self, world_model: WorldModel, histories: Sequence[CodedEpisode]
    ) -> tuple[Tensor, Tensor]:
        return torch.randn(len(histories), 8), torch.randn(len(histories), 65)


@pytest.fixture(scope="session")
def controls(barely: Run) -> dict[str, Policy]:
    """Policies of known behaviour."""
    return {
        "copier": Copier(),
        "reader": Reader(barely.tokenizer),
        "lots": Lots(),
        "blind": Control(),
    }
