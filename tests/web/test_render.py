"""Pictures without a server."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from arcworld.cli import main


@pytest.mark.parametrize("kind", ["gif", "apng"])
def test_strips_that_stand_and_move(
    demo: Path, tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    source = next(demo.rglob("*.gz"))
    words = ["render", "small", "--data", str(source), "--out", str(tmp_path), "--steps", "3"]
    assert main([*words, "--moving", kind]) == 0
    strip, moving = (Path(line) for line in capsys.readouterr().out.split())
    with Image.open(strip) as picture:
        assert picture.width > 3 * 128 and picture.height > 5 * 128
    with Image.open(moving) as picture:
        assert getattr(picture, "n_frames", 1) == 3


def test_a_step_that_is_not_there(
    demo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = str(next(demo.rglob("*.gz")))
    assert main(["render", "--data", source, "--out", str(tmp_path), "--first", "9999"]) == 2
    assert "no step 9999" in capsys.readouterr().err
