from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from arcworld.recordings.dataset import Dataset
from arcworld.recordings.episode import Episode
from arcworld.recordings.joined import join
from arcworld.recordings.packed import Packer
from arcworld.recordings.split import Split


def data(path: str, train: list[Episode], validation: list[Episode]) -> Dataset:
    packer = Packer()
    for episode in train + validation:
        packer.add(f"{episode.guid}.jsonl", episode)
    packed = packer.finish()
    first, second = (frozenset(e.guid for e in part) for part in (train, validation))
    return Dataset(Path(path), packed, packed.entries, Split(first, second))


def test_each_keeps_its_split_and_a_recording_counts_once(
    make_episode: Callable[..., Episode],
) -> None:
    a, b, c, d = (replace(make_episode(seed=i), guid=f"guid-{i}") for i in range(4))
    first, second = data("one", [a], [b]), data("two", [b, c], [d])
    both = join([first, second])
    assert both.guids == ("guid-0", "guid-1", "guid-2", "guid-3")
    assert both.part("train").guids == ("guid-0", "guid-2")
    assert both.part("validation").guids == ("guid-1", "guid-3")
    assert both.path == Path("one") and both.transitions == sum(len(e) for e in (a, b, c, d))
    for episode, again in zip((a, b, c, d), both.episodes, strict=True):
        assert np.array_equal(again.frames_THW, episode.frames_THW)
    assert join([first]) is first
