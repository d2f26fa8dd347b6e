"""Join several data sets into one, packed in memory.

A frame that two data sets share is stored once. Each data set keeps its own split.
"""

from __future__ import annotations

from collections.abc import Sequence

from arcworld.recordings.dataset import Dataset
from arcworld.recordings.packed import Packer
from arcworld.recordings.split import Split


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
