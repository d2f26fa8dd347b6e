"""Read the rows of a text file one at a time: one per line, or the objects of a JSON document.

Only one row is in memory, however large the file or its decompressed content is.
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
"""Limit on the bytes in a row; a row with the longest animation seen (62 grids) has 1 % of it."""
MAX_ROWS = 250_000
"""Limit on the rows in a file, with blank lines; the longest recording seen has 1 % of it."""
MAX_BYTES = 8 << 30
"""Limit on the bytes in a file after decompression."""
MAX_BLANK = 16 << 20
"""Limit on the bytes in blank lines of a file."""
_MARK = b"\xef\xbb\xbf"
_DOCUMENT = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:\[\s*\{|\{\s*\r?\n)")
"""The start of a file whose rows are not one per line: an array, or an object over many lines."""
_BRACES = re.compile(rb'\\.|["{}]', re.DOTALL)
_BETWEEN = b" \t\r\n,[]" + _MARK


class LineError(ArcworldError):
    """The file cannot be read beyond `line`; the message contains neither the file nor the line."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


def read_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield (number from 1, text) of each row that is not blank.

    Compression and encoding are detected from the content. The number counts lines. In a JSON
    document that is not JSON lines (an array of rows, or rows over several lines) it counts rows.

    Raises:
        LineError: compressed data is cut off or damaged, or a row or the file is over its limit.
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
    """Yield rows with their numbers; raise `LineError` where a limit is passed."""
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
    """Yield the top-level objects of a document, without the white space, commas and brackets
    between them.

    A last object that is cut off is yielded as it is. Other text between objects is yielded as a
    row of its own; the parser then reports that it is not JSON.
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
