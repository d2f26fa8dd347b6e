"""Output of commands: tables on the terminal, JSON files, progress."""

from __future__ import annotations

import json as json_module
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from arcworld.errors import ArcworldError

if TYPE_CHECKING:
    from arcworld.evaluation.report.report_tables import TextTable
    from arcworld.recordings.dataset import Dataset

WIDE = 140
"""Columns if standard output is not a terminal."""
NAMED = 5
"""Maximum number of skipped files that are named; the others are counted."""


def console() -> Any:
    """A rich console on standard output."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else WIDE, highlight=False, soft_wrap=False)


def print_tables(tables: Sequence[TextTable]) -> None:
    """Print tables on standard output."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    page = console()
    for table in tables:
        drawn = Table(
            title=table.title, title_justify="left", title_style="bold", box=SIMPLE_HEAD,
            pad_edge=False, padding=(0, 1),
        )  # fmt: skip
        for i, column in enumerate(table.columns):
            worded = i < table.text_columns or column.startswith("against")
            drawn.add_column(column, justify="left" if worded else "right", no_wrap=not worded)
        for row in table.rows:
            cells = [Text(cell, style=_style(cell)) for cell in row]
            drawn.add_row(*cells)
        page.print(drawn)
        if table.note:
            page.print(table.note, style="dim")
        page.print()


def _style(cell: str) -> str:
    if cell.startswith(("baseline wins", "no better")):
        return "yellow"
    return "green" if cell.startswith("better") else ""


def reserve(path: Path | None) -> Path | None:
    """Check before the work that a file can be written afterwards; makes its folder.

    Raises:
        ArcworldError: it cannot be written.
    """
    if path is None:
        return None
    if path.is_dir():
        raise ArcworldError(f"{path}: a folder is there; expected a file to write; name one in it")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ArcworldError(
            f"{path.parent}: no folder can be made here ({error.strerror}); name another file"
        ) from None
    return path


def write_json(path: Path | None, value: Any) -> None:
    """Write JSON completely or not at all; do nothing if `path` is None."""
    from arcworld.recordings.files import write_bytes

    if path is None:
        return
    try:
        write_bytes(path, (json_module.dumps(value, indent=1) + "\n").encode())
    except OSError as error:
        raise ArcworldError(
            f"{path}: cannot be written ({error.strerror}); name another file"
        ) from None


def open_data(data: Path | Sequence[Path], seed: int = 0) -> Dataset:
    """Open recordings of one folder or several, and print which files were left out."""
    from arcworld.recordings.joined import load_dataset

    folders = [data] if isinstance(data, Path) else list(data)
    dataset = load_dataset(folders, seed=seed)
    for skipped in dataset.skipped[:NAMED]:
        say(f"left out: {skipped.reason}")
    if len(dataset.skipped) > NAMED:
        more = len(dataset.skipped) - NAMED
        say(f"left out: {more} more; `{command('check', *folders)}` names them all")
    return dataset


def say(line: str) -> None:
    """Print one line on standard error."""
    print(line, file=sys.stderr, flush=True)


def command(*words: object) -> str:
    """A command line in the form that a user types.

    >>> command("evaluate", "runs/my run", "--data", "demos")
    "arcworld evaluate 'runs/my run' --data demos"
    """
    return shlex.join(["arcworld", *map(str, words)])


class Reporter:
    """Progress bars of work with several stages; call it with (stage, done, total)."""

    def __init__(self) -> None:
        self._name = ""
        self._bar: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()

    def __call__(self, what: str, done: int, total: int, **measures: float) -> None:
        """Show that `done` of `total` are complete, with `measures` next to them."""
        from arcworld.training.progress import Progress

        if what != self._name:
            self._close()
            self._name, self._bar = what, Progress(what, total)
            self._bar.__enter__()
        self._bar.update(done, measures)

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.__exit__(None, None, None)
        self._name, self._bar = "", None
