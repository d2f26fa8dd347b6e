"""Run plays on a Ray cluster, if one machine is not enough: `pip install 'arcworld[ray]'`.

Ray is imported only here, when it is used. RAY_ADDRESS names a running cluster; without it, Ray
starts one on this machine. Folders of games, recordings and runs must have the same paths on every
machine.
"""

from __future__ import annotations

import importlib
import os
from collections import deque
from collections.abc import Sequence
from types import ModuleType

from arcworld.errors import ArcworldError
from arcworld.tournament.events import Events, lost
from arcworld.tournament.playing import play_once
from arcworld.tournament.results import PlayResult
from arcworld.tournament.settings import Play, Settings

UV_HOOK = "RAY_ENABLE_UV_RUN_RUNTIME_ENV"


def import_ray() -> ModuleType:
    """Import Ray, so that its workers use this Python, also where `uv run` started it.

    Ray would otherwise have every worker start by `uv run`, and upload the working folder for it:
    refused in a folder below the project, and beside more than 512 MiB of files.

    Raises:
        ArcworldError: it is not installed.
    """
    os.environ.setdefault(UV_HOOK, "0")  # Ray reads it when it is imported
    try:
        return importlib.import_module("ray")
    except ImportError:
        raise ArcworldError(
            "the backend `ray` needs the package ray, which is not installed; install it with"
            " pip install 'arcworld[ray]', or use --backend processes"
        ) from None


def play_on_ray(settings: Settings, plays: Sequence[Play], workers: int) -> Events:
    """Run each play as a task on one CPU, `workers` of them at a time.

    Raises:
        ArcworldError: Ray cannot be started.
    """
    ray = import_ray()
    began = not ray.is_initialized()
    if began:
        _begin(ray)
    task = ray.remote(num_cpus=1, max_retries=0)(play_once)
    waiting, running = deque(plays), dict[object, Play]()
    try:
        while waiting or running:
            while waiting and len(running) < workers:
                play = waiting.popleft()
                running[task.remote(settings, play)] = play
            done, _ = ray.wait(list(running), num_returns=1, timeout=1.0)
            for reference in done:
                yield _result(ray, reference, running.pop(reference))
    finally:
        for reference in running:
            ray.cancel(reference, force=True)
        if began:
            ray.shutdown()


def _begin(ray: ModuleType) -> None:
    try:
        ray.init(log_to_driver=False)
    except Exception as error:
        reported = " ".join(str(error).split())[:200]
        raise ArcworldError(
            f"Ray cannot be started ({reported}); expected a cluster at RAY_ADDRESS, or resources"
            " for one on this machine; provide one, or use --backend processes"
        ) from error


def _result(ray: ModuleType, reference: object, play: Play) -> PlayResult:
    try:
        return ray.get(reference)
    except Exception as error:
        return lost(play, " ".join(f"its process died: {error}".split())[:300])
