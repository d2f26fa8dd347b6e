"""The digest of a data set changes only with its content."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from arcworld.recordings.dataset import open_dataset
from arcworld.recordings.novelty import content_digest


def digest(make: Any, folder: Path, rows: dict[str, list[Any]]) -> str:
    for name, content in rows.items():
        make.write(folder / "data" / name, content)
    return content_digest(open_dataset(folder / "data", cache=folder / "cache"))


def recorded(make: Any) -> list[list[Any]]:
    return [make.rows("human", [make.episode(n, 6, guid=f"g{n}")])[:-1] for n in range(3)]


def test_files_and_order_do_not_matter(make: Any, tmp_path: Path) -> None:
    one, two, three = recorded(make)
    first = digest(make, tmp_path / "x", {"a.jsonl": one, "b.jsonl": two, "c.jsonl": three})
    assert first == digest(make, tmp_path / "y", {"z.jsonl": one, "b.jsonl": three, "c.json": two})


@pytest.mark.parametrize("kind", ["halved", "action", "pixel", "level", "offered", "gone"])
def test_contents_matter(make: Any, tmp_path: Path, kind: str) -> None:
    rows = recorded(make)
    whole = digest(make, tmp_path / "x", {f"{n}.jsonl": one for n, one in enumerate(rows)})
    data = rows[1][-1]["data"]
    if kind == "halved":
        del rows[1][3:]
    elif kind == "action":
        data["action_input"] = {"id": 7 if data["action_input"]["id"] != 7 else 1, "data": {}}
    elif kind == "pixel":
        data["frame"][-1][5][5] ^= 1
    elif kind == "level":
        data["levels_completed"] = 1
    elif kind == "offered":
        data["available_actions"] = [1] if data["available_actions"] != [1] else [2]
    else:
        del rows[1]
    assert whole != digest(make, tmp_path / "y", {f"{n}.jsonl": o for n, o in enumerate(rows)})
