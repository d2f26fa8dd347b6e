"""A Kaggle data set and notebook that play the ARC Prize 2026 competition with a run.

`arcworld kaggle --run RUN --out FOLDER` calls `build`. The folder then holds

    dataset/dataset-metadata.json     for `kaggle datasets create -p dataset --dir-mode zip`
    dataset/my_agent.py               the agent, `examples/my_agent.py`
    dataset/wheels/                   arcworld and packages that Kaggle's image lacks
    dataset/run/                      the run; left out for the shipped weights
    notebook/arcworld.ipynb           one cell, `examples/kaggle_notebook.py`
    notebook/kernel-metadata.json     for `kaggle kernels push -p notebook`
"""

from __future__ import annotations

import base64
import hashlib
import importlib.metadata
import importlib.util
import json
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from arcworld import __version__
from arcworld.errors import ArcworldError

if TYPE_CHECKING:
    from arcworld.models.run import Run

COMPETITION = "arc-prize-2026-arc-agi-3"
PACKAGES = ("backports-zstd", "orjson")
"""Packages that playing imports and Kaggle's image lacks. The competition's data has the toolkit's
wheels; torch, transformers, safetensors, numpy and scipy are in the image."""
PLATFORM = "manylinux_2_28_x86_64"
PACKAGE = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class KaggleConfig:
    """Settings of the build.

    Attributes:
        user: the Kaggle account that owns data set and notebook.
        python: Kaggle's version of Python, for which wheels are downloaded.
        packages: names of wheels to add.
    """

    user: str = "USER"
    python: str = "3.12"
    packages: tuple[str, ...] = PACKAGES


def build(run: Path | None, out: Path, config: KaggleConfig | None = None) -> list[Path]:
    """Write data set and notebook; return the files, sorted.

    Args:
        run: a folder that `arcworld train` made, of which only what play needs is written; None for
            the shipped weights `small`.
        out: a folder that does not exist, is empty, or was built by this function before.

    Raises:
        ArcworldError: `run` is no run, or in `out`; `out` has other files; or wheels cannot be
            downloaded.
    """
    config = config or KaggleConfig()
    opened = None if run is None else _open_run(run, out)
    _clear(out)
    dataset, notebook = out / "dataset", out / "notebook"
    (dataset / "wheels").mkdir(parents=True)
    notebook.mkdir()
    # First what `_clear` knows a build by, so that one that failed can be repeated.
    _write(dataset / "dataset-metadata.json", _dataset_metadata(config))
    _write(notebook / "arcworld.ipynb", as_notebook(template("kaggle_notebook.py").read_text()))
    _write(notebook / "kernel-metadata.json", _kernel_metadata(config))
    write_wheel(dataset / "wheels")
    download_wheels(dataset / "wheels", config)
    shutil.copy(template("my_agent.py"), dataset / "my_agent.py")
    if opened is not None:
        opened.save_pretrained(dataset / "run")
    return sorted(path for path in out.rglob("*") if path.is_file())


def template(name: str) -> Path:
    """Path of a file of `examples/`, in a checkout or in the installed package."""
    places = (PACKAGE / "integrations" / "kaggle_files", PACKAGE.parent / "examples")
    return next(place / name for place in places if (place / name).is_file())


def write_wheel(folder: Path) -> Path:
    """Write the installed package as a wheel, without a build backend and without network."""
    path = folder / f"arcworld-{__version__}-py3-none-any.whl"
    info = f"arcworld-{__version__}.dist-info"
    files = {
        f"arcworld/{source.relative_to(PACKAGE).as_posix()}": source.read_bytes()
        for source in sorted(PACKAGE.rglob("*"))
        if source.is_file() and "__pycache__" not in source.parts
    }
    files[f"{info}/METADATA"] = _metadata()
    files[f"{info}/WHEEL"] = (
        b"Wheel-Version: 1.0\nGenerator: arcworld\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    )
    record = "".join(f"{name},{_digest(data)},{len(data)}\n" for name, data in files.items())
    files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        for name, data in files.items():
            wheel.writestr(name, data)
    return path


def download_wheels(folder: Path, config: KaggleConfig) -> None:
    """Download wheels for Kaggle's Python with `pip download`, from the index that pip uses.

    Raises:
        ArcworldError: there is no pip, or it found no such wheel.
    """
    if not config.packages:
        return
    target = ["--only-binary=:all:", "--no-deps", "--python-version", config.python]
    target += ["--platform", PLATFORM, "--platform", "manylinux2014_x86_64", "--platform", "any"]
    line = [*_pip(), "download", "--quiet", "--dest", str(folder), *target, *config.packages]
    done = subprocess.run(line, capture_output=True, text=True)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise ArcworldError(
            f"pip download {' '.join(config.packages)} for Python {config.python}: {last};"
            " expected wheels; check the network, or another --python"
        )


def as_notebook(source: str) -> dict[str, Any]:
    """A notebook of one cell."""
    cell = {
        "cell_type": "code",
        "metadata": {},
        "execution_count": None,
        "outputs": [],
        "source": source.splitlines(keepends=True),
    }
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return {"cells": [cell], "metadata": metadata, "nbformat": 4, "nbformat_minor": 4}


def _pip() -> list[str]:
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    if shutil.which("uv") is not None:
        return ["uv", "tool", "run", "pip"]
    raise ArcworldError("no pip and no uv here; expected one, to download wheels; install pip")


def _open_run(run: Path, out: Path) -> Run:
    """Load a run, so that one that cannot play is found here, not on Kaggle."""
    from arcworld.models.run import from_pretrained

    if run.resolve().is_relative_to(out.resolve()):
        raise ArcworldError(
            f"{run}: found the run inside {out}, which is cleared; expected it elsewhere; name"
            " another --out"
        )
    if not (run / "run.json").is_file():
        raise ArcworldError(
            f"{run}: no run.json there; expected a folder that `arcworld train` made; leave out"
            " --run for the shipped weights"
        )
    if base := _base(run / "world_model" / "config.json"):
        raise ArcworldError(
            f"{run}: adapts the pretrained model {base!r}; expected a run with all its weights, as"
            " Kaggle reaches no hub; train a recipe without a pretrained model"
        )
    return from_pretrained(run.resolve())


def _base(config: Path) -> str | None:
    """The pretrained model that a run adapts, if any."""
    try:
        return json.loads(config.read_text())["backbone"].get("pretrained")
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _clear(out: Path) -> None:
    """Remove the results of an earlier build, and nothing else."""
    if out.is_dir() and (others := {p.name for p in out.iterdir()} - {"dataset", "notebook"}):
        raise ArcworldError(
            f"{out}: has {sorted(others)[0]!r} in it; expected a new or empty folder; name another"
        )
    for name in ("dataset", "notebook"):
        marker = out / name / ("dataset-metadata.json" if name == "dataset" else "arcworld.ipynb")
        if (out / name).is_dir() and any((out / name).iterdir()) and not marker.is_file():
            raise ArcworldError(
                f"{out / name}: was not built by this command; expected a new folder; name another"
            )
        shutil.rmtree(out / name, ignore_errors=True)


def _metadata() -> bytes:
    try:
        text = importlib.metadata.distribution("arcworld").read_text("METADATA")
    except importlib.metadata.PackageNotFoundError:
        text = None
    return (text or f"Metadata-Version: 2.1\nName: arcworld\nVersion: {__version__}\n").encode()


def _digest(data: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=")
    return f"sha256={digest.decode()}"


def _dataset_metadata(config: KaggleConfig) -> dict[str, Any]:
    licenses = [{"name": "Apache 2.0"}]
    return {"title": "arcworld", "id": f"{config.user}/arcworld", "licenses": licenses}


def _kernel_metadata(config: KaggleConfig) -> dict[str, Any]:
    return {
        "id": f"{config.user}/arcworld-plays",
        "title": "arcworld plays",
        "code_file": "arcworld.ipynb",
        "language": "python",
        "kernel_type": "notebook",
        "is_private": True,
        "enable_gpu": True,
        "enable_internet": False,
        "dataset_sources": [f"{config.user}/arcworld"],
        "competition_sources": [COMPETITION],
        "kernel_sources": [],
    }


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
