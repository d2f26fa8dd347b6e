"""`arcworld kaggle`: a data set and a notebook for the competition on Kaggle."""

from __future__ import annotations

from pathlib import Path


def kaggle(*, out: Path, run: Path | None = None, user: str = "USER", python: str = "3.12") -> None:
    """Build a Kaggle data set and a notebook that play the ARC Prize 2026 competition.

    The data set contains the agent, the run, and wheels of arcworld and of packages that Kaggle's
    image lacks (downloaded with pip). The notebook needs no network. Upload both with the `kaggle`
    client: `kaggle datasets create -p OUT/dataset --dir-mode zip`, then `kaggle kernels push -p
    OUT/notebook`.

    Example: `arcworld kaggle --run runs/demo --out kaggle --user me`

    Args:
        out: folder to write; it must be new, empty, or built by this command before.
        run: folder that `arcworld train` made; without it, the shipped weights `small` play.
        user: the Kaggle account that owns the data set and the notebook.
        python: Kaggle's version of Python.
    """
    from arcworld.commands.output import say
    from arcworld.integrations.kaggle import KaggleConfig, build

    files = build(run, out, KaggleConfig(user=user, python=python))
    size = sum(path.stat().st_size for path in files)
    say(f"arcworld: {out}: {len(files)} files, {size / 2**20:.1f} MiB")
    say(f"arcworld: next: kaggle datasets create -p {out / 'dataset'} --dir-mode zip")
    say(f"arcworld: then: kaggle kernels push -p {out / 'notebook'}")
