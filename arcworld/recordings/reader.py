"""Read a recording, in any dialect, compression and encoding, as episodes.

`dialects` parses one row; this module combines the rows. Files are read line by line, so that
memory holds the frames of one file but not its text.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from arcworld.errors import ArcworldError
from arcworld.recordings.assembly import Segment, content_guid, fault, lost_frame, restarts
from arcworld.recordings.consistency import ActionEvidence, contradiction
from arcworld.recordings.dialects import Row, Summary, name_dialect, parse_row
from arcworld.recordings.episode import RESET, Episode
from arcworld.recordings.files import shown
from arcworld.recordings.grids import RowError
from arcworld.recordings.lines import LineError, read_lines
from arcworld.recordings.provenance import RECORDED
from arcworld.recordings.recording import Problem, Recording
from arcworld.recordings.row_order import RowOrder

MAX_PROBLEMS = 20


def read_recording(path: Path | str, *, strict: bool = True) -> Recording:
    """Read a recording of any dialect; compression and encoding are detected from the content.

    Args:
        path: the file.
        strict: raise at the first fatal problem; else list all problems in the result.

    Raises:
        ArcworldError: `path:line: found ...; expected ...; do ...`, or the file cannot be opened.
    """
    reading = _Reading(Path(path), strict)
    for number, line in _lines(reading):
        reading.add_line(number, line)
    return reading.finish()


def iter_grids(path: Path | str) -> Iterator[NDArray[np.uint8]]:
    """Yield the animation of each row as uint8 [n, 64, 64]; rows without a grid are left out.

    The i-th animation led to the i-th frame, counted over all episodes of `read_recording`.

    Raises:
        ArcworldError: as `read_recording`, when iteration reaches the bad row.
    """
    reading = _Reading(Path(path), strict=True)
    for number, line in _lines(reading):
        row = reading.parse(number, line)
        if isinstance(row, Row) and len(row.grids):
            yield row.grids


def game_of(path: Path | str) -> str:
    """Return the game id in the first row of a file, without reading the rest.

    Raises:
        ArcworldError: that row cannot be used, or there is none.
    """
    reading = _Reading(Path(path), strict=True)
    for number, line in _lines(reading):
        row = reading.parse(number, line)
        if isinstance(row, Row):
            return row.game_id
    raise ArcworldError(f"{shown(path)}: found no row of play; expected one; leave this file out")


class _Reading:
    """The state while one file is read."""

    def __init__(self, path: Path, strict: bool) -> None:
        self.path, self.strict = path, strict
        self.problems: dict[tuple[str, bool], Problem] = {}
        self.repeats: dict[tuple[str, bool], int] = {}
        self.episodes: list[Episode] = []
        self.segment: Segment | None = None
        self.first: Row | None = None
        self.guid = ""
        self.evidence = ActionEvidence()
        self.order = RowOrder()
        self.flag_is_kept = True
        self.summary: tuple[int, Summary] | None = None
        self.rows = self.frames = self.refused = 0
        self.broken = False

    def report(self, line: int, message: str, fatal: bool = True) -> None:
        """Record a problem, once per message; raise a fatal one if reading is strict."""
        if fatal and self.strict:
            raise ArcworldError(Problem(line, message, True).at(self.path))
        self.broken |= fatal
        key = (message, fatal)
        if key in self.problems:
            self.repeats[key] = self.repeats.get(key, 0) + 1
            return
        self.problems[key] = Problem(line, message, fatal)
        if len(self.problems) == MAX_PROBLEMS:
            found = f"stopped looking after {MAX_PROBLEMS} problems"
            self.problems[found, False] = Problem(line, found, False)

    def parse(self, number: int, line: bytes) -> Row | Summary | None:
        try:
            return parse_row(line)
        except RowError as error:
            cut = not line.endswith(b"\n") and "not JSON" in str(error)
            hint = f"found a last row cut off after {len(line)} bytes; expected a whole row;"
            hint += " restore the file, or delete this line to use the rows before it"
            self.report(number, hint if cut else str(error))
            return None

    def add_line(self, number: int, line: bytes) -> None:
        self.rows += 1
        if len(self.problems) >= MAX_PROBLEMS:
            return
        row = self.parse(number, line)
        if self.summary is not None and isinstance(row, Row):
            self.report(
                self.summary[0],
                "found a row with neither frame nor action_input before the last row;"
                " expected both; restore the row",
            )
            self.summary = None
        if isinstance(row, Summary):
            self.summary = (number, row)
        elif row is not None:
            self.order.add(number, line, row.time)
            self._add_row(number, row)

    def _add_row(self, number: int, row: Row) -> None:
        row = self._with_file_facts(number, row)
        first = self.first = self.first or row
        before = self.segment.rows[-1] if self.segment else None
        wrong = fault(first, before, row) or (None if self.broken else lost_frame(before, row))
        if wrong:
            self.report(number, wrong)
        if self.broken:
            return
        if not len(row.grids):
            found = "left out a row without a frame: an action after the game was over"
            self.report(number, found, fatal=False)
            self.refused += 1
            return
        if against := contradiction(before, row):
            self.report(number, against)
            return
        if self.segment is None or before is None or restarts(before, row):
            self._close()
            self.segment = Segment(start=self.frames)
            self.evidence.begin()
        else:
            self.evidence.add(before, row)
        self._remark(number, before, row)
        self.segment.add(row)
        self.frames += 1

    def _with_file_facts(self, number: int, row: Row) -> Row:
        """Return the row with the file's guid, and with `full_reset` None if it is unreliable.

        The RESET that opens a game is a full one. If the flag of that row is false, the recorder
        does not set the flag at all.
        """
        self.guid = self.guid or row.guid
        if not row.guid:
            found = "no guid: taken from the other rows, or made from the content"
            self.report(number, found, fatal=False)
        opening = self.first is None and (row.action is None or row.action[0] == RESET)
        if opening and row.full_reset is False and not row.levels_completed:
            self.flag_is_kept = False
            found = (
                "full_reset is false where the game opens: full resets are detected by their effect"
            )
            self.report(number, found, fatal=False)
        unknown = row.full_reset is False and not self.flag_is_kept
        return replace(
            row, guid=row.guid or self.guid, full_reset=None if unknown else row.full_reset
        )

    def _remark(self, number: int, before: Row | None, row: Row) -> None:
        """Record what is unusual in a row but does not make it unusable."""
        if before is None and row.action is not None and row.action[0] != RESET:
            self.report(number, "the recording starts in the middle of play", fatal=False)
        if row.full_reset and row.action is not None and row.action[0] != RESET and before:
            found = "full_reset with an action other than RESET: taken as an ordinary row"
            self.report(number, found, fatal=False)
        if before and row.levels_completed > before.levels_completed + 1:
            found = "several levels completed by one action: rows may be missing"
            self.report(number, found, fatal=False)
        if row.available is None:
            found = "no available_actions (missing or empty): taken as all actions of the episode"
            self.report(number, found, fatal=False)

    def _close(self) -> None:
        if self.segment is not None:
            self.episodes.append(self.segment.episode())
        self.segment = None

    def _count(self) -> None:
        """Compare the number of actions with the one in the summary row of a human recording."""
        counted = self.summary[1].actions if self.summary else None
        found = self.frames + self.refused - 1
        if (
            self.summary is not None
            and counted is not None
            and counted != found
            and not self.broken
        ):
            self.report(
                self.summary[0],
                f"the summary counts {counted} actions, the rows {found}: rows may be missing",
                fatal=False,
            )

    def _judge(self) -> None:
        """Record the problems that only show over all rows."""
        if self.broken:
            return
        if not self.frames:
            found = "rows but no frame" if self.rows else "an empty file"
            self.report(0, f"found {found}; expected rows of play; remove it or record again")
        elif self.frames == len(self.episodes):
            self.report(0, "no action was taken: there is nothing to learn", fatal=False)
        if against := self.evidence.contradiction():
            self.report(0, against)
        else:
            for found in self.evidence.remarks():
                self.report(0, found, fatal=False)
        for line, found in self.order.remarks():
            self.report(line, found, fatal=False)

    def finish(self) -> Recording:
        """Return the recording."""
        self._close()
        self._judge()
        self._count()
        problems = [
            replace(p, message=f"{p.message} (rows like it: {self.repeats[key] + 1})")
            if key in self.repeats
            else p
            for key, p in self.problems.items()
        ]
        first = self.first
        summary = self.summary[1].dialect if self.summary else "unknown"
        named = name_dialect(first.dialect, summary, self.path) if first else "unknown"
        player = self.summary[1].player if self.summary else None
        by = player or RECORDED
        guid = self.guid or (content_guid(self.episodes) if self.episodes else "")
        return Recording(
            path=self.path,
            dialect=named,
            game_id=first.game_id if first else "",
            guid=guid,
            episodes=tuple(replace(e, guid=guid, player=by) for e in self.episodes),
            rows=self.rows,
            problems=tuple(problems),
            player=by,
        )


def _lines(reading: _Reading) -> Iterator[tuple[int, bytes]]:
    try:
        yield from read_lines(reading.path)
    except LineError as error:
        reading.report(error.line, str(error))
