"""Open one data set, or join several into one that is packed in memory.

A frame that two data sets share is stored once. Each data set keeps its own split.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from arcworld.errors import ArcworldError
from arcworld.recordings.dataset import Dataset, open_dataset
from arcworld.recordings.packed import Packer
from arcworld.recordings.split import Split


def load_dataset(
    data: str | Path | Sequence[str | Path], *, seed: int = 0, cache: str | Path | None = None
) -> Dataset:
    """Load recordings: those of a folder, a zip archive or a file, or of several together.

    `open_dataset` says how files are read, cached and left out.

    >>> dataset = arcworld.load_dataset("demos")
    >>> dataset["train"].transitions > dataset["validation"].transitions > 0
    True

    Args:
        data: a path, or several.
        seed: of the split by guid, for recordings without a `split.json`.
        cache: the cache folder; else `$ARCWORLD_CACHE`, else `~/.cache/arcworld`.

    Raises:
        ArcworldError: a path does not exist or holds no usable recording, or none is given.
    """
    paths = [data] if isinstance(data, str | Path) else list(data)
    if not paths:
        raise ArcworldError("found no path of recordings; expected one or more; name a folder")
    return join([open_dataset(path, seed=seed, cache=cache) for path in paths])


def join(datasets: Sequence[Dataset]) -> Dataset:
    """Return one data set with the recordings of all; its path is the first one's.

    A recording that several data sets hold is taken, with its part of the split, from the first.
    """
    if len(datasets) == 1:
        return datasets[0]
    packer = Packer()
    train: set[str] = set()
    validation: set[str] = set()
    for dataset in datasets:
        known = train | validation
        train |= dataset.split.train - known
        validation |= dataset.split.validation - known
        for entry, episode in zip(dataset.entries, dataset.episodes, strict=True):
            if entry.guid not in known:
                packer.add(entry.source, episode)
    packed = packer.finish([skipped for dataset in datasets for skipped in dataset.skipped])
    players = {guid: name for one in datasets[::-1] for guid, name in one.split.players.items()}
    split = Split(frozenset(train), frozenset(validation), players)
    return Dataset(datasets[0].path, packed, packed.entries, split)
