"""Rows of a text file, one at a time: a line each, or the objects of a JSON document.

Memory holds one row, however large the file or its decompressed content is.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

from arcworld.errors import ArcworldError
from arcworld.recordings.files import shown
from arcworld.recordings.grids import short
from arcworld.recordings.opening import BUFFER, DamagedError, open_text

MAX_LINE = 64 << 20
"""Bytes in a row; a row of the longest animation seen (62 grids) has about 1 % of it."""
MAX_ROWS = 250_000
"""Rows in a file, blank lines included; the longest recording seen has about 1 % of it."""
MAX_BYTES = 8 << 30
"""Bytes in a file once decompressed."""
MAX_BLANK = 16 << 20
"""Bytes in blank lines of a file."""
_MARK = b"\xef\xbb\xbf"
_DOCUMENT = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:\[\s*\{|\{\s*\r?\n)")
"""How a document starts whose rows are not a line each: an array of objects, or spread objects."""
_BRACES = re.compile(rb'\\.|["{}]', re.DOTALL)
_BETWEEN = b" \t\r\n,[]" + _MARK


class LineError(ArcworldError):
    """The file cannot be read beyond `line`; the message names neither."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


def read_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Rows that are not blank, with their numbers from 1.

    Compression and encoding are found by content. In a JSON document that is no JSON lines (an
    array of rows, or rows spread over lines) the number counts rows, else lines.

    Raises:
        LineError: compressed data is cut or damaged, or a row or the file is over its bounds.
        ArcworldError: the file cannot be opened or read.
    """
    number = 0
    try:
        with open_text(path) as stream:
            spread = _DOCUMENT.match(stream.peek(256)[:256])
            rows = _objects(stream) if spread else _plain_lines(stream)
            for number, line in _bounded(rows):
                if line.strip():
                    yield number, line.removeprefix(_MARK) if number == 1 else line
    except DamagedError as error:
        raise LineError(number + 1, str(error)) from None
    except (OSError, KeyError) as error:
        reason = getattr(error, "strerror", None) or short(str(error))
        raise ArcworldError(
            f"{shown(path)}: cannot be read ({reason}); expected a recording; check the path"
        ) from None


def _bounded(rows: Iterator[bytes]) -> Iterator[tuple[int, bytes]]:
    """Rows with their numbers, as long as row and file stay within bounds."""
    total = blank = 0
    for number, line in enumerate(rows, 1):
        total += len(line)
        if len(line) > MAX_LINE:
            found = f"found a line of over {MAX_LINE >> 20} MiB; expected one row a line"
            raise LineError(number, f"{found}; check that the file is a recording")
        blank += 0 if line.strip() else len(line)
        if blank > MAX_BLANK:
            found = f"found over {MAX_BLANK >> 20} MiB of blank lines; expected rows of play"
            raise LineError(number, f"{found}; leave this file out")
        if number > MAX_ROWS or total > MAX_BYTES:
            found = f"found over {MAX_ROWS:,} rows" if number > MAX_ROWS else "found a larger file"
            expected = f"expected at most {MAX_ROWS:,} rows and {MAX_BYTES >> 30} GiB unpacked"
            raise LineError(number, f"{found}; {expected}; split it by recording")
        yield number, line


def _plain_lines(stream: io.BufferedReader) -> Iterator[bytes]:
    while line := stream.readline(MAX_LINE + 1):
        yield line


def _objects(stream: io.BufferedReader) -> Iterator[bytes]:
    """The top-level objects of a document, whatever white space, commas and brackets lie between.

    A last object without its end is given as it is. Text between objects is given as a row of its
    own: it is no JSON, and reading it says so.
    """
    row, rest = bytearray(), b""
    depth, quoted = 0, False
    while piece := stream.read1(BUFFER):
        piece = rest + piece
        rest = b"\\" if _ends_in_escape(piece) else b""
        piece = piece[: len(piece) - len(rest)]
        start = 0
        for found in _BRACES.finditer(piece):
            mark = found.group()
            if mark == b'"':
                quoted = not quoted
            if quoted or mark not in (b"{", b"}"):
                continue
            if mark == b"{" and depth == 0:
                yield from _between(row + piece[start : found.start()])
                row, start = bytearray(), found.start()
            depth = max(depth + (1 if mark == b"{" else -1), 0)
            if mark == b"}" and depth == 0:
                yield bytes(row + piece[start : found.end()]) + b"\n"
                row, start = bytearray(), found.end()
        row += piece[start:]
        if len(row) > MAX_LINE:
            break
    yield from [bytes(row)] if depth or len(row) > MAX_LINE else _between(row)


def _ends_in_escape(piece: bytes) -> bool:
    return (len(piece) - len(piece.rstrip(b"\\"))) % 2 == 1


def _between(text: bytearray) -> Iterator[bytes]:
    if text.strip(_BETWEEN):
        yield bytes(text) + b"\n"
