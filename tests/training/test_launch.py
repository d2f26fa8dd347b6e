"""Training by `srun` and `torchrun`: processes make one run, or one line says why not."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from arcworld.cli import main
from arcworld.errors import ArcworldError
from arcworld.games.demos import make_demos
from arcworld.models.run import from_pretrained
from arcworld.training.launch import Launcher, check_devices, find_launcher

MAIN = "import sys; from arcworld.cli import main; sys.exit(main(sys.argv[1:]))"
SLURM = {"SLURM_JOB_ID": "1", "SLURM_JOB_NAME": "t", "SLURM_NTASKS": "2"}
SRUN = {**SLURM, "SLURM_NTASKS_PER_NODE": "2", "SLURM_PROCID": "1", "SLURM_NNODES": "1"}


@pytest.mark.parametrize(
    ("environment", "found"),
    [
        ({}, Launcher()),
        (SRUN, Launcher("srun", 1, 2, 1)),
        ({**SLURM, "SLURM_NTASKS": "1"}, Launcher("srun", 0, 1, 1)),
        ({**SLURM, "SLURM_JOB_NAME": "interactive"}, Launcher()),
        (
            {"RANK": "3", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "2", "WORLD_SIZE": "4"},
            Launcher("torchrun", 3, 2, 2),
        ),
        ({"LOCAL_RANK": "1", "NODE_RANK": "0"}, Launcher(rank=1)),
    ],
)
def test_what_started_this_process(environment: dict[str, str], found: Launcher) -> None:
    assert find_launcher(environment) == found
    assert found.is_first == (found.rank == 0)


@pytest.mark.parametrize(
    ("environment", "missing"),
    [
        (SLURM, "without srun; start with: srun"),
        ({**SLURM, "SLURM_PROCID": "0"}, "without --ntasks-per-node"),
    ],
)
def test_slurm_tasks_that_would_wait_for_ever(environment: dict[str, str], missing: str) -> None:
    with pytest.raises(ArcworldError, match=missing):
        find_launcher(environment)


@pytest.mark.parametrize(
    ("devices", "nodes", "refused"),
    [("2", 1, ""), ("auto", None, ""), ("4", None, "--devices 4, but srun"), ("2", 3, "--num-no")],
)
def test_numbers_agree_with_the_launcher(devices: str, nodes: int | None, refused: str) -> None:
    launcher = Launcher("srun", 1, 2, 1)
    if not refused:
        check_devices(devices, nodes, launcher)
        return
    with pytest.raises(ArcworldError, match=refused):
        check_devices(devices, nodes, launcher)


@pytest.mark.parametrize(
    ("given", "refused"), [(SRUN, "2 processes that srun started"), (SLURM, "without srun")]
)
@pytest.mark.parametrize("words", [("demo", "--out", "d"), ("crossval", "r", "--data", "d")])
def test_commands_of_one_process_refuse_several_before_any_work(
    given: dict[str, str],
    refused: str,
    words: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert main([*words]) == 2
    assert refused in capsys.readouterr().err and not any(tmp_path.iterdir())


@pytest.mark.timeout(600)
@pytest.mark.skipif(sys.platform != "linux", reason="starts processes as Slurm does")
def test_two_tasks_of_srun_train_one_run(tmp_path: Path) -> None:
    """As srun starts them; only the first writes and speaks."""
    make_demos(tmp_path / "demos", games=("taps",), demos_per_game=3)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    words = ["train", "--data", str(tmp_path / "demos"), "--recipe", "debug"]
    words += ["--out", str(tmp_path / "run"), "--set", "world_model_schedule.steps=4"]
    words += ["--set", "policy_schedule.steps=2"]
    tasks = [
        subprocess.Popen(
            [sys.executable, "-c", MAIN, *words],
            env={
                **{key: value for key, value in os.environ.items() if "RANK" not in key},
                **SRUN,
                "SLURM_PROCID": rank,
                "SLURM_LOCALID": rank,
                "SLURM_NODEID": "0",
                "MASTER_ADDR": "127.0.0.1",
                "MASTER_PORT": port,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in ("0", "1")
    ]
    said = [task.communicate(timeout=500) for task in tasks]
    assert [task.returncode for task in tasks] == [0, 0], said
    assert "done; measure it with" in said[0][0] and said[1][0] == ""
    assert "policy: 2/2" in said[0][1] and "policy: 2/2" not in said[1][1]
    assert from_pretrained(tmp_path / "run").name == "run"
