"""Real tournaments: processes that die, hang or are stopped lose no other result."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from arcworld.cli import main
from arcworld.errors import ArcworldError
from arcworld.tournament import backends, ray_backend
from arcworld.tournament.results import RESULTS, PlayResult
from arcworld.tournament.settings import Settings
from arcworld.tournament.tournament import run_tournament

type WriteGames = Callable[..., Path]


def results(out: Path) -> dict[tuple[str, int], dict[str, Any]]:
    lines = [json.loads(line) for line in (out / RESULTS).read_text().splitlines()]
    found = {(line["game_id"], line["seed"]): line for line in lines}
    assert len(found) == len(lines), "a play was played twice"
    return found


def test_processes_that_die_or_hang_lose_one_play_each(
    write_games: WriteGames, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backends, "TIMEOUT", 4.0)
    settings = Settings(("random",), (write_games("dies", "fine", "hangs"),), max_actions=9)
    out = tmp_path / "out"
    report = run_tournament(settings, out, workers=1)
    found = results(out)
    assert found["dies-0001", 0]["error"] == "its process died (exit code 3)"
    assert found["hangs-0001", 0]["error"] == "no action in 4 seconds"
    assert found["fine-0001", 0]["levels_completed"] == 4
    assert report.measures["random"]["all"].crashes == 2
    page = (out / "report.md").read_text()
    assert "## Crashed" in page and "exit code 3" in page
    assert (out / "levels.png").read_bytes().startswith(b"\x89PNG")


def test_what_is_played_is_not_played_again_and_backends_agree(
    write_games: WriteGames, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", FakeRay())  # type: ignore[arg-type]
    games = (write_games("fine", "loses"),)
    settings = Settings(("random",), games, max_actions=5, seeds=2, start_perturbed=1)
    one, two = tmp_path / "one", tmp_path / "two"
    run_tournament(settings, one, backend_name="ray")
    lines = (one / RESULTS).read_text().splitlines(keepends=True)
    two.mkdir()
    (two / "tournament.json").write_bytes((one / "tournament.json").read_bytes())
    kept = json.loads(lines[0]) | {"actions": 77}
    (two / RESULTS).write_text(json.dumps(kept) + "\n" + lines[1] + lines[2][:40])
    reported: list[tuple[int, int]] = []
    run_tournament(
        settings,
        two,
        workers=2,
        progress=lambda _, done, total, **__: reported.append((done, total)),
    )
    first, second = results(one), results(two)
    assert second[kept["game_id"], kept["seed"]]["actions"] == 77
    for key in first.keys() - {(kept["game_id"], kept["seed"])}:
        for clock in ("seconds", "agent_seconds", "think_ms"):
            del first[key][clock], second[key][clock]
        assert first[key] == second[key]
    assert reported[-1] == (2 * 5, 2 * 5)
    with pytest.raises(ArcworldError, match="seeds 2, not 3"):
        run_tournament(replace(settings, seeds=3), two)


GROUPS = pytest.mark.skipif(sys.platform == "win32", reason="sends signals to a process group")


def listen_to_ctrl_c() -> None:
    """Background processes of a script ignore Ctrl-C, and so do their children; undo this."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@GROUPS
def test_ctrl_c_leaves_results_a_hint_and_no_process(
    write_games: WriteGames, tmp_path: Path
) -> None:
    words = ["tournament", "--agents", "random", "--games", str(write_games("fine", "hangs"))]
    command = [sys.executable, "-m", "arcworld.cli", *words, "--workers", "1", "--out", "out"]
    with subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        start_new_session=True,
        preexec_fn=listen_to_ctrl_c,
    ) as process:
        kept = tmp_path / "out" / RESULTS
        wait_until(lambda: kept.exists() and kept.read_text().endswith("\n"))
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        reported = process.communicate(timeout=60)[1]
    wait_until(lambda: not group_lives(process.pid))
    assert process.returncode == 130 and "Traceback" not in reported
    assert "stopped; continue with: arcworld tournament --agents random" in reported
    assert results(tmp_path / "out").keys() == {("fine-0001", 0)}


SCRIPT = """
import sys
from pathlib import Path
from arcworld.tournament.backends import play_in_processes
from arcworld.tournament.settings import Play, Settings

if __name__ == "__main__":
    plays = [Play(game, "random", 0, Path(sys.argv[1])) for game in ("fine-0001", "hangs-0001")]
    for result in play_in_processes(Settings(("random",)), plays, 1):
        print(result.ended, flush=True)
"""


@GROUPS
def test_workers_end_where_their_tournament_was_killed(
    write_games: WriteGames, tmp_path: Path
) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    command = [sys.executable, "script.py", str(write_games("fine", "hangs"))]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, cwd=tmp_path, start_new_session=True
    ) as process:
        assert process.stdout is not None and process.stdout.readline() == "won\n"
        assert group_lives(process.pid)
        process.kill()
    wait_until(lambda: not group_lives(process.pid))


def wait_until(holds: Callable[[], bool], seconds: float = 120) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, f"still not after {seconds:.0f} s"
        time.sleep(0.05)


def group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_script_without_a_guard_is_an_error(
    write_games: WriteGames, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backends, "_work", sys.exit)
    settings = Settings(("random",), (write_games("fine"),))
    with pytest.raises(ArcworldError, match=r"cannot be started .* `if __name__"):
        run_tournament(settings, tmp_path / "out", workers=1)


class FakeRay(SimpleNamespace):
    """Ray as `ray_backend` uses it: tasks run when they are waited for, in any order."""

    def __init__(self, lost_seed: int = -1) -> None:
        super().__init__(cancelled=[], is_on=False, most=0, lost_seed=lost_seed)

    def is_initialized(self) -> bool:
        return self.is_on

    def init(self, **_: Any) -> None:
        self.is_on = True

    def shutdown(self) -> None:
        self.is_on = False

    def remote(self, **settings: Any) -> Callable[[Any], Any]:
        assert settings == {"num_cpus": 1, "max_retries": 0}
        return lambda work: SimpleNamespace(remote=lambda *inputs: (work, *inputs))

    def wait(self, running: list[Any], **_: Any) -> tuple[list[Any], list[Any]]:
        self.most = max(self.most, len(running))
        return running[-1:], running[:-1]

    def get(self, task: Any) -> Any:
        work, settings, play = task
        if play.seed == self.lost_seed:
            raise RuntimeError("the node\nis gone")
        return work(settings, play)

    def cancel(self, task: Any, *, force: bool) -> None:
        self.cancelled.append((task, force))


def test_ray_gives_the_same_report(
    write_games: WriteGames, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeRay(lost_seed=1)
    monkeypatch.setitem(sys.modules, "ray", fake)  # type: ignore[arg-type]
    settings = Settings(("random",), (write_games("fine"),), seeds=3)
    report = run_tournament(settings, tmp_path / "out", workers=2, backend_name="ray")
    assert report.measures["random"]["all"].levels == (4 + 0 + 4) / 3
    assert [play.error for play in report.crashed] == ["its process died: the node is gone"]
    assert fake.most == 2 and not fake.is_on
    plays = ray_backend.play_on_ray(settings, settings.plays(), 3)
    assert isinstance(next(plays), PlayResult)
    plays.close()  # Ctrl-C
    assert len(fake.cancelled) == 2 and all(force for _, force in fake.cancelled)


def test_ray_uploads_no_working_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else `uv run` below the project, or beside large files, ends in an error of Ray's."""
    monkeypatch.setitem(sys.modules, "ray", FakeRay())  # type: ignore[arg-type]
    for given, expected in (("", "0"), ("1", "1")):
        monkeypatch.setenv(ray_backend.UV_HOOK, given)
        if not given:
            monkeypatch.delenv(ray_backend.UV_HOOK)
        ray_backend.import_ray()
        assert os.environ[ray_backend.UV_HOOK] == expected


def test_a_cluster_that_cannot_be_reached_is_an_error(
    write_games: WriteGames, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: Any) -> None:
        raise ConnectionError("no node\nat 10.0.0.1")

    fake = FakeRay()
    fake.init = refuse
    monkeypatch.setitem(sys.modules, "ray", fake)  # type: ignore[arg-type]
    settings = Settings(("random",), (write_games("fine"),))
    with pytest.raises(ArcworldError, match=r"started \(no node at 10.0.0.1\); .* RAY_ADDRESS"):
        run_tournament(settings, tmp_path / "out", backend_name="ray")


def test_without_ray_one_line_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    words = ["tournament", "--agents", "random", "--backend", "ray", "--out", str(tmp_path / "out")]
    assert main(words) == 2
    (reported,) = capsys.readouterr().err.splitlines()
    assert "not installed" in reported and "arcworld[ray]" in reported
    assert not (tmp_path / "out").exists()


BAD = {
    "unknown agent": (["--agents", "random,explorr"], "did you mean 'explorer'?"),
    "no agent": (["--agents", ","], "no agent is named"),
    "agent twice": (["--agents", "random,random"], "named twice"),
    "no run": (["--agents", "world-model"], "expected a run"),
    "run missing": (["--agents", "policy", "--run", "nowhere"], "nowhere: found no run"),
    "no data": (["--agents", "replay"], "give them with --data"),
    "no folder": (["--agents", "random", "--games", "nowhere"], "nowhere: found nothing; expected"),
    "unknown game": (["--agents", "random", "--only", "kees"], "did you mean 'keys'?"),
    "no seeds": (["--agents", "random", "--seeds", "0"], "seeds is 0; expected 1"),
    "no actions": (["--agents", "random", "--max-actions", "0"], "max_actions is 0"),
    "no workers": (["--agents", "random", "--workers", "0"], "workers is 0"),
    "redrawn": (["--agents", "random", "--redraw", "core"], "did you mean 'cores'?"),
    "perturbed": (["--agents", "random", "--start-perturbed", "-1"], "start_perturbed is -1"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_used_gets_one_line_and_leaves_nothing(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    words, expected = BAD[case]
    assert main(["tournament", *words]) == 2
    (reported,) = capsys.readouterr().err.splitlines()
    assert reported.startswith("arcworld: ") and expected in reported
    assert not list(tmp_path.iterdir())


def test_a_game_in_two_folders_is_refused(write_games: WriteGames) -> None:
    folders = (write_games("fine"), write_games("fine", folder="more"))
    with pytest.raises(ArcworldError, match=r"fine-0001 is in .* and in .*more"):
        Settings(("random",), folders).plays()
