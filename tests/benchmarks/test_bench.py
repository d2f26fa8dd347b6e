"""Benchmarks on a tiny run: results are compared; times are not tested."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from arcworld.benchmarks import dreaming
from arcworld.benchmarks.bench import COLUMNS, QUICK, Bench, record, rows
from arcworld.benchmarks.bench_result import BenchResult, Timer
from arcworld.cli import main
from arcworld.errors import ArcworldError
from arcworld.frames.codebook import PatchCodebook
from arcworld.models.policies.policy import MaskedPolicy
from arcworld.models.run import Run
from arcworld.models.transformer.world_model import WorldModel
from arcworld.recordings import Action, Episode, NoveltyIndex, RecordingWriter, open_dataset
from arcworld.training.recipes import recipe

DREAMT = ["frame", "sampled-frame", "generate", "goals"]
NAMES = [*DREAMT, "training", "training-lora", "parse", "open"]


@pytest.fixture
def data(tmp_path: Path, make_episode: Callable[..., Episode]) -> Path:
    """Two short recordings."""
    for seed in range(2):
        episode = make_episode(seed, frames=7, guid=f"guid-{seed}", undo=False)
        path = tmp_path / "data" / f"{episode.guid}.jsonl"
        with RecordingWriter(path, episode.game_id, episode.guid, episode.win_levels) as writer:
            actions = [Action(0), *(episode.action(t) for t in range(len(episode)))]
            for t, action in enumerate(actions):
                levels, available = int(episode.levels_T[t]), episode.available_actions(t)
                grids = [episode.frames_THW[t]]
                writer.write(grids, action, "NOT_FINISHED", levels, available, t == 0)
    return tmp_path / "data"


@pytest.fixture
def bench(tmp_path: Path, data: Path) -> Bench:
    """An untrained `debug` run."""
    torch.manual_seed(0)
    settings = recipe("debug")
    dataset = open_dataset(data, cache=tmp_path / "cache")
    assert settings.codebook is not None
    tokenizer = PatchCodebook(settings.codebook).eval()
    tokenizer.fit([episode.frames_THW for episode in dataset.episodes])
    model = WorldModel(settings.world_model).eval()
    model.start_from(tokenizer)
    empty = np.zeros(0, np.uint64)
    policy = MaskedPolicy(settings.policy).eval()
    run = Run(tmp_path, {"recipe": "debug"}, tokenizer, model, policy, NoveltyIndex(empty, empty))
    return Bench(run, dataset, data, QUICK)


def test_every_claim_is_measured_and_equal(bench: Bench) -> None:
    heard: list[str] = []
    results = bench.measure((), lambda name, _done, _total: heard.append(name))
    assert [result.name for result in results] == heard == NAMES
    for result in results:
        assert result.unequal == 0 < result.of, result
        assert min(result.reference_s, result.ours_s, result.ratio) > 0
    table = rows(results)
    assert all(len(row) == len(COLUMNS) for row in table)
    reported = json.loads(json.dumps(record(bench, results)))
    assert list(reported["claims"]) == NAMES and reported["claims"]["goals"]["of"] == 70
    assert reported["machine"]["gigaflops"] > 0 and reported["recipe"] == "debug"


def test_an_unequal_answer_is_counted(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    right = dreaming.predict_next

    def wrong(*args: object, **named: object) -> object:
        reported = right(*args, **named)  # type: ignore[arg-type]
        codes = reported.indices_BC.copy()
        codes[:, 7] += 1
        return replace(reported, indices_BC=codes)

    monkeypatch.setattr(dreaming, "predict_next", wrong)
    (result,) = bench.measure(["frame"], lambda *_: None)
    assert result.unequal == 2 * len(bench.scene.histories)
    assert rows([result])[0][-1] == f"{result.unequal} of {result.of:,}"


def test_an_unknown_claim_is_an_error_of_one_line(bench: Bench) -> None:
    with pytest.raises(ArcworldError, match="no claim 'frames'; did you mean"):
        bench.measure(["frames"], lambda *_: None)


def test_times_are_medians_and_a_roofline_grows_with_work() -> None:
    timer = Timer(3, torch.device("cpu"))
    calls: list[str] = []
    timer.seconds(lambda: calls.append("a"), lambda: calls.append("b"))
    assert calls == ["a", "b"] * 4  # once to warm up, then in turn
    module = torch.nn.Linear(64, 64)
    assert 0 < timer.roofline(module, 1) < timer.roofline(module, 10**9)
    result = BenchResult("n", "what", "baseline", 2.0, 0.5, None, 0, 1)
    assert result.ratio == 4.0 and rows([result])[0][-2] == "-"


def test_a_missing_run_is_an_error_of_one_line(
    tmp_path: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", str(tmp_path / "none"), "--data", str(data)]) == 2
    reported = capsys.readouterr().err.strip().splitlines()
    assert len(reported) == 1 and "found no run" in reported[0]
