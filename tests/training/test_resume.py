"""A run that was stopped or killed and resumed ends with the weights of an uninterrupted run."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from arcworld.errors import ArcworldError
from arcworld.models.storage.checkpoint import load_tensors
from arcworld.recordings.episode import Action
from arcworld.recordings.writer import RecordingWriter
from arcworld.training.loop import Draw, Loop, Schedule, fit


class Toy(nn.Module):
    """A regression with dropout, so that random numbers matter."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layers = nn.Sequential(nn.Linear(4, 16), nn.Dropout(0.5), nn.Linear(16, 1))

    def loss(self, rows: Tensor) -> Tensor:
        return (self.layers(rows).squeeze(1) - rows.sum(1)).square().mean()


class ToyTask:
    name = "toy"
    config: Any = None

    def __init__(self, stop_at: int | None = None) -> None:
        self.module, self.stop_at, self.seen = Toy(), stop_at, 0

    def losses(self, model: Any, draw: Draw) -> dict[str, Tensor]:
        self.seen += 1
        if self.stop_at is not None and draw.key[1] == self.stop_at:
            os.kill(os.getpid(), signal.SIGINT)
        generator = torch.Generator().manual_seed(draw.key[0] * 1000 + draw.key[1])
        return {"loss": model.loss(torch.randn(draw.size, 4, generator=generator))}


@pytest.fixture
def fabric() -> Any:
    from lightning_fabric import Fabric

    return Fabric(accelerator="cpu", devices=1)


@pytest.fixture(autouse=True)
def save_weights_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The toy model has no config."""

    def save(folder: Path, module: nn.Module, config: Any) -> None:
        from arcworld.models.storage.checkpoint import own_state, save_tensors

        save_tensors(folder / "model.safetensors", own_state(module))

    monkeypatch.setattr("arcworld.training.loop.save_model", save)


SCHEDULE = Schedule(steps=12, batch_size=4, learning_rate=1e-2, checkpoint_every=0, log_every=3)


def weights(folder: Path) -> dict[str, Tensor]:
    return load_tensors(folder / "model.safetensors")


def metrics(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def same(a: dict[str, Tensor], b: dict[str, Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


@pytest.mark.parametrize("stop_at", [0, 4, 11])
def test_ctrl_c_then_resume_is_an_unbroken_run(tmp_path: Path, fabric: Any, stop_at: int) -> None:
    fit(ToyTask(), SCHEDULE, tmp_path / "whole", fabric, seed=3)
    with pytest.raises(KeyboardInterrupt, match=f"stopped at step {stop_at + 1}"):
        fit(ToyTask(stop_at), SCHEDULE, tmp_path / "broken", fabric, seed=3)
    fit(ToyTask(), SCHEDULE, tmp_path / "broken", fabric, seed=3)
    assert same(weights(tmp_path / "whole"), weights(tmp_path / "broken"))
    assert metrics(tmp_path / "whole") == metrics(tmp_path / "broken")


def test_a_loop_cut_off_between_checkpoints_repeats_only_what_was_lost(
    tmp_path: Path, fabric: Any
) -> None:
    fit(ToyTask(), SCHEDULE, tmp_path / "whole", fabric, seed=3)
    rare = Schedule(12, 4, 1e-2, checkpoint_every=1e9, log_every=3)
    loop = Loop(ToyTask(), rare, tmp_path / "broken", fabric, 3)
    for _ in range(5):
        loop._advance()
    loop._checkpoint()
    for _ in range(4):  # lose these steps, as after kill -9; their metrics were already written
        loop._log(loop._advance())
    task = ToyTask()
    fit(task, SCHEDULE, tmp_path / "broken", fabric, seed=3)
    assert task.seen == 7
    assert same(weights(tmp_path / "whole"), weights(tmp_path / "broken"))
    steps = [row["step"] for row in metrics(tmp_path / "broken")]
    assert steps == sorted(set(steps))


def test_a_checkpoint_half_replaced_by_a_kill_is_resumed(tmp_path: Path, fabric: Any) -> None:
    fit(ToyTask(), SCHEDULE, tmp_path / "whole", fabric, seed=3)
    for planted in ("checkpoint.old", "checkpoint.new"):
        with pytest.raises(KeyboardInterrupt):
            fit(ToyTask(4), SCHEDULE, tmp_path / planted, fabric, seed=3)
        folder = tmp_path / planted
        shutil.copytree(folder / "checkpoint", folder / planted)
        (folder / planted / "state.json").write_text("{")
        fit(ToyTask(), SCHEDULE, folder, fabric, seed=3)
        assert same(weights(tmp_path / "whole"), weights(folder))


def test_a_loss_that_is_no_number_is_one_line(tmp_path: Path, fabric: Any) -> None:
    task = ToyTask()
    with torch.no_grad():
        next(task.module.parameters()).fill_(torch.nan)
    with pytest.raises(ArcworldError, match="found loss nan of the toy at step 0") as error:
        fit(task, SCHEDULE, tmp_path, fabric, seed=3)
    assert "\n" not in str(error.value)


def test_a_finished_stage_is_not_trained_again(tmp_path: Path, fabric: Any) -> None:
    fit(ToyTask(), SCHEDULE, tmp_path, fabric, seed=3)
    task = ToyTask()
    fit(task, SCHEDULE, tmp_path, fabric, seed=3)
    assert task.seen == 0
    assert same(dict(task.module.state_dict()), weights(tmp_path))


def test_the_schedule_warms_up_and_ends_at_zero() -> None:
    rates = [SCHEDULE.rate(step) for step in range(SCHEDULE.steps + 1)]
    assert max(rates) == SCHEDULE.learning_rate and rates[-1] < 1e-9
    assert rates.index(max(rates)) <= 2


SCRIPT = """
import sys
from pathlib import Path
from dataclasses import replace
from arcworld.recordings.dataset import open_dataset
from arcworld.training.recipes import recipe
from arcworld.training.train import train
tiny = recipe("debug")
tiny = replace(
    tiny,
    codebook=None,
    world_model=replace(
        tiny.world_model, codebook_size=tiny.vqvae.codebook_size, reads_cells=False
    ),
    windows=replace(tiny.windows, colour_permutation=0.0),
    vqvae_schedule=replace(tiny.vqvae_schedule, steps=8, checkpoint_every=0),
    world_model_schedule=replace(tiny.world_model_schedule, steps=8, checkpoint_every=0),
    policy_schedule=replace(tiny.policy_schedule, steps=4, checkpoint_every=0),
)
data, out = Path(sys.argv[1]), Path(sys.argv[2])
train(tiny, open_dataset(data, cache=out.parent / "cache"), out, resume=(out / "run.json").exists())
"""


def recordings(make_episode: Callable[..., Any], folder: Path) -> Path:
    for k in range(3):
        episode = make_episode(seed=k, frames=8, undo=False)
        with RecordingWriter(folder / f"r{k}.jsonl", episode.game_id, f"guid-{k}", 7) as writer:
            for t, frame in enumerate(episode.frames_THW):
                action = episode.action(t - 1) if t else Action(0)
                level = int(episode.levels_T[t])
                writer.write([frame], action, "NOT_FINISHED", level, [1, 6], t == 0)
    return folder


def test_all_stages_survive_kill_9(make_episode: Callable[..., Any], tmp_path: Path) -> None:
    data = recordings(make_episode, tmp_path / "data")

    def start(out: Path) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", SCRIPT, str(data), str(out)]
        return subprocess.Popen(command, stderr=subprocess.DEVNULL)

    assert start(tmp_path / "whole").wait(120) == 0
    for stage in ("tokenizer", "world_model"):
        process = start(tmp_path / "killed")
        seen = tmp_path / "killed" / stage / "checkpoint" / "state.json"
        while not seen.exists() and process.poll() is None:
            time.sleep(0.001)
        process.kill()
        assert process.wait() == -signal.SIGKILL
    assert start(tmp_path / "killed").wait(120) == 0
    for stage in ("tokenizer", "world_model", "policy"):
        assert same(weights(tmp_path / "whole" / stage), weights(tmp_path / "killed" / stage))


def test_a_folder_with_another_run_is_refused(
    make_episode: Callable[..., Any], tmp_path: Path
) -> None:
    from arcworld.recordings.dataset import open_dataset
    from arcworld.training.recipes import recipe
    from arcworld.training.train import train

    data = open_dataset(recordings(make_episode, tmp_path / "data"), cache=tmp_path / "cache")
    with pytest.raises(ArcworldError, match="nothing to resume"):
        train(recipe("debug"), data, tmp_path / "out", resume=True)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "letter.txt").write_text("mine")
    with pytest.raises(ArcworldError, match="found files but no run"):
        train(recipe("debug"), data, tmp_path / "out")
    assert (tmp_path / "out" / "letter.txt").read_text() == "mine"


def test_recordings_that_changed_are_refused_before_training(
    make_episode: Callable[..., Any], tmp_path: Path
) -> None:
    """The guids are equal, but the content differs."""
    from arcworld.recordings.dataset import open_dataset
    from arcworld.training.recipes import recipe
    from arcworld.training.run_folder import open_folder
    from arcworld.training.train import _about

    folder, debug = recordings(make_episode, tmp_path / "data"), recipe("debug")
    data = open_dataset(folder, cache=tmp_path / "cache")
    about = _about(debug, data, 0) | {"start": None}
    open_folder(tmp_path / "out", about, False, data.path)
    open_folder(tmp_path / "out", about, True, data.path)
    first = min(folder.rglob("*.jsonl*"))
    lines = first.read_bytes().splitlines(keepends=True)
    first.write_bytes(b"".join(lines[: len(lines) // 2 + 1]))
    halved = open_dataset(folder, cache=tmp_path / "cache")
    assert halved.guids == data.guids
    with pytest.raises(ArcworldError, match="the recordings have changed since the run began"):
        open_folder(tmp_path / "out", _about(debug, halved, 0) | {"start": None}, True, data.path)
