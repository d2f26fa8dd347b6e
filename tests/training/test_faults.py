"""Each fault does what its name says, and is off by default."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from arcworld.errors import ArcworldError
from arcworld.frames.codebook import PatchCodebook, PatchCodebookConfig
from arcworld.recordings.dataset import Dataset
from arcworld.recordings.episode import Episode, Outcome
from arcworld.recordings.packed import Packer
from arcworld.recordings.split import Split
from arcworld.tokens.batches import IGNORE
from arcworld.tokens.sequence import encode_episode
from arcworld.tokens.vocabulary import Vocabulary
from arcworld.tokens.windows import WindowSampler
from arcworld.training.faults import aligned, training_part, with_faults
from arcworld.training.recipes import recipe


def test_alignment_pairs_a_frame_with_the_action_that_led_to_it(
    make_episode: Callable[..., Episode],
) -> None:
    episode = make_episode(seed=3, frames=20)
    codebook = PatchCodebook(PatchCodebookConfig(64))
    codebook.fit([episode.frames_THW])
    coded = encode_episode(episode, codebook)
    assert aligned(recipe("debug"), coded) is coded
    late = aligned(with_faults(recipe("debug"), ["alignment"]), coded)
    assert late.types_A[0] == 0 and late.cells_A[0] == 64
    assert np.array_equal(late.types_A[1:], coded.types_A[:-1])
    assert np.array_equal(late.cells_A[1:], coded.cells_A[:-1])
    assert np.array_equal(late.outcomes_A, coded.outcomes_A)


def test_a_leaked_split_trains_on_validation(make_episode: Callable[..., Episode]) -> None:
    packer, guids = Packer(), ("train", "validation")
    for guid in guids:
        packer.add(guid, replace(make_episode(), guid=guid))
    packed = packer.finish()
    split = Split(frozenset(guids[:1]), frozenset(guids[1:]))
    data = Dataset(Path("data"), packed, packed.entries, split)
    assert training_part(recipe("debug"), data).guids == ("train",)
    assert training_part(with_faults(recipe("debug"), ["split"]), data).guids == guids


def test_without_negatives_only_what_happened_is_taught(
    make_episode: Callable[..., Episode],
) -> None:
    episode = make_episode(frames=30)
    episode.outcomes_A[:] = [Outcome.NOTHING, Outcome.LEVEL_WON] * 14 + [Outcome.GAME_OVER]
    codebook = PatchCodebook(PatchCodebookConfig(64))
    codebook.fit([episode.frames_THW])
    coded = encode_episode(episode, codebook)
    for names, taught in (([], {0, 1, 2}), (["negatives"], {1, 2})):
        made = with_faults(recipe("debug"), names)
        vocabulary = Vocabulary("v2", 64)
        sampler = WindowSampler(
            vocabulary, [coded], ["a"], made.windows, made.weights, codebook.lexicon
        )
        batch = sampler.lay_out([coded])
        outcomes = batch.outcomes_BL[batch.outcomes_BL != IGNORE]
        assert set(outcomes.tolist()) == taught
        after = batch.weights_BL[0][batch.labels_BL[0] == vocabulary.frame][1:]
        assert bool((after > 0).any()) == (not names)


def test_an_unknown_fault_is_named_and_the_nearest_suggested() -> None:
    with pytest.raises(ArcworldError, match="no fault 'negative'; did you mean"):
        with_faults(recipe("debug"), ["negative"])
