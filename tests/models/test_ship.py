from pathlib import Path

import numpy as np
import pytest
import torch

from arcworld.errors import ArcworldError
from arcworld.games.demos import make_demos
from arcworld.models.run import from_pretrained
from arcworld.models.storage import ship as shipping
from arcworld.recordings.dataset import open_dataset
from arcworld.training.recipes import recipe
from arcworld.training.train import train


def test_what_ships_is_the_run_in_half_the_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_demos(tmp_path / "demos", ["taps"], demos_per_game=2)
    data = open_dataset(tmp_path / "demos", cache=tmp_path / "cache")
    run = train(recipe("debug"), data, tmp_path / "run", devices="1")
    target = shipping.ship(tmp_path / "run", "tiny", tmp_path / "weights")
    shipped = from_pretrained(target)
    assert not list(target.rglob("metrics.jsonl"))
    assert shipped.trained_on() == run.trained_on() == set(data.part("train").guids)
    assert shipped.game_priors == run.game_priors
    assert shipped.trained_on(["no-such-game"]) == frozenset()
    for a, b in zip(run.world_model.parameters(), shipped.world_model.parameters(), strict=True):
        assert a.dtype == b.dtype and torch.allclose(a, b, rtol=0.01, atol=1e-6)
    frames = data.episodes[0].frames_THW
    back = shipped.tokenizer.decode_frames(shipped.tokenizer.encode_frames(frames))
    assert np.array_equal(back, frames)
    monkeypatch.setattr(shipping, "MOST_BYTES", 1000)
    with pytest.raises(ArcworldError, match="expected at most 0; ship a smaller recipe"):
        shipping.ship(tmp_path / "run", "large", tmp_path / "weights")
    assert not (tmp_path / "weights" / "large").exists()
