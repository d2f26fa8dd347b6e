"""`check` reports what each file is and what is wrong in it, and continues after a bad one."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from arcworld.errors import ArcworldError
from arcworld.recordings.check import check_paths


def test_reports(make: Any, tmp_path: Path) -> None:
    episodes = [make.episode(1, 5, levels=[0, 0, 1, 2, 2]), make.episode(2, 3, start=5)]
    make.write(tmp_path / "d/a.jsonl", make.rows("legacy", episodes))
    make.write(tmp_path / "d/b.jsonl.gz", make.rows("toolkit", episodes), zipped=True)
    make.write(tmp_path / "d/e/c.jsonl", [b"nothing"])
    make.write(tmp_path / "d/readme.md", [b"nothing"])
    good, zipped, bad = check_paths([tmp_path / "d", tmp_path / "d/a.jsonl"])
    assert (good.dialect, good.game_id, good.guid) == ("legacy", make.game, make.guid)
    assert (good.rows, good.episodes, good.steps, good.levels, good.win_levels) == (8, 2, 6, 2, 7)
    assert good.usable and not good.problems
    assert replace(zipped, path=good.path, dialect="legacy") == good
    assert not bad.usable and bad.dialect == "unknown" and bad.problems[0].line == 1
    assert json.loads(json.dumps(bad.as_dict()))["problems"][0]["fatal"] is True


def test_an_odd_name_is_one_line(make: Any, tmp_path: Path) -> None:
    path = tmp_path / "odd\nname.jsonl"
    make.write(path, make.rows("human", [make.episode()]))
    assert check_paths([path])[0].path.endswith("odd?name.jsonl")
    path.unlink()
    with pytest.raises(ArcworldError, match="found nothing at this path") as caught:
        check_paths([path])
    assert "\n" not in str(caught.value)
