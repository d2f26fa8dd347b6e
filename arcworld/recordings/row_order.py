"""Detect rows of a file that are out of order or repeated, by their timestamps."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class RowOrder:
    """Compares the timestamps and the lines of a file's rows.

    If all rows have the same timestamp, the recorder has no clock and nothing is reported: two
    actions without effect write equal lines. Timestamps in whole seconds may repeat.
    """

    _last: float | None = None
    _first: float | None = None
    _ticking: bool = False
    _fractions: bool = False
    _back: list[int] = field(default_factory=list[int])
    _equal: list[int] = field(default_factory=list[int])
    _repeats: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    _lines: dict[int, int] = field(default_factory=dict[int, int])

    def add(self, number: int, line: bytes, time: float | None) -> None:
        """Add one row: its number, its text and its timestamp in seconds."""
        if time is None:
            return
        first = self._lines.setdefault(hash(line.strip()), number)
        repeated = first != number
        if repeated:
            self._repeats.append((number, first))
        if self._last is not None and time < self._last:
            self._back.append(number)
        elif time == self._last and not repeated:
            self._equal.append(number)
        self._first = time if self._first is None else self._first
        self._ticking |= time != self._first
        self._fractions |= not time.is_integer()
        self._last = time

    def remarks(self) -> list[tuple[int, str]]:
        """Return what is out of order, as (row, message)."""
        if not self._ticking:
            return []
        found: list[tuple[int, str]] = []
        if self._repeats:
            number, first = self._repeats[0]
            note = f"the row repeats row {first} with the same timestamp"
            found.append((number, _counted(note, len(self._repeats))))
        if self._back:
            note = "the timestamp goes back: rows may be swapped or repeated"
            found.append((self._back[0], _counted(note, len(self._back))))
        if self._equal and self._fractions:
            note = "the timestamp equals that of the row before: rows may be repeated or changed"
            found.append((self._equal[0], _counted(note, len(self._equal))))
        return found


def _counted(message: str, count: int) -> str:
    return message if count == 1 else f"{message} (rows like it: {count})"
