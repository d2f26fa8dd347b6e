"""Terminal, JSON and Markdown agree; two runs also get the closing table."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from arcworld.cli import main
from arcworld.diagnosis.summary import COLUMNS
from arcworld.models.policies.policy import Policy
from arcworld.models.run import Run
from arcworld.recordings import Dataset


@pytest.fixture(scope="module")
def page(
    made_up: Dataset,
    barely: Run,
    controls: dict[str, Policy],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """The page of a copier next to a reader of the screen."""
    folder = tmp_path_factory.mktemp("page")
    runs = {
        name: replace(barely, folder=Path(name), policy=cast(Any, controls[name]))
        for name in ("copier", "reader")
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ARCWORLD_CACHE", str(folder / "cache"))
        patch.setattr("arcworld.diagnosis.clicks.PER_GAME", 4)
        patch.setattr("arcworld.commands.evaluate.open_run", lambda path: runs[path.name])
        line = ["diagnose", "copier", "reader", "--data", str(made_up.path), "--out", str(folder)]
        assert main([*line, "--json", str(folder / "copy.json")]) == 0
    return folder / "diagnosis.md"


def test_markdown_and_json_say_the_same(page: Path) -> None:
    text, reported = page.read_text(), json.loads((page.parent / "diagnosis.json").read_text())
    assert reported == json.loads((page.parent / "copy.json").read_text())
    assert [each["about"]["run"] for each in reported["runs"]] == ["copier", "reader"]
    for each in reported["runs"]:
        for finding in each["findings"].values():
            assert finding["words"] in text and finding["question"] in text
            assert all(f"| {name} |" in text for name in finding["measures"])
    assert text.index("Closing table, measured") < text.index("## copier")


def test_the_closing_table_has_its_rows_measured(page: Path) -> None:
    rows = json.loads((page.parent / "diagnosis.json").read_text())["closing"]
    assert [row["aspect"] for row in rows] == [
        "click game dynamics",
        "action prediction",
        "policy independence",
        "walks frame prediction",
        "lamps frame prediction",
        "agent on click games",
    ]
    assert all(tuple(row) == COLUMNS and all(row.values()) for row in rows)
    assert rows[1]["verdict"] == "holds" and rows[1]["v1 measured"].startswith("copies:")


def test_plots_are_there_for_each_run(page: Path) -> None:
    for name in ("copier", "reader"):
        assert f"]({name}.png)" in page.read_text()
        assert (page.parent / f"{name}.png").stat().st_size > 5_000
