"""The lines of a text file, plain or gzip'd, one at a time.

Knows bytes; knows nothing of JSON. Memory holds one line, however large the file or its
decompressed content is.
"""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from arcworld.errors import ArcworldError
from arcworld.recordings.files import shown
from arcworld.recordings.grids import short

MAX_LINE = 64 << 20
"""Bytes in a line; a row of the longest animation seen (62 grids) has about 1 % of it."""
_BUFFER = 1 << 20
_MARK = b"\xef\xbb\xbf"


class LineError(ArcworldError):
    """The file cannot be read beyond `line`; the message names neither."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


def read_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Lines that are not blank, with their numbers from 1; gzip is told by content, not by name.

    Raises:
        LineError: the gzip data is cut or damaged, or a line has no end.
        ArcworldError: the file cannot be opened or read.
    """
    number = 0
    try:
        with path.open("rb", _BUFFER) as file:
            stream = _plain(cast(io.BufferedReader, file))
            while line := stream.readline(MAX_LINE + 1):
                number += 1
                if len(line) > MAX_LINE:
                    found = f"found a line of over {MAX_LINE >> 20} MiB; expected one row a line"
                    raise LineError(number, f"{found}; check that the file is a recording")
                if number == 1:
                    line = line.removeprefix(_MARK)
                if line.strip():
                    yield number, line
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise LineError(
            number + 1,
            f"found gzip data cut or damaged ({short(str(error))}); expected a whole gzip file;"
            " restore it, or unpack the rows before (zcat FILE > NAME.jsonl)",
        ) from None
    except OSError as error:
        raise ArcworldError(
            f"{shown(path)}: cannot be read ({error.strerror or short(str(error))});"
            " expected a recording; check the path"
        ) from None


def _plain(file: io.BufferedReader) -> io.BufferedReader:
    if file.peek(2)[:2] != b"\x1f\x8b":
        return file
    return io.BufferedReader(_Gunzip(file), _BUFFER)


class _Gunzip(io.RawIOBase):
    """What gzip data holds, piece by piece: rows before a cut are still read."""

    def __init__(self, file: io.BufferedReader) -> None:
        self.gzip = gzip.GzipFile(fileobj=file)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        piece = self.gzip.read1(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)
